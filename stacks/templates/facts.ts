import { createHash } from "node:crypto";
import { EnvHttpProxyAgent, fetch } from "undici";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { messageOf, UserError } from "../../providers/errors";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
import { descriptionFrom } from "../../providers/proxmox/nodes/guest.model";
import { findTemplateOwner, type TemplateOwner } from "../../providers/proxmox/nodes/template.model";
import { SingleReads } from "../../providers/proxmox/reads";
import type { Appliance, NodeResource } from "../../providers/proxmox/schemas";
import { isDestroy } from "../destroying";
import type { KnownResources } from "../known";
import type { CustomFieldNames } from "../netbox/customfields";
import { checksumIn, fileOf } from "./desired/checksums";
import type { TemplatesFile } from "./desired/file";
import { isPreset, presets } from "./desired/presets";
import type { Checksum, KnownChecksum, TemplateCluster, TemplateNetbox, UnreadStorage } from "./desired/types";

/** A cluster's nodes, storages and guests, whose notes say that they are templates of ours, and who shares a template's data. */
export async function readTemplateCluster(
  context: Context,
  cluster: ProxmoxCluster,
  file: TemplatesFile,
  known: KnownResources,
): Promise<TemplateCluster> {
  // It says what is wrong with a first contact.
  await cluster.version();
  const { guests, nodes, storages } = await cluster.inventory();
  const online = nodes.filter((node) => node.online);
  const isOurs = ({ type, name }: { type: string; name: string }) =>
    type === "qemu" && (name in file.templates || name === "");
  const there = guests.filter((guest) => online.some(({ node }) => node === guest.node));
  const wantsList = Object.values(file.osTemplates).some(({ appliance }) => appliance !== undefined);
  const reads = new SingleReads();
  const [owners, linked, appliances] = await Promise.all([
    Promise.all(there.filter(isOurs).map(({ node, vmid }) => ownerOf(cluster, node, vmid, reads))),
    readLinkedClones(cluster, storages, known, reads),
    wantsList ? readAppliances(cluster, online, reads) : [],
  ]);
  return {
    name: cluster.name,
    nodes,
    storages,
    linkedClones: linked.clones,
    unreadStorages: linked.unread,
    appliances,
    sshNodes: context.sshNodes(cluster.name),
    guests: new Map(guests.map((guest) => [guest.vmid, guest])),
    owners: new Map(owners.flat()),
  };
}

/** Whose a template is; of one that can't be read nobody knows, and its VMID is taken all the same. */
async function ownerOf(
  cluster: ProxmoxCluster,
  node: string,
  vmid: number,
  reads: SingleReads,
): Promise<[number, TemplateOwner][]> {
  const read = await reads.read(node, () => cluster.guest("qemu", node, vmid));
  const seen = read.unread === undefined ? read.found : undefined;
  const owner = seen && findTemplateOwner(descriptionFrom(seen.config));
  return owner ? [[vmid, owner]] : [];
}

/** The list of the first node that gives it. */
async function readAppliances(
  cluster: ProxmoxCluster,
  nodes: NodeResource[],
  reads: SingleReads,
): Promise<Appliance[]> {
  const causes: string[] = [];
  for (const { node } of nodes) {
    const read = await reads.read(node, () => cluster.appliances(node));
    if (read.unread === undefined) return read.found;
    causes.push(`${node}: ${read.unread}`);
  }
  if (causes.length === 0) return [];
  throw new UserError(`No node of ${cluster.name} gives its list of OS templates (${causes.join("; ")}): run again.`);
}

const inState = z.object({ cluster: z.string(), node: z.string(), storage: z.string() });

/** Of the storages that templates of ours are on, the disks that share a template's data. */
async function readLinkedClones(
  cluster: ProxmoxCluster,
  storages: TemplateCluster["storages"],
  known: KnownResources,
  reads: SingleReads,
): ReturnType<typeof linkedClonesOn> {
  const places = [...known.values()].flatMap(({ type, properties }) => {
    const parsed = type === "ProxmoxTemplate" ? inState.safeParse(properties) : undefined;
    return parsed?.success && parsed.data.cluster === cluster.name
      ? [`${parsed.data.node} ${parsed.data.storage}`]
      : [];
  });
  const reachable = storages.filter(
    ({ node, storage, available }) => available && places.includes(`${node} ${storage}`),
  );
  return linkedClonesOn(cluster, reachable, reads);
}

/** Of these storages, the disks that share a template's data: VMIDs by the template's. */
export async function linkedClonesOn(
  cluster: ProxmoxCluster,
  storages: { node: string; storage: string; shared: boolean }[],
  reads: SingleReads,
): Promise<{ clones: Map<number, number[]>; unread: UnreadStorage[] }> {
  // Of a shared one every node says the same.
  const once = new Map(storages.map((each) => [each.shared ? each.storage : `${each.node}/${each.storage}`, each]));
  const unread: UnreadStorage[] = [];
  const lists = await Promise.all(
    [...once.values()].map(async ({ node, storage, shared }) => {
      const read = await reads.read(node, () => cluster.disks(node, storage));
      if (read.unread === undefined) return read.found;
      const alike = storages.filter((each) => each.storage === storage && (shared || each.node === node));
      for (const each of alike) unread.push({ node: each.node, storage, cause: read.unread });
      return [];
    }),
  );
  const disks = lists.flat();
  const clones = new Map<number, number[]>();
  for (const { vmid, base } of disks)
    if (base !== undefined && vmid !== undefined && vmid !== base)
      clones.set(
        base,
        [...new Set([...(clones.get(base) ?? []), vmid])].sort((a, b) => a - b),
      );
  return { clones, unread };
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

// ---- checksums

/** What is known of every download's content; lists that several share are fetched once. A destroy downloads nothing, and asks nobody. */
export async function readChecksums({ templates, osTemplates }: TemplatesFile): Promise<Map<string, Checksum>> {
  const lists = new Map<string, Promise<string>>();
  if (isDestroy())
    return new Map([...Object.keys(templates), ...Object.keys(osTemplates)].map((key) => [key, unasked]));
  const agent = new EnvHttpProxyAgent();
  const read = async (key: string, source: Source): Promise<[string, Checksum]> => [
    key,
    await checksumOf(source, (url) => {
      const list = lists.get(url) ?? fetchText(url, agent);
      lists.set(url, list);
      return list;
    }),
  ];
  try {
    return new Map(
      await Promise.all([
        ...Object.entries(templates).map(([key, { image, preset = key }]) =>
          read(key, image ?? (isPreset(preset) ? presets[preset] : {})),
        ),
        ...Object.entries(osTemplates).map(([key, source]) => read(key, source)),
      ]),
    );
  } finally {
    await agent.close();
  }
}

const unasked: Checksum = { unread: "it is about to go" };

interface Source {
  url?: string | undefined;
  checksum?: KnownChecksum;
  checksumUrl?: string | undefined;
  algorithm?: "sha256" | "sha512" | undefined;
}

async function checksumOf(
  { url, checksum, checksumUrl, algorithm }: Source,
  list: (url: string) => Promise<string>,
): Promise<Checksum> {
  if (checksum !== undefined || url === undefined || checksumUrl === undefined) return checksum;
  let text: string;
  try {
    text = await list(checksumUrl);
  } catch (error) {
    return { unread: `its list of checksums can't be read (${checksumUrl}: ${messageOf(error)})` };
  }
  const hex = checksumIn(text, fileOf(url));
  if (hex === undefined) return { problem: `${checksumUrl} lists no ${fileOf(url)}` };
  return { algorithm: algorithm ?? (hex.length === 128 ? "sha512" : "sha256"), hex };
}

/** Longer is no list of checksums. */
const longest = 1024 ** 2;

async function fetchText(url: string, dispatcher: EnvHttpProxyAgent): Promise<string> {
  const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(20_000) }).catch((error: unknown) => {
    throw new Error(error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error));
  });
  if (!response.ok) throw new Error(`answer ${response.status}`);
  return (await response.text()).slice(0, longest);
}

// ---- NetBox

const field = z
  .object({ id: z.number(), name: z.string(), choice_set: z.object({ name: z.string() }).nullish() })
  .transform(({ name, choice_set }) => ({ name, set: choice_set?.name }));
const offered = z.object({ choices: z.array(z.tuple([z.string(), z.string()])) });

/** The custom fields that name templates, as far as NetBox has them, with their choice sets. */
export async function offeredFields(
  { netbox }: Context,
  { template, lxcTemplate }: CustomFieldNames,
): Promise<{ name: string; set: string | undefined }[]> {
  const wanted = [template, lxcTemplate];
  const fields = await netbox.list("extras/custom-fields", field, "id,name,choice_set", { name: wanted });
  return fields.filter(({ name }) => wanted.includes(name));
}

/** What NetBox's custom fields offer, and which of the values that we offered its guests have. */
export async function readTemplateNetbox(
  context: Context,
  names: CustomFieldNames,
  known: KnownResources,
): Promise<TemplateNetbox> {
  const { netbox } = context;
  await netbox.status();
  const fields = await offeredFields(context, names);
  const setOf = (name: string) => fields.find((each) => each.name === name)?.set;
  const values = [...known.values()].flatMap(({ type, properties }) => {
    const parsed = type === "NetboxChoices" ? offered.safeParse(properties) : undefined;
    return parsed?.success ? parsed.data.choices.map(([value]) => value) : [];
  });
  const used = await Promise.all(
    values.flatMap((value) =>
      fields.map(async ({ name }) =>
        (await netbox.hasAny("virtualization/virtual-machines", { [`cf_${name}`]: value })) ? [value] : [],
      ),
    ),
  );
  return {
    url: netbox.url,
    templateSet: setOf(names.template),
    lxcTemplateSet: setOf(names.lxcTemplate),
    used: new Set(used.flat()),
  };
}
