// The graph of all there is: its labels with their properties, and how they are related.
// docs/inventory.md shows them, and a test compares the two.

/** `text` and `texts` are strings; `integer` counts, bytes and MB; `float` a part of one; each may be unknown (null). */
export type PropertyKind = "text" | "texts" | "integer" | "float" | "boolean";

export const labels = {
  ProxmoxCluster: { id: "text", name: "text", version: "text", quorate: "boolean", nodes_online: "integer" },
  ProxmoxNode: {
    id: "text",
    name: "text",
    ip: "text",
    status: "text",
    cpu_count: "integer",
    cpu_usage: "float",
    memory_total: "integer",
    memory_used: "integer",
    disk_total: "integer",
    disk_used: "integer",
  },
  ProxmoxVM: {
    id: "text",
    vmid: "integer",
    name: "text",
    node: "text",
    type: "text",
    status: "text",
    cpu_cores: "integer",
    cpu_sockets: "integer",
    memory: "integer",
    tags: "texts",
  },
  ProxmoxDisk: { id: "text", disk_id: "text", storage: "text", size: "integer", backup: "boolean" },
  ProxmoxNetworkInterface: {
    id: "text",
    net_id: "text",
    bridge: "text",
    mac_address: "text",
    model: "text",
    vlan_tag: "integer",
  },
  ProxmoxStorage: {
    id: "text",
    name: "text",
    type: "text",
    content_types: "texts",
    shared: "boolean",
    total: "integer",
    used: "integer",
    available: "integer",
  },
  NetboxVM: {
    id: "text",
    name: "text",
    status: "text",
    cluster: "text",
    vcpus: "float",
    memory: "integer",
    url: "text",
    drift: "texts",
  },
  NetboxIPAddress: { id: "text", address: "text", vrf: "text", status: "text", dns_name: "text", url: "text" },
  NetboxPrefix: { id: "text", prefix: "text", vrf: "text", status: "text", url: "text" },
  NetboxVLAN: { id: "text", vid: "integer", name: "text", url: "text" },
  DnsRecord: { id: "text", name: "text", type: "text", value: "text", ttl: "integer", zone: "text", server: "text" },
} as const satisfies Record<string, Record<string, PropertyKind> & { id: "text" }>;

export type Label = keyof typeof labels;
export const labelNames = Object.keys(labels).filter((name): name is Label => name in labels);

/** Of each type: what it leads from, and to. */
export const relationships = {
  CONTAINS_NODE: [["ProxmoxCluster", "ProxmoxNode"]],
  HOSTS_VM: [["ProxmoxNode", "ProxmoxVM"]],
  HAS_DISK: [["ProxmoxVM", "ProxmoxDisk"]],
  HAS_NETWORK_INTERFACE: [["ProxmoxVM", "ProxmoxNetworkInterface"]],
  STORED_ON: [["ProxmoxDisk", "ProxmoxStorage"]],
  AVAILABLE_ON: [["ProxmoxStorage", "ProxmoxNode"]],
  DESCRIBES: [
    ["NetboxVM", "ProxmoxVM"],
    ["DnsRecord", "NetboxIPAddress"],
  ],
  ASSIGNED_TO: [["NetboxIPAddress", "NetboxVM"]],
  CARRIED_BY: [["NetboxIPAddress", "ProxmoxNetworkInterface"]],
  IN_PREFIX: [["NetboxIPAddress", "NetboxPrefix"]],
  ON_VLAN: [
    ["NetboxPrefix", "NetboxVLAN"],
    ["ProxmoxNetworkInterface", "NetboxVLAN"],
  ],
  RESOLVES_TO: [
    ["DnsRecord", "NetboxIPAddress"],
    ["DnsRecord", "DnsRecord"],
  ],
} as const satisfies Record<string, readonly (readonly [Label, Label])[]>;

export type RelationshipType = keyof typeof relationships;
export const relationshipTypes = Object.keys(relationships).filter(
  (name): name is RelationshipType => name in relationships,
);

interface Values {
  text: string | null;
  texts: string[];
  integer: number | null;
  float: number | null;
  boolean: boolean | null;
}

/** Exactly a label's properties. */
export type LabelProperties<L extends Label> = {
  -readonly [P in keyof (typeof labels)[L]]: P extends "id"
    ? string
    : (typeof labels)[L][P] extends PropertyKind
      ? Values[(typeof labels)[L][P]]
      : never;
};
