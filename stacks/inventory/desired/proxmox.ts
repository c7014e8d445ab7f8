import type { LiveGuest, LiveResources } from "../../../providers/proxmox/live.schemas";
import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import { configText, disksFrom, guestNameOf, memoryFrom } from "../../../providers/proxmox/nodes/guest.model";
import { cardOf, slotsOf } from "../../../providers/proxmox/nodes/nics";
import { parsePropertyString, parseSize } from "../../../providers/proxmox/propertystring";
import type { GuestConfig, Membership } from "../../../providers/proxmox/schemas";
import type { End, GraphBuilder } from "./graph";
import type { LabelProperties } from "./schema";

// A cluster of Proxmox VE as nodes and relationships.

export interface ClusterFacts extends LiveResources {
  /** As NetBox calls it. */
  name: string;
  version: string;
  membership: Membership;
  /** Of the guests that could be read, by VMID. */
  configs: Map<number, GuestConfig>;
}

export const scopeOfCluster = (cluster: string): string => `cluster ${cluster}`;

/** Ids of one cluster's parts: `CLUSTER/` stands before them where others have to be told from them. */
export class ClusterIds {
  private readonly before: string;

  constructor(
    readonly cluster: string,
    qualified: boolean,
  ) {
    this.before = qualified ? `${cluster}/` : "";
  }

  node = (node: string): End => ({ label: "ProxmoxNode", id: `${this.before}${node}` });
  guest = (node: string, vmid: number): End => ({ label: "ProxmoxVM", id: `${this.before}${node}:${vmid}` });
  disk = (vmid: number, slot: string): End => ({ label: "ProxmoxDisk", id: `${this.before}${vmid}:${slot}` });
  nic = (vmid: number, slot: string): End => ({
    label: "ProxmoxNetworkInterface",
    id: `${this.before}${vmid}:${slot}`,
  });
  storage = (node: string, storage: string, shared: boolean): End => ({
    label: "ProxmoxStorage",
    id: `${this.before}${shared ? storage : `${node}:${storage}`}`,
  });
}

export function addCluster(graph: GraphBuilder, facts: ClusterFacts, ids: ClusterIds): void {
  const { membership } = facts;
  const scope = scopeOfCluster(facts.name);
  const online = new Set(membership.nodes.filter((node) => node.online).map(({ node }) => node));
  const cluster = graph.node(scope, "ProxmoxCluster", {
    id: facts.name,
    name: membership.name ?? facts.name,
    version: facts.version,
    quorate: membership.isQuorate,
    nodes_online: online.size,
  });
  for (const { node, address } of membership.nodes) {
    const live = online.has(node) ? facts.nodes.find((each) => each.node === node) : undefined;
    const own = graph.node(scope, "ProxmoxNode", {
      id: ids.node(node).id,
      name: node,
      ip: address ?? null,
      status: online.has(node) ? "online" : "offline",
      cpu_count: live?.maxcpu ?? null,
      cpu_usage: live?.cpu ?? null,
      memory_total: live?.maxmem ?? null,
      memory_used: live?.mem ?? null,
      disk_total: live?.maxdisk ?? null,
      disk_used: live?.disk ?? null,
    });
    graph.relate(scope, "CONTAINS_NODE", cluster, own);
  }
  const shared = addStorages(graph, facts, ids);
  for (const guest of facts.guests) addGuest(graph, guest, facts.configs.get(guest.vmid), shared, ids);
}

/** @returns the names of those that are shared */
function addStorages(graph: GraphBuilder, { name, storages }: ClusterFacts, ids: ClusterIds): Set<string> {
  const scope = scopeOfCluster(name);
  for (const { node, storage, status, shared, content, plugintype, disk, maxdisk } of storages) {
    const isKnown = status === "available";
    const numbers = { total: maxdisk, used: disk, available: Math.max(0, maxdisk - disk) };
    // The same of a shared one are read of each node; one that doesn't reach it says nothing of its size.
    if (!isKnown && shared && storages.some((each) => each.storage === storage && each.status === "available"))
      continue;
    const own = graph.node(scope, "ProxmoxStorage", {
      id: ids.storage(node, storage, shared).id,
      name: storage,
      type: plugintype,
      content_types: content,
      shared,
      ...(isKnown ? numbers : { total: null, used: null, available: null }),
    });
    if (isKnown) graph.relate(scope, "AVAILABLE_ON", own, ids.node(node));
  }
  return new Set(storages.filter(({ shared }) => shared).map(({ storage }) => storage));
}

function addGuest(
  graph: GraphBuilder,
  guest: LiveGuest,
  config: GuestConfig | undefined,
  shared: Set<string>,
  ids: ClusterIds,
): void {
  const { vmid, node, type, status, tags, maxcpu, maxmem } = guest;
  const scope = scopeOfCluster(ids.cluster);
  const sockets = Number(config?.sockets ?? 1);
  const cores = type === "lxc" ? maxcpu : 1;
  const own = graph.node(scope, "ProxmoxVM", {
    id: ids.guest(node, vmid).id,
    vmid,
    name: guestNameOf(guest),
    node,
    type,
    status,
    // A container's CPUs count as those of one socket; one without a limit has its node's.
    cpu_cores: config === undefined ? maxcpu : Number(config.cores ?? cores),
    cpu_sockets: sockets,
    memory: config === undefined ? maxmem : memoryFrom(config) * 1024 ** 2,
    tags,
  });
  graph.relate(scope, "HOSTS_VM", ids.node(node), own);
  if (config === undefined) return;
  for (const disk of disksOf(type, vmid, config, ids)) {
    const disks = graph.node(scope, "ProxmoxDisk", disk);
    graph.relate(scope, "HAS_DISK", own, disks);
    const { storage } = disk;
    if (storage !== null) graph.relate(scope, "STORED_ON", disks, ids.storage(node, storage, shared.has(storage)));
  }
  for (const slot of slotsOf(config)) {
    const { model, mac, keys } = cardOf(config, slot, type);
    const tag = keys.get("tag");
    const nic = graph.node(scope, "ProxmoxNetworkInterface", {
      id: ids.nic(vmid, `net${slot}`).id,
      net_id: `net${slot}`,
      bridge: keys.get("bridge") ?? null,
      mac_address: mac ?? null,
      model: model ?? keys.get("type") ?? "veth",
      vlan_tag: tag === undefined ? null : Number(tag),
    });
    graph.relate(scope, "HAS_NETWORK_INTERFACE", own, nic);
  }
}

function disksOf(
  type: LiveGuest["type"],
  vmid: number,
  config: GuestConfig,
  ids: ClusterIds,
): LabelProperties<"ProxmoxDisk">[] {
  return Object.entries(disksFrom(config, diskKinds[type])).map(([slot, { size, storage }]) => {
    const backup = parsePropertyString(configText(config, slot) ?? "").options.get("backup");
    // PVE saves disks and root file systems unless it is told not to, and mount points only where it is told to.
    const isSaved = slot === "rootfs" || (/^mp/.test(slot) ? backup === "1" : backup !== "0");
    const id = ids.disk(vmid, slot).id;
    return { id, disk_id: slot, storage: storage || null, size: parseSize(size) * 1024 ** 2, backup: isSaved };
  });
}
