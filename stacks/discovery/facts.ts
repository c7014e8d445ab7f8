import { z } from "zod";
import { messageOf, UserError } from "../../providers/errors";
import type { NetboxClient } from "../../providers/netbox/client";
import { nestedId, type ObjectRow } from "../../providers/netbox/objects/object.model";
import { row, wireFields } from "../../providers/netbox/objects/objects";
import { type ObjectTypeName, typeOf } from "../../providers/netbox/objects/objecttypes";
import { vrfRow, vrfRowFields } from "../../providers/netbox/schemas";
import { parseMaking } from "../../providers/ownership/netbox";
import type { Self } from "../../providers/ownership/owner";
import { pageOf } from "../../providers/page";
import { AgentTime } from "../../providers/proxmox/agents";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
import { hasAgent, isTrue } from "../../providers/proxmox/nodes/guest.model";
import { type SingleRead, SingleReads } from "../../providers/proxmox/reads";
import { agentInterfaces, agentSystem, containerInterfaces, type GuestResource } from "../../providers/proxmox/schemas";
import { readPlaces } from "../netbox/places";
import { requiredFrom, requiredMore } from "../netbox/required";
import type { NetboxView } from "../netbox/view";
import { ifVisible } from "../netbox/visible";
import { agentView } from "./desired/agent";
import type { AgentView, ClusterView, SeenMachine, SeenNode } from "./desired/types";
import { type ClusterChoices, isChosen } from "./settings";

// What discovery reads before it declares anything.

// ---- Proxmox VE

/** One cluster with its chosen guests; where it doesn't answer, only why. A guest or node that can't be read hides no other. */
export async function readCluster(
  cluster: ProxmoxCluster,
  chosen: ClusterChoices,
  agentTimeout: number,
  known: { vmid: number; pool?: string | undefined }[],
): Promise<ClusterView> {
  try {
    await cluster.version();
    const [{ isQuorate, nodes }, { guests: listed, storages }] = await Promise.all([
      cluster.membership(),
      cluster.inventory(),
    ]);
    const guests = await withPools(cluster, chosen, listed, known);
    const online = new Set(nodes.filter((node) => node.online).map(({ node }) => node));
    const picked = guests.filter((guest) => !guest.template && online.has(guest.node) && isChosen(chosen, guest));
    const there = new Set(guests.map(({ vmid }) => vmid));
    const unseen = await Promise.all(
      known.map(async ({ vmid, pool }) => (there.has(vmid) || (await cluster.maySee(vmid, pool)) ? [] : [vmid])),
    );
    const time = new AgentTime(agentTimeout);
    const reads = new SingleReads();
    const unread = new Map<number, string>();
    const [machines, seenNodes] = await Promise.all([
      Promise.all(
        picked.map(async (guest) => {
          const read = await readMachine(cluster, guest, { asksAgent: chosen.syncAgent !== false, time, reads });
          if (read.unread === undefined) return read.found;
          unread.set(guest.vmid, read.unread);
          return undefined;
        }),
      ),
      Promise.all(
        nodes.map(async (node): Promise<SeenNode> => {
          if (!online.has(node.node) || chosen.syncNodes === false) return { ...node, interfaces: [] };
          const read = await reads.read(node.node, () => cluster.network(node.node));
          return read.unread === undefined
            ? { ...node, interfaces: read.found }
            : { ...node, interfaces: [], unread: read.unread };
        }),
      ),
    ]);
    return {
      name: cluster.name,
      isQuorate,
      nodes: seenNodes,
      all: guests,
      machines: machines.flatMap((machine) => machine ?? []),
      unread,
      unseen: new Set(unseen.flat()),
      storages: [...new Set(storages.map(({ storage }) => storage))].sort(),
    };
  } catch (error) {
    return { name: cluster.name, unreachable: messageOf(error) };
  }
}

/**
 * The guests with their pools. Proxmox VE leaves a pool out where the token may not see it, as if there were none: such a guest is in
 * the one that it was in when that was last seen.
 * @throws UserError where guests are chosen by pools that the token may not see
 */
async function withPools(
  cluster: ProxmoxCluster,
  { pools = [] }: ClusterChoices,
  guests: GuestResource[],
  known: { vmid: number; pool?: string | undefined }[],
): Promise<GuestResource[]> {
  if (await cluster.seesPool("")) return guests;
  for (const name of pools)
    if (!(await cluster.seesPool(name.includes("*") ? "" : name)))
      throw new UserError(
        `its guests are chosen by the pool ${name}, and ${cluster.authId} may not see which are in it: give it Pool.Audit on /pool (docs/privileges.md)`,
      );
  const last = new Map(known.map(({ vmid, pool }) => [vmid, pool]));
  return guests.map((guest) => ({ ...guest, pool: guest.pool ?? last.get(guest.vmid) }));
}

/** A guest with its configuration; nothing found where it went meanwhile. */
async function readMachine(
  cluster: ProxmoxCluster,
  guest: GuestResource,
  { asksAgent, time, reads }: { asksAgent: boolean; time: AgentTime; reads: SingleReads },
): Promise<SingleRead<SeenMachine | undefined>> {
  const { vmid, type, node, name, pool, tags } = guest;
  const seen = await reads.read(node, async () => {
    const [read, status] = await Promise.all([
      cluster.guest(type, node, vmid),
      cluster.power(type, node, vmid, "running"),
    ]);
    if (read === undefined) return undefined;
    const { config } = read;
    // Lists of PVE 7, and of what is new, don't always tell a template.
    if (isTrue(config.template)) return undefined;
    // The configuration names the snapshot that it goes on from.
    const snapshots = config.parent === undefined ? 0 : await cluster.snapshots(type, node, vmid);
    return { vmid, type, node, name, status, pool, tags, config, snapshots };
  });
  if (seen.unread !== undefined || seen.found === undefined) return seen;
  const { status, config } = seen.found;
  const mayAnswer = asksAgent && status === "running" && (type === "lxc" || hasAgent(config));
  return { found: { ...seen.found, agent: mayAnswer ? await readAgent(cluster, guest, time) : undefined } };
}

/** Addresses and system from within. */
async function readAgent(
  cluster: ProxmoxCluster,
  { type, node, vmid }: GuestResource,
  time: AgentTime,
): Promise<AgentView | undefined> {
  const base = `/${type}/${vmid}`;
  if (type === "lxc") {
    const found = await cluster.ask(node, `${base}/interfaces`, containerInterfaces, time);
    if (!found) return undefined;
    return {
      ...agentView(
        found.map(({ name, hwaddr, inet, inet6, "ip-addresses": more = [] }) => ({
          name,
          mac: hwaddr,
          addresses: [inet, inet6, ...more.map(printAddress)].filter((each) => each !== undefined),
        })),
      ),
    };
  }
  const interfaces = await cluster.ask(node, `${base}/agent/network-get-interfaces`, agentInterfaces, time);
  if (interfaces === undefined) return undefined;
  const system = (await cluster.ask(node, `${base}/agent/get-osinfo`, agentSystem, time))?.result;
  return {
    ...agentView(
      interfaces.result.map((each) => ({
        name: each.name,
        mac: each["hardware-address"],
        addresses: each["ip-addresses"].map(printAddress).filter((text) => text !== undefined),
      })),
    ),
    system: systemOf(system),
  };
}

/** `Debian GNU/Linux 12`: without a release's nickname, and without what changes with every update. */
export function systemOf(
  system: { name?: string; "pretty-name"?: string; "version-id"?: string } | undefined,
): string | undefined {
  const pretty = system?.["pretty-name"]?.replace(/\s*\(.*\)\s*$/, "").trim();
  const plain = [system?.name, system?.["version-id"]].filter((each) => each !== undefined && each !== "").join(" ");
  return pretty || plain || undefined;
}

const printAddress = (each: { "ip-address": string; prefix?: number }): string | undefined =>
  each.prefix === undefined ? undefined : `${each["ip-address"]}/${each.prefix}`;

// ---- NetBox

const change = z.object({
  changed_object_type: z.string(),
  changed_object_id: z.number(),
  message: z.string().default(""),
});

/** Everything that discovery may merge with, in bulk. @param known ids in the stack's state, which need no look @throws UserError */
export async function readNetboxView(
  netbox: NetboxClient,
  clusterNames: string[],
  self: Self,
  known: Set<string>,
  namesVrfs: boolean,
): Promise<NetboxView> {
  const list = (type: ObjectTypeName, more = "", query: Record<string, number[]> = {}): Promise<ObjectRow[]> =>
    netbox.list(typeOf(type).path, row, `${wireFields(type)}${more}`, query);
  const clusters = await netbox.list(
    typeOf("cluster").path,
    row,
    `${wireFields("cluster")},scope,scope_type,site,group`,
  );
  const ids = clusters.filter(({ name }) => clusterNames.includes(String(name))).map(({ id }) => id);
  const none: ObjectRow[] = [];
  const twins = clusterNames.flatMap((name) => {
    const of = clusters.filter((each) => each.name === name);
    return of.length > 1
      ? [`"${name}" (${of.map(({ id }) => pageOf(netbox.url, typeOf("cluster").path, id)).join(" and ")})`]
      : [];
  });
  if (twins.length > 0)
    throw new UserError(
      `NetBox has several clusters of one name, which netbox-proxmox:proxmox can't tell apart: ${twins.join(", ")}. Rename all but one of each, here and there.`,
    );
  const ofClusters = (type: ObjectTypeName, more = "") =>
    ids.length === 0 ? Promise.resolve(none) : list(type, more, { cluster_id: ids });
  const [machines, interfaces, disks, devices, deviceInterfaces] = await Promise.all([
    ofClusters("virtualMachine"),
    ofClusters("vmInterface", ",virtual_machine"),
    list("virtualDisk", ",virtual_machine"),
    list("device"),
    list("interface", ",device,vrf"),
  ]);
  const [addresses, prefixes, vlans, platforms, tags, roles, clusterTypes] = await Promise.all([
    netbox.list("ipam/ip-addresses", row, "id,address,role,assigned_object_type,assigned_object_id,vrf,status,tags"),
    netbox.list("ipam/prefixes", row, wireFields("prefix")),
    list("vlan"),
    list("platform"),
    list("tag"),
    list("role"),
    list("clusterType"),
  ]);
  const [customFields, choiceSets, manufacturers, deviceTypes] = await Promise.all([
    list("customField", requiredMore),
    list("choiceSet"),
    list("manufacturer"),
    list("deviceType"),
  ]);
  const vlanGroups = vlans.some(({ group }) => group !== null) ? await readGroups(netbox) : [];
  const unknown = [
    ...machines.map(({ id }) => `virtualMachine/${id}`),
    ...devices.map(({ id }) => `device/${id}`),
  ].filter((each) => !known.has(each));
  return {
    url: netbox.url,
    clusters,
    machines: machines.filter((each) => ids.includes(Number(nestedId(each.cluster)))),
    interfaces,
    disks,
    addresses,
    prefixes,
    ...(namesVrfs ? { vrfs: await netbox.list("ipam/vrfs", vrfRow, vrfRowFields) } : {}),
    devices,
    deviceInterfaces,
    vlans,
    vlanGroups,
    places: await readPlaces(netbox, [...vlanGroups, ...clusters.filter(({ id }) => ids.includes(id))]),
    platforms,
    tags,
    roles,
    clusterTypes,
    customFields,
    required: requiredFrom(customFields),
    choiceSets,
    manufacturers,
    deviceTypes,
    madeByUs: await readMade(netbox, self, unknown),
  };
}

/** VLAN groups with what they are of; none where the token may not see them. */
const readGroups = async (netbox: NetboxClient): Promise<ObjectRow[]> =>
  (await ifVisible(netbox.list("ipam/vlan-groups", row, "id,name,slug,scope_type,scope_id"))) ?? [];

/** Of these objects, those that this stack made: an interrupted run's, as the state would know them otherwise. */
async function readMade(netbox: NetboxClient, self: Self, keys: string[]): Promise<Set<string>> {
  const types = { virtualMachine: "virtualization.virtualmachine", device: "dcim.device" } as const;
  const found = new Set<string>();
  for (const type of ["virtualMachine", "device"] as const) {
    const ids = keys.filter((key) => key.startsWith(`${type}/`)).map((key) => Number(key.slice(type.length + 1)));
    if (ids.length === 0) continue;
    const query = { changed_object_type: types[type], changed_object_id: ids, action: "create" };
    const fields = "id,changed_object_type,changed_object_id,message";
    for (const each of await netbox.list("core/object-changes", change, fields, query))
      if (self.owns(parseMaking(each.message)?.stack ?? "") && each.changed_object_type === types[type])
        found.add(`${type}/${each.changed_object_id}`);
  }
  return found;
}
