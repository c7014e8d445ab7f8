import { type FileInputs, fileInputs, volumeOf } from "../../../providers/proxmox/nodes/storage/file.model";
import { supersededTag, type TemplateInputs, templateInputs } from "../../../providers/proxmox/nodes/template.model";
import { withoutUndefined } from "../../../providers/values";
import { fileOf } from "./checksums";
import { planChoices } from "./choices";
import type { OsTemplateEntry, TemplateEntry } from "./file";
import { isPreset, presets } from "./presets";
import type { Checksum, Planned, TemplateCluster, TemplatesFacts, TemplatesPlan } from "./types";

/** templates.yml and what is there → the files, templates and choices that should be. */
export function planTemplates(facts: TemplatesFacts): TemplatesPlan {
  return new Planner(facts).run();
}

interface ImageSource {
  url?: string | undefined;
  volume?: string | undefined;
  path?: string | undefined;
}

class Planner {
  private readonly files = new Map<string, Planned<FileInputs>>();
  private readonly templates = new Map<string, Planned<TemplateInputs>>();
  private readonly taken = new Map<string, Set<number>>();
  /** Entries with a template that is current. */
  private readonly current = new Set<string>();
  private readonly osVolumes: { key: string; volume: string }[] = [];
  private readonly notes: string[] = [];
  private readonly problems: string[] = [];
  private readonly knownTemplates: Map<string, TemplateInputs>;

  constructor(private readonly facts: TemplatesFacts) {
    this.knownTemplates = new Map(
      [...facts.known].flatMap(([name, { type, properties }]) => {
        const parsed = type === "ProxmoxTemplate" ? templateInputs.safeParse(properties) : undefined;
        return parsed?.success ? [[name, parsed.data] as const] : [];
      }),
    );
    for (const { name, guests } of facts.clusters) this.taken.set(name, new Set(guests.keys()));
    for (const { cluster, vmid } of this.knownTemplates.values()) this.taken.get(cluster)?.add(vmid);
  }

  run(): TemplatesPlan {
    const { file } = this.facts;
    for (const [key, entry] of Object.entries(file.templates)) this.template(key, { ...file.defaults, ...entry });
    for (const [key, entry] of Object.entries(file.osTemplates)) this.osTemplate(key, entry);
    this.retain();
    const made = { files: [...this.files.values()], templates: [...this.templates.values()] };
    const { choices, notes } = planChoices(this.facts, { ...made, osVolumes: this.osVolumes });
    return { ...made, choices, notes: [...this.notes, ...notes], problems: this.problems };
  }

  private problem(path: string[], text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${path.join(".")} ${text}`);
  }

  private clusterOf(path: string[], named: string | undefined): TemplateCluster | undefined {
    const { clusters } = this.facts;
    const names = clusters.map(({ name }) => name).join(", ");
    if (named === undefined && clusters.length === 1) return clusters[0];
    const found = clusters.find(({ name }) => name === named);
    if (named === undefined) this.problem(path, `names no \`cluster\`; there is ${names}`);
    else if (found === undefined) this.problem(path, `names the cluster ${named}; there is ${names}`);
    return found;
  }

  // ---- templates

  private template(key: string, entry: TemplateEntry): void {
    const path = ["templates", key];
    const cluster = this.clusterOf(path, entry.cluster);
    const presetName = entry.preset ?? (entry.image === undefined && isPreset(key) ? key : undefined);
    const preset = presetName === undefined || !isPreset(presetName) ? undefined : presets[presetName];
    const image: ImageSource | undefined = entry.image ?? preset;
    if (image === undefined) {
      this.problem(path, `has neither an \`image\` nor a \`preset\`; there is ${Object.keys(presets).join(", ")}`);
      return;
    }
    if (cluster === undefined) return;
    const checksum = this.facts.checksums.get(key);
    if (checksum !== undefined && "problem" in checksum) {
      this.keepBuilt(path, key, cluster.name, checksum.problem);
      return;
    }
    const place = this.placeOf(path, cluster, entry);
    if (place === undefined) return;
    const wants = (entry.packages ?? []).length + (entry.commands ?? []).length > 0 || image.path !== undefined;
    const method = entry.method ?? (place.importStorage !== undefined && !wants ? "api" : "ssh");
    const packages = entry.packages ?? (method === "ssh" && preset?.agent === false ? ["qemu-guest-agent"] : []);
    if (!this.canDo(path, method, cluster, place, { ...entry, wants, image })) return;
    for (const node of place.nodes) {
      const made = this.image(cluster, node, place, method, image, checksum);
      const recipe = {
        ...{ method, storage: place.storage, size: entry.size, ostype: entry.ostype ?? preset?.ostype ?? "l26" },
        ...(place.isFiles ? { format: "qcow2" as const } : {}),
        ...{ bios: entry.bios, machine: entry.machine, tpm: entry.tpm, serial: entry.serial ?? true },
        ...{ packages, commands: entry.commands ?? [], sysprep: entry.sysprep ?? method === "ssh" },
      };
      const content = checksum === undefined ? made.image.source : checksum.hex;
      const digest = this.facts.digest(JSON.stringify([content, recipe])).slice(0, 8);
      const name = `${cluster.name}/${key}/${node}/${digest}`;
      const inputs = withoutUndefined({
        ...{ cluster: cluster.name, node, vmid: this.vmid(cluster, name, key, digest, node, entry.vmid) },
        ...{ owner: this.facts.stack, title: key, recipe: digest, image: made.image, ...recipe },
        ...{ name: key, cores: entry.cores ?? 1, memory: entry.memory ?? 1024, cpu: entry.cpu ?? "x86-64-v2-AES" },
        ...{
          bridge: entry.bridge ?? "vmbr0",
          tag: entry.vlan,
          tags: ["template", ...(entry.tags ?? [])],
          notes: entry.notes,
        },
        agent: entry.agent ?? (preset?.agent === true || packages.includes("qemu-guest-agent")),
      });
      this.templates.set(name, { name, inputs, after: made.after });
      this.current.add(key);
    }
  }

  /** Its list of checksums can't be read: what was built stays as it is, and nothing else is known to be newer. */
  private keepBuilt(path: string[], key: string, cluster: string, problem: string): void {
    const built = [...this.knownTemplates].filter(
      ([, each]) => each.title === key && each.cluster === cluster && !each.tags.includes(supersededTag),
    );
    if (built.length === 0) {
      this.problem(path, `can't be built: ${problem}`);
      return;
    }
    this.notes.push(`Template ${key} stays as it was built: ${problem}.`);
    for (const [name, inputs] of built) {
      this.templates.set(name, { name, inputs, after: [] });
      this.current.add(key);
    }
    this.keepFiles((file) => built.some(([, { image }]) => image.path === volumeOf(file)));
  }

  /** Files in the state stay as they are. */
  private keepFiles(which: (file: FileInputs) => boolean): void {
    for (const [name, { type, properties }] of this.facts.known) {
      const file = type === "ProxmoxFile" ? fileInputs.safeParse(properties) : undefined;
      if (file?.success && !this.files.has(name) && which(file.data))
        this.files.set(name, { name, inputs: file.data, after: [] });
    }
  }

  /** Where it goes, and where its image goes first. */
  private placeOf(
    path: string[],
    cluster: TemplateCluster,
    entry: TemplateEntry,
  ): { nodes: string[]; storage: string; importStorage: string | undefined; isFiles: boolean } | undefined {
    const unknown = (entry.nodes ?? []).filter((node) => !cluster.nodes.some((each) => each.node === node));
    if (unknown.length > 0) {
      this.problem(
        [...path, "nodes"],
        `names ${unknown.join(", ")}; ${cluster.name} has ${list(cluster.nodes.map(({ node }) => node))}`,
      );
      return undefined;
    }
    const holding = (content: string) =>
      cluster.storages.filter((each) => each.content.includes(content) && each.available);
    const storage = this.storageOf([...path, "storage"], entry.storage, holding("images"), "images");
    if (storage === undefined) return undefined;
    const imports = [...new Set(holding("import").map((each) => each.storage))];
    const importStorage = entry.importStorage ?? (imports.length === 1 ? imports[0] : undefined);
    if (entry.importStorage !== undefined && !imports.includes(entry.importStorage)) {
      this.problem(
        [...path, "importStorage"],
        `is ${entry.importStorage}, which holds no content \`import\` on ${cluster.name}; there is ${list(imports)}`,
      );
      return undefined;
    }
    const rows = holding("images").filter((each) => each.storage === storage);
    const online = onlineOf(cluster, rows);
    const isShared = rows.some(({ shared }) => shared);
    // One of the cluster stays where it was built, whichever node comes first today.
    const home = [...this.knownTemplates.values()].find(
      (each) => each.title === path[1] && each.cluster === cluster.name,
    )?.node;
    const one = home === undefined ? online.slice(0, 1) : [home];
    const nodes = entry.nodes ?? (isShared ? one : online);
    const away = nodes.filter((node) => !online.includes(node));
    if (away.length > 0 && entry.nodes === undefined) {
      this.keepBuilt(path, path[1] ?? "", cluster.name, `${list(away)} is offline`);
      return undefined;
    }
    if (away.length > 0 || nodes.length === 0) {
      this.problem(
        path,
        `can't be built on ${list(away)}: the node is offline, or has no storage ${storage}; run again when it is back, or take it out of \`nodes\``,
      );
      return undefined;
    }
    return { nodes, storage, importStorage, isFiles: rows.some(({ isFiles }) => isFiles) };
  }

  private storageOf(
    path: string[],
    named: string | undefined,
    there: { storage: string }[],
    content: string,
  ): string | undefined {
    const names = [...new Set(there.map(({ storage }) => storage))].sort();
    if (named === undefined && names.length === 1) return names[0];
    if (named !== undefined && names.includes(named)) return named;
    this.problem(
      path,
      named === undefined
        ? `is missing: name one of ${list(names)}`
        : `is ${named}, which holds no \`${content}\`; there is ${list(names)}`,
    );
    return undefined;
  }

  private canDo(
    path: string[],
    method: "api" | "ssh",
    cluster: TemplateCluster,
    { nodes, importStorage }: { nodes: string[]; importStorage: string | undefined },
    {
      wants,
      image,
      sysprep,
    }: {
      wants: boolean;
      image: ImageSource;
      sysprep?: boolean | undefined;
    },
  ): boolean {
    const before = this.problems.length;
    if (method === "ssh") {
      const lacking = nodes.filter((node) => !cluster.sshNodes.includes(node));
      if (lacking.length > 0)
        this.problem(
          path,
          `is built over ssh (${wants ? "its packages, commands or file need that" : importStorage === undefined ? `no storage of ${cluster.name} holds \`import\`` : "its method says so"}), and netbox-proxmox:proxmox["${cluster.name}"].ssh.nodes lacks ${list(lacking)}`,
        );
      if (image.volume !== undefined)
        this.problem(
          [...path, "image"],
          "is a volume, which the method `api` takes; write `path` for a file on the node",
        );
    } else {
      if (wants || sysprep === true)
        this.problem(
          path,
          "changes its image (packages, commands, sysprep or a file on the node), which the API can't: take `method: ssh`",
        );
      if (image.volume === undefined && importStorage === undefined)
        this.problem(
          [...path, "importStorage"],
          `is missing: no storage of ${cluster.name}, or more than one, holds content \`import\`; give one that content, or take \`method: ssh\``,
        );
    }
    return this.problems.length === before;
  }

  /** The image as a template's inputs name it, and the file that has to be there. */
  private image(
    cluster: TemplateCluster,
    node: string,
    { importStorage = "" }: { importStorage: string | undefined },
    method: "api" | "ssh",
    given: ImageSource,
    checksum: Exclude<Checksum, { problem: string }>,
  ): { image: TemplateInputs["image"]; after: string[] } {
    const { url, volume, path } = given;
    const checked = checksum === undefined ? {} : { checksum: checksum.hex, algorithm: checksum.algorithm };
    if (url === undefined) {
      const source = volume ?? path ?? "";
      return {
        image: { source, file: fileName(source.split(/[/:]/).pop() ?? "", checksum?.hex), path: source, ...checked },
        after: [],
      };
    }
    const file = fileName(fileOf(url), checksum?.hex);
    if (method === "ssh") return { image: { source: url, file, url, ...checked }, after: [] };
    const wanted = {
      cluster: cluster.name,
      node,
      storage: importStorage,
      content: "import" as const,
      file,
      url,
      ...checked,
    };
    const after = this.file(cluster, wanted);
    return { image: { source: url, file, path: volumeOf(wanted), ...checked }, after: [after] };
  }

  /** Declares a file once for a shared storage, and for each node of another. */
  private file(cluster: TemplateCluster, wanted: FileInputs): string {
    const rows = cluster.storages.filter(({ storage }) => storage === wanted.storage);
    const isShared = rows.some(({ shared }) => shared);
    const name = `${cluster.name}/${isShared ? "" : `${wanted.node}/`}${volumeOf(wanted)}`;
    const known = this.facts.known.get(name)?.properties.node;
    // Who fetched it doesn't matter afterwards.
    const node = isShared && typeof known === "string" ? known : wanted.node;
    if (!this.files.has(name)) this.files.set(name, { name, inputs: { ...wanted, node }, after: [] });
    return name;
  }

  /** The one it has, whoever wrote that down; else the first that is free. */
  private vmid(
    cluster: TemplateCluster,
    name: string,
    key: string,
    recipe: string,
    node: string,
    first: number,
  ): number {
    const known = this.knownTemplates.get(name)?.vmid;
    if (known !== undefined) return known;
    for (const [vmid, owner] of cluster.owners)
      if (
        owner.owner === this.facts.stack &&
        owner.title === key &&
        owner.recipe === recipe &&
        cluster.guests.get(vmid)?.node === node
      )
        return vmid;
    const taken = this.taken.get(cluster.name) ?? new Set();
    let vmid = first;
    while (taken.has(vmid)) vmid++;
    taken.add(vmid);
    return vmid;
  }

  private isAway(name: string, node: string): boolean {
    const cluster = this.facts.clusters.find((each) => each.name === name);
    return cluster?.nodes.some((each) => each.node === node && !each.online) ?? true;
  }

  /** What another build took the place of goes, unless a linked clone still needs it. */
  private retain(): void {
    // What a node that is offline holds can't be taken away now.
    this.keepFiles(({ cluster, node }) => this.isAway(cluster, node));
    for (const [name, inputs] of this.knownTemplates) {
      if (this.templates.has(name)) continue;
      const cluster = this.facts.clusters.find((each) => each.name === inputs.cluster);
      const clones = cluster?.linkedClones.get(inputs.vmid) ?? [];
      const isAway = this.isAway(inputs.cluster, inputs.node);
      const what = `Template ${inputs.title} (VM ${inputs.vmid} on ${inputs.node})`;
      if (isAway) {
        this.notes.push(`${what} stays as it is: its node is offline.`);
        this.templates.set(name, { name, inputs, after: [] });
        continue;
      }
      if (clones.length === 0) {
        this.notes.push(
          `${what} goes: ${this.current.has(inputs.title) ? "a newer build takes its place" : "the file names it no more"}.`,
        );
        continue;
      }
      this.notes.push(
        `${what} stays: ${clones.length === 1 ? "a linked clone needs" : `${clones.length} linked clones need`} it (VM ${clones.slice(0, 5).join(", ")}${clones.length > 5 ? ", …" : ""}).`,
      );
      const tags = [...new Set([...inputs.tags, supersededTag])];
      this.templates.set(name, { name, inputs: { ...inputs, tags }, after: [] });
    }
  }

  // ---- OS templates

  private osTemplate(key: string, entry: OsTemplateEntry): void {
    const path = ["osTemplates", key];
    const cluster = this.clusterOf(path, entry.cluster);
    if (cluster === undefined) return;
    const rows = cluster.storages.filter(({ content, available }) => content.includes("vztmpl") && available);
    const storage = this.storageOf([...path, "storage"], entry.storage, rows, "vztmpl");
    if (storage === undefined) return;
    const there = rows.filter((each) => each.storage === storage);
    const online = onlineOf(cluster, there);
    const nodes = entry.nodes ?? (there.some(({ shared }) => shared) ? online.slice(0, 1) : online);
    const away = nodes.filter((node) => !online.includes(node));
    if (away.length > 0) {
      this.problem(
        path,
        `can't be fetched on ${list(away)}: the node is offline, unknown, or has no storage ${storage}`,
      );
      return;
    }
    const wanted = this.osFile(path, key, cluster, entry);
    if (wanted === undefined) return;
    for (const node of nodes)
      this.file(cluster, { cluster: cluster.name, node, storage, content: "vztmpl", ...wanted });
    this.osVolumes.push({ key, volume: volumeOf({ storage, content: "vztmpl", file: wanted.file }) });
  }

  private osFile(
    path: string[],
    key: string,
    cluster: TemplateCluster,
    { appliance, url }: OsTemplateEntry,
  ): Pick<FileInputs, "file" | "url" | "checksum" | "algorithm"> | undefined {
    if (url !== undefined) {
      const checksum = this.facts.checksums.get(key);
      if (checksum === undefined || "problem" in checksum) {
        this.problem(path, `can't be fetched: ${checksum === undefined ? "it has no checksum" : checksum.problem}`);
        return undefined;
      }
      return { file: fileOf(url), url, checksum: checksum.hex, algorithm: checksum.algorithm };
    }
    const named = appliance ?? "";
    const matching = cluster.appliances.filter(
      ({ template }) => template === named || template.startsWith(`${named}_`),
    );
    const newest = matching.sort((a, b) => byVersion(a.version, b.version)).at(-1);
    if (newest === undefined) {
      this.problem(
        [...path, "appliance"],
        `is ${named}, which PVE's list lacks; \`pveam update\` on a node renews it, \`pveam available\` prints it`,
      );
      return undefined;
    }
    return { file: newest.template };
  }
}

/** Of the nodes that have a storage, those that are online. */
const onlineOf = ({ nodes }: TemplateCluster, rows: { node: string }[]): string[] =>
  rows
    .map(({ node }) => node)
    .filter((node) => nodes.some((each) => each.node === node && each.online))
    .sort();

const list = (names: string[]): string => (names.length === 0 ? "none" : [...new Set(names)].join(", "));

/** `noble-server-cloudimg-amd64.img` of this content → `noble-server-cloudimg-amd64-3f2a1b0c9d8e.qcow2`: PVE knows images by their extensions. */
function fileName(name: string, hex: string | undefined): string {
  const [, base = name, extension = ""] = /^(.*?)\.(qcow2|raw|vmdk|img)$/i.exec(name) ?? [];
  const kept = ["raw", "vmdk"].includes(extension.toLowerCase()) ? extension.toLowerCase() : "qcow2";
  const safe = base.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "");
  return `${safe || "image"}${hex === undefined ? "" : `-${hex.slice(0, 12)}`}.${kept}`;
}

/** `12.7-1` before `12.10-1`. */
function byVersion(a: string, b: string): number {
  const parts = (text: string) => text.split(/\D+/).map(Number);
  const [x, y] = [parts(a), parts(b)];
  for (let n = 0; n < Math.max(x.length, y.length); n++)
    if ((x[n] ?? 0) !== (y[n] ?? 0)) return (x[n] ?? 0) - (y[n] ?? 0);
  return 0;
}
