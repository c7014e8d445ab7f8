import { choice, each, flag, integer, type MethodParameters, required, text } from "./parameters";

// Networks of nodes, and the SDN.

const sdnId = { minLength: 2, maxLength: 8, pattern: /[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]/ };
const lock: MethodParameters = { "lock-token": text() };
const seen: MethodParameters = { pending: flag, running: flag };
const zoneTypes = choice("evpn faucet qinq simple vlan vxlan");

export const zoneListParameters: MethodParameters = { ...seen, type: zoneTypes };
export const zoneCreateParameters: MethodParameters = {
  ...lock,
  zone: required(text(sdnId)),
  type: required(zoneTypes),
  ...each("advertise-subnets bridge-disable-mac-learning disable-arp-nd-suppression exitnodes-local-routing", flag),
  ...each(
    "bridge controller dns dnszone exitnodes exitnodes-primary fabric ipam mac nodes peers reversedns rt-import",
    text(),
  ),
  ...each("dp-id mtu", integer()),
  dhcp: choice("dnsmasq"),
  tag: integer(0),
  "vlan-protocol": choice("802.1q 802.1ad"),
  "vrf-vxlan": integer(1, 16777215),
  "vxlan-port": integer(1, 65536),
};
export const zoneParameters: MethodParameters = { ...lock, zone: required(text(sdnId)) };

export const vnetListParameters: MethodParameters = seen;
export const vnetCreateParameters: MethodParameters = {
  ...lock,
  vnet: required(text(sdnId)),
  zone: required(text()),
  alias: text({ maxLength: 256, pattern: /[()-_.\w\d\s]{0,256}/i }),
  "isolate-ports": flag,
  tag: integer(1, 16777215),
  type: choice("vnet"),
  vlanaware: flag,
};
export const vnetParameters: MethodParameters = { ...lock, vnet: required(text(sdnId)) };

export const subnetListParameters: MethodParameters = { ...seen, vnet: required(text(sdnId)) };
export const subnetCreateParameters: MethodParameters = {
  ...lock,
  vnet: required(text()),
  subnet: required(text()),
  type: required(choice("subnet")),
  ...each("dhcp-dns-server dnszoneprefix gateway", text()),
  "dhcp-range": { type: "array" },
  snat: flag,
};
export const subnetParameters: MethodParameters = { ...vnetParameters, subnet: required(text()) };
export const sdnApplyParameters: MethodParameters = { ...lock, "release-lock": flag };

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
