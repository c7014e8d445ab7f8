import { type End, type Graph, type GraphNode, key, type PropertyValue } from "./graph";
import type { Label, RelationshipType } from "./schema";

// What the page of the inventory shows, gathered from the graph: each guest with all that hangs on it.

export interface PageGuest {
  id: string;
  vmid: number;
  name: string;
  type: string;
  status: string;
  cores: number;
  sockets: number;
  memory: number;
  tags: string[];
  disks: { slot: string; size: number; storage: string; storageId: string | null; backup: boolean }[];
  nics: { net: string; bridge: string; mac: string; model: string; tag: number | null }[];
  /** NetBox's own; null where it has none. */
  netbox: { name: string; status: string; url: string; drift: string[] } | null;
  addresses: { address: string; names: string[]; prefix: string | null; vlan: string | null; url: string }[];
}

/** A measure of what there is: null where nobody knows. */
export interface Usage {
  used: number | null;
  total: number | null;
}

export interface PageNode {
  name: string;
  ip: string | null;
  status: string;
  cpus: number | null;
  /** 0 to 1. */
  cpu: number | null;
  memory: Usage;
  disk: Usage;
  guests: PageGuest[];
}

export interface PageStorage {
  id: string;
  name: string;
  type: string;
  content: string[];
  shared: boolean;
  nodes: string[];
  usage: Usage;
}

export interface PageCluster {
  name: string;
  version: string;
  quorate: boolean;
  nodes: PageNode[];
  storages: PageStorage[];
}

export interface PageData {
  /** ISO 8601. */
  readAt: string;
  problems: string[];
  clusters: PageCluster[];
  /** Guests that NetBox says are there, and that are not. */
  missing: { name: string; cluster: string; status: string; url: string }[];
  /** Was a NetBox read? Else nothing is told from it. */
  hasNetbox: boolean;
}

const text = (value: PropertyValue | undefined): string => (value === null || value === undefined ? "" : String(value));
const textOrNull = (value: PropertyValue | undefined): string | null => text(value) || null;
const number = (value: PropertyValue | undefined): number => Number(value ?? 0);
const numberOrNull = (value: PropertyValue | undefined): number | null => (typeof value === "number" ? value : null);
const texts = (value: PropertyValue | undefined): string[] => (Array.isArray(value) ? value : []);

/** The graph by its ends. */
class Index {
  private readonly nodes = new Map<string, GraphNode>();
  private readonly out = new Map<string, GraphNode[]>();
  private readonly into = new Map<string, GraphNode[]>();

  constructor(readonly graph: Graph) {
    for (const node of graph.nodes) this.nodes.set(key(node), node);
    const add = (map: Map<string, GraphNode[]>, at: string, node: GraphNode) => {
      const there = map.get(at);
      if (there) there.push(node);
      else map.set(at, [node]);
    };
    for (const { type, from, to } of graph.relationships) {
      const [a, b] = [this.nodes.get(key(from)), this.nodes.get(key(to))];
      if (a === undefined || b === undefined) continue;
      add(this.out, `${type} ${key(from)} ${to.label}`, b);
      add(this.into, `${type} ${key(to)} ${from.label}`, a);
    }
  }

  all = (label: Label): GraphNode[] => this.graph.nodes.filter((node) => node.label === label);
  from = (end: End, type: RelationshipType, to: Label): GraphNode[] => this.out.get(`${type} ${key(end)} ${to}`) ?? [];
  to = (end: End, type: RelationshipType, from: Label): GraphNode[] =>
    this.into.get(`${type} ${key(end)} ${from}`) ?? [];
}

export function pageData(graph: Graph, readAt: number, problems: string[]): PageData {
  const index = new Index(graph);
  const machines = index.all("NetboxVM");
  const missing = machines.filter(
    (node) => texts(node.properties.drift).length > 0 && index.from(node, "DESCRIBES", "ProxmoxVM").length === 0,
  );
  return {
    readAt: new Date(readAt).toISOString().replace(/\.\d+Z$/, "Z"),
    problems,
    clusters: index.all("ProxmoxCluster").map((cluster) => clusterOf(index, cluster)),
    missing: missing.map(({ properties: { name, cluster, status, url } }) => ({
      name: text(name),
      cluster: text(cluster),
      status: text(status),
      url: text(url),
    })),
    hasNetbox: graph.wholeScopes.includes("netbox"),
  };
}

function clusterOf(index: Index, cluster: GraphNode): PageCluster {
  const nodes = index.from(cluster, "CONTAINS_NODE", "ProxmoxNode");
  const storages = index.all("ProxmoxStorage").filter(({ scope }) => scope === cluster.scope);
  return {
    name: cluster.id,
    version: text(cluster.properties.version),
    quorate: cluster.properties.quorate === true,
    nodes: nodes.map((node) => nodeOf(index, node)).sort(byName),
    storages: storages.map((storage) => storageOf(index, storage)).sort(byName),
  };
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name.localeCompare(b.name, "en", { numeric: true });

function nodeOf(index: Index, node: GraphNode): PageNode {
  const { name, ip, status, cpu_count, cpu_usage, memory_total, memory_used, disk_total, disk_used } = node.properties;
  return {
    name: text(name),
    ip: textOrNull(ip),
    status: text(status),
    cpus: numberOrNull(cpu_count),
    cpu: numberOrNull(cpu_usage),
    memory: { used: numberOrNull(memory_used), total: numberOrNull(memory_total) },
    disk: { used: numberOrNull(disk_used), total: numberOrNull(disk_total) },
    guests: index
      .from(node, "HOSTS_VM", "ProxmoxVM")
      .map((guest) => guestOf(index, guest))
      .sort((a, b) => a.vmid - b.vmid),
  };
}

function storageOf(index: Index, storage: GraphNode): PageStorage {
  const { name, type, content_types, shared, total, used } = storage.properties;
  return {
    id: storage.id,
    name: text(name),
    type: text(type),
    content: texts(content_types),
    shared: shared === true,
    nodes: index.from(storage, "AVAILABLE_ON", "ProxmoxNode").map(({ properties }) => text(properties.name)),
    usage: { used: numberOrNull(used), total: numberOrNull(total) },
  };
}

function guestOf(index: Index, guest: GraphNode): PageGuest {
  const { vmid, name, type, status, cpu_cores, cpu_sockets, memory, tags } = guest.properties;
  const [netbox] = index.to(guest, "DESCRIBES", "NetboxVM");
  const disks = index.from(guest, "HAS_DISK", "ProxmoxDisk");
  const nics = index.from(guest, "HAS_NETWORK_INTERFACE", "ProxmoxNetworkInterface");
  const addresses = netbox === undefined ? [] : index.to(netbox, "ASSIGNED_TO", "NetboxIPAddress");
  return {
    id: guest.id,
    vmid: number(vmid),
    name: text(name),
    type: text(type),
    status: text(status),
    cores: number(cpu_cores),
    sockets: number(cpu_sockets),
    memory: number(memory),
    tags: texts(tags),
    disks: disks.map((disk) => ({
      slot: text(disk.properties.disk_id),
      size: number(disk.properties.size),
      storage: text(disk.properties.storage),
      storageId: index.from(disk, "STORED_ON", "ProxmoxStorage")[0]?.id ?? null,
      backup: disk.properties.backup === true,
    })),
    nics: nics.map(({ properties }) => ({
      net: text(properties.net_id),
      bridge: text(properties.bridge),
      mac: text(properties.mac_address),
      model: text(properties.model),
      tag: numberOrNull(properties.vlan_tag),
    })),
    netbox: netbox === undefined ? null : netboxOf(netbox),
    addresses: addresses.map((address) => addressOf(index, address)),
  };
}

const netboxOf = ({ properties: { name, status, url, drift } }: GraphNode) => ({
  name: text(name),
  status: text(status),
  url: text(url),
  drift: texts(drift),
});

function addressOf(index: Index, address: GraphNode): PageGuest["addresses"][number] {
  const [prefix] = index.from(address, "IN_PREFIX", "NetboxPrefix");
  const [vlan] = prefix === undefined ? [] : index.from(prefix, "ON_VLAN", "NetboxVLAN");
  const direct = index.to(address, "RESOLVES_TO", "DnsRecord");
  const aliases = direct.flatMap((record) => index.to(record, "RESOLVES_TO", "DnsRecord"));
  const names = [...direct, ...aliases].map(({ properties }) => text(properties.name).replace(/\.$/, ""));
  return {
    address: text(address.properties.address),
    names: [...new Set(names)],
    url: text(address.properties.url),
    prefix: prefix === undefined ? null : text(prefix.properties.prefix),
    vlan: vlan === undefined ? null : `${text(vlan.properties.name)} (${text(vlan.properties.vid)})`,
  };
}
