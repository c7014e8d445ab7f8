import { badCidr } from "../firewall/addresses";
import * as f from "./formats";
import { choice, each, flag, formatted, integer, type MethodParameters, required, text } from "./parameters";
import { configIds } from "./qemu";

// Networks of nodes, and the SDN.

const sdnId = { minLength: 2, maxLength: 8, pattern: /[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]/ };
const lock: MethodParameters = { "lock-token": text() };
const seen: MethodParameters = { pending: flag, running: flag };
/** What every change of an object may say beside its own. */
const changes: MethodParameters = {
  ...lock,
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
};
/** The same settings where a change may leave them out. */
const optional = (parameters: MethodParameters): MethodParameters =>
  Object.fromEntries(Object.entries(parameters).map(([key, parameter]) => [key, { ...parameter, required: false }]));

export const sdnApplyParameters: MethodParameters = { ...lock, "release-lock": flag };
export const sdnLockParameters: MethodParameters = { "allow-pending": flag };
export const sdnReleaseParameters: MethodParameters = { ...lock, force: flag };

// ---- zones

const zoneTypes = choice("evpn faucet qinq simple vlan vxlan");
const zoneId: MethodParameters = { zone: required(text(sdnId)) };
const nodes = formatted(f.listOf(f.nodeLabel));
const zoneSettings: MethodParameters = {
  ...each("advertise-subnets bridge-disable-mac-learning disable-arp-nd-suppression exitnodes-local-routing", flag),
  ...each("bridge controller dns fabric ipam reversedns rt-import", text()),
  ...each("exitnodes nodes", nodes),
  "exitnodes-primary": formatted(f.nodeLabel),
  dnszone: formatted(f.dnsName),
  mac: formatted(f.mac),
  peers: formatted(f.listOf(f.ip)),
  ...each("dp-id mtu", integer()),
  dhcp: choice("dnsmasq"),
  tag: integer(0),
  "vlan-protocol": choice("802.1q 802.1ad"),
  "vrf-vxlan": integer(1, 16777215),
  "vxlan-port": integer(1, 65536),
};
export const zoneListParameters: MethodParameters = { ...seen, type: zoneTypes };
export const zoneGetParameters: MethodParameters = { ...seen, ...zoneId };
export const zoneCreateParameters: MethodParameters = {
  ...lock,
  ...zoneId,
  ...zoneSettings,
  type: required(zoneTypes),
};
export const zoneUpdateParameters: MethodParameters = { ...changes, ...zoneId, ...zoneSettings };
export const zoneParameters: MethodParameters = { ...lock, ...zoneId };

// ---- vnets

export const vnetId: MethodParameters = { vnet: required(text(sdnId)) };
const vnetSettings: MethodParameters = {
  zone: required(text()),
  alias: text({ maxLength: 256, pattern: /[()-_.\w\d\s]{0,256}/i }),
  "isolate-ports": flag,
  tag: integer(1, 16777215),
  vlanaware: flag,
};
export const vnetListParameters: MethodParameters = seen;
export const vnetGetParameters: MethodParameters = { ...seen, ...vnetId };
export const vnetCreateParameters: MethodParameters = { ...lock, ...vnetId, ...vnetSettings, type: choice("vnet") };
export const vnetUpdateParameters: MethodParameters = { ...changes, ...optional(vnetSettings), ...vnetId };
export const vnetParameters: MethodParameters = { ...lock, ...vnetId };

// ---- subnets

/** A network, or the id of a subnet, which has one in it. */
const subnetId = formatted((value) => {
  const [, network, mask] = value.split("-");
  const cidr = value.includes("/") ? value : `${network}/${mask}`;
  return /\/\d+$/.test(cidr) && badCidr(cidr) === undefined
    ? undefined
    : "value does not look like a valid CIDR network\n";
});
const subnetSettings: MethodParameters = {
  ...each("dhcp-dns-server gateway", formatted(f.ip)),
  dnszoneprefix: formatted(f.dnsName),
  "dhcp-range": { type: "array" },
  snat: flag,
};
export const subnetListParameters: MethodParameters = { ...seen, ...vnetId };
export const subnetCreateParameters: MethodParameters = {
  ...lock,
  ...subnetSettings,
  vnet: required(text()),
  subnet: required(subnetId),
  type: required(choice("subnet")),
};
export const subnetGetParameters: MethodParameters = { ...seen, ...vnetId, subnet: required(subnetId) };
export const subnetUpdateParameters: MethodParameters = {
  ...changes,
  ...subnetSettings,
  vnet: text(),
  subnet: required(subnetId),
};
export const subnetParameters: MethodParameters = { ...lock, ...vnetId, subnet: required(subnetId) };
export const addressParameters: MethodParameters = {
  ...zoneId,
  ...vnetId,
  mac: formatted(f.mac),
  ip: required(formatted(f.ip)),
};
export const addressUpdateParameters: MethodParameters = { ...addressParameters, vmid: integer(100, 999999999) };

// ---- controllers, IPAM and DNS

const controllerTypes = choice("bgp evpn faucet isis");
const controllerId: MethodParameters = {
  controller: required(text({ minLength: 2, maxLength: 64, pattern: /[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]/ })),
};
const controllerSettings: MethodParameters = {
  asn: integer(0, 4294967295),
  ...each("bgp-multipath-as-path-relax ebgp", flag),
  "ebgp-multihop": integer(),
  ...each("fabric isis-domain isis-ifaces loopback", text()),
  "isis-net": text({ minLength: 20, maxLength: 50 }),
  node: formatted(f.nodeLabel),
  peers: formatted(f.listOf(f.ip)),
};
export const controllerListParameters: MethodParameters = { ...seen, type: controllerTypes };
export const controllerGetParameters: MethodParameters = { ...seen, ...controllerId };
export const controllerCreateParameters: MethodParameters = {
  ...lock,
  ...controllerId,
  ...controllerSettings,
  type: required(controllerTypes),
};
export const controllerUpdateParameters: MethodParameters = { ...changes, ...controllerId, ...controllerSettings };
export const controllerParameters: MethodParameters = { ...lock, ...controllerId };

const serviceId = text({ minLength: 2, pattern: /[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]/ });
const service = (id: MethodParameters, types: string, created: MethodParameters, changed: MethodParameters) => ({
  list: { type: choice(types) },
  get: id,
  create: { ...lock, ...id, ...created, type: required(choice(types)) },
  update: { ...changes, ...id, ...changed },
  delete: { ...lock, ...id },
});
const ipamSettings: MethodParameters = { ...each("fingerprint token url", text()), section: integer() };
export const ipamParameters = service({ ipam: required(serviceId) }, "netbox phpipam pve", ipamSettings, ipamSettings);
const dnsSettings: MethodParameters = {
  ...each("fingerprint key url", text()),
  ...each("reversemaskv6 ttl", integer()),
};
export const dnsParameters = service(
  { dns: required(serviceId) },
  "powerdns",
  { ...dnsSettings, reversev6mask: integer(), key: required(text()), url: required(text()) },
  dnsSettings,
);

export const interfaceCreateParameters: MethodParameters = {
  iface: required(text({ minLength: 2, maxLength: 20 })),
  type: required(choice("bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet unknown")),
  address: text({ requires: "netmask" }),
  address6: text({ requires: "netmask6" }),
  netmask: text({ requires: "address" }),
  netmask6: { ...integer(0, 128), requires: "address6" },
  ...each("autostart bridge_vlan_aware", flag),
  ...each(
    "bond-primary bridge_ports bridge_vids cidr cidr6 comments comments6 gateway gateway6 ovs_bonds ovs_bridge ovs_ports slaves vlan-raw-device",
    text(),
  ),
  bond_mode: choice(
    "balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb balance-slb lacp-balance-slb lacp-balance-tcp",
  ),
  bond_xmit_hash_policy: choice("layer2 layer2+3 layer3+4"),
  mtu: integer(1280, 65520),
  ovs_options: text({ maxLength: 1024 }),
  ...each("ovs_tag vlan-id", integer(1, 4094)),
};
export const networkReloadParameters: MethodParameters = { "regenerate-frr": flag };
