import { volumeOf } from "../../../providers/proxmox/nodes/storage/file.model";
import { supersededTag } from "../../../providers/proxmox/nodes/template.model";
import { withoutUndefined } from "../../../providers/values";
import { type DeclaredTemplates, listNames } from "./declared";
import type { TemplateEntry } from "./file";
import { type ImageSource, imageOf } from "./images";
import { canDo, placeOfTemplate } from "./places";
import { isPreset, presets } from "./presets";
import type { Checksum, KnownChecksum, TemplateCluster } from "./types";

/** Declares a template on each of its nodes, with the image that it is made of. */
export function declareTemplate(declared: DeclaredTemplates, key: string, entry: TemplateEntry): void {
  const path = ["templates", key];
  const cluster = declared.clusterOf(path, entry.cluster);
  const presetName = entry.preset ?? (entry.image === undefined && isPreset(key) ? key : undefined);
  const preset = presetName === undefined || !isPreset(presetName) ? undefined : presets[presetName];
  const image: ImageSource | undefined = entry.image ?? preset;
  if (image === undefined) {
    declared.problem(path, `has neither an \`image\` nor a \`preset\`; there is ${Object.keys(presets).join(", ")}`);
    return;
  }
  if (cluster === undefined) return;
  const checksum = declared.facts.checksums.get(key);
  if (checksum !== undefined && !("hex" in checksum)) {
    keepBuilt(declared, path, key, cluster.name, checksum);
    return;
  }
  const place = placeOfTemplate(declared, path, cluster, entry);
  if (place === undefined) return;
  if ("away" in place) {
    keepBuilt(declared, path, key, cluster.name, { unread: `${listNames(place.away)} is offline` });
    return;
  }
  const wants = (entry.packages ?? []).length + (entry.commands ?? []).length > 0 || image.path !== undefined;
  const method = entry.method ?? (place.importStorage !== undefined && !wants ? "api" : "ssh");
  const packages = entry.packages ?? (method === "ssh" && preset?.agent === false ? ["qemu-guest-agent"] : []);
  if (!canDo(declared, path, method, cluster, place, { ...entry, wants, image })) return;
  for (const node of place.nodes) {
    const made = imageOf(declared, cluster, node, place, method, image, checksum);
    const recipe = {
      method,
      storage: place.storage,
      size: entry.size,
      ostype: entry.ostype ?? preset?.ostype ?? "l26",
      ...(place.isFiles ? { format: "qcow2" as const } : {}),
      bios: entry.bios,
      machine: entry.machine,
      tpm: entry.tpm,
      serial: entry.serial ?? true,
      packages,
      commands: entry.commands ?? [],
      sysprep: entry.sysprep ?? method === "ssh",
    };
    const content = checksum === undefined ? made.image.source : checksum.hex;
    const digest = declared.facts.digest(JSON.stringify([content, recipe])).slice(0, 8);
    const name = `${cluster.name}/${key}/${node}/${digest}`;
    const inputs = withoutUndefined({
      cluster: cluster.name,
      node,
      vmid: vmidOf(declared, cluster, name, key, digest, node, entry.vmid),
      owner: declared.facts.stack,
      title: key,
      recipe: digest,
      image: made.image,
      ...recipe,
      name: key,
      cores: entry.cores ?? 1,
      memory: entry.memory ?? 1024,
      cpu: entry.cpu ?? "x86-64-v2-AES",
      bridge: entry.bridge ?? "vmbr0",
      tag: entry.vlan,
      tags: ["template", ...(entry.tags ?? [])],
      notes: entry.notes,
      agent: entry.agent ?? (preset?.agent === true || packages.includes("qemu-guest-agent")),
    });
    declared.templates.set(name, { name, inputs, after: made.after });
    declared.current.add(key);
  }
}

/** Nobody knows whether there is a newer image: what was built stays as it is. What never was waits, unless somebody made a mistake. */
function keepBuilt(
  declared: DeclaredTemplates,
  path: string[],
  key: string,
  cluster: string,
  why: Exclude<Checksum, KnownChecksum>,
): void {
  const reason = "problem" in why ? why.problem : why.unread;
  const built = [...declared.knownTemplates].filter(
    ([, each]) => each.title === key && each.cluster === cluster && !each.tags.includes(supersededTag),
  );
  if (built.length === 0) {
    if ("problem" in why) declared.problem(path, `can't be built: ${reason}`);
    else declared.warnings.push(`Template ${key} of ${cluster} is not built by this run: ${reason}.`);
    return;
  }
  declared.notes.push(`Template ${key} stays as it was built: ${reason}.`);
  for (const [name, inputs] of built) {
    declared.templates.set(name, { name, inputs, after: [] });
    declared.current.add(key);
  }
  declared.keepFiles((file) => built.some(([, { image }]) => image.path === volumeOf(file)));
}

/** The one it has, whoever wrote that down; else the first that is free. */
function vmidOf(
  declared: DeclaredTemplates,
  cluster: TemplateCluster,
  name: string,
  key: string,
  recipe: string,
  node: string,
  first: number,
): number {
  const known = declared.knownTemplates.get(name)?.vmid;
  if (known !== undefined) return known;
  for (const [vmid, owner] of cluster.owners)
    if (
      [declared.facts.stack, ...(declared.facts.formerStacks ?? [])].includes(owner.owner) &&
      owner.title === key &&
      owner.recipe === recipe &&
      cluster.guests.get(vmid)?.node === node
    )
      return vmid;
  const taken = declared.taken.get(cluster.name) ?? new Set();
  let vmid = first;
  while (taken.has(vmid)) vmid++;
  taken.add(vmid);
  return vmid;
}
