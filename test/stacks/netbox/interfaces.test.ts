import { describe, expect, it } from "vitest";
import { type InterfaceTraits, isHardware, matchInterfaces, slotInterfaces } from "../../../stacks/netbox/interfaces";

const mac = (n: number) => `BC:24:11:00:00:0${n}`;
let ids = 0;
const each = (name: string, more: Partial<InterfaceTraits> = {}): InterfaceTraits => ({
  ...{ id: ++ids, name, hosts: [] },
  ...more,
});
const nic = (slot: number, more: object = {}) => ({ slot, hosts: [], ...more });
const names = (found: Map<number, InterfaceTraits>) => Object.fromEntries([...found].map(([n, { name }]) => [n, name]));

describe("the interface of a network device", () => {
  it("is found by its MAC, whatever it is called", () => {
    const all = [each("net0", { mac: mac(2) }), each("uplink", { mac: mac(1) })];
    expect(names(matchInterfaces(all, [nic(0, { mac: mac(1) }), nic(1, { mac: mac(2) })]))).toEqual({
      0: "uplink",
      1: "net0",
    });
  });

  it("is none of those that have its MAC from it", () => {
    const [port, bridge] = [each("ens18", { mac: mac(1), bridgeId: 901 }), each("br0", { id: 901, mac: mac(1) })];
    const child = each("ens18.10", { mac: mac(1), parentId: port.id });
    expect(names(matchInterfaces([bridge, child, port], [nic(0, { mac: mac(1) })]))).toEqual({ 0: "ens18" });
  });

  it("is the bridge where nothing else has the MAC", () =>
    expect(names(matchInterfaces([each("br0", { mac: mac(1) })], [nic(0, { mac: mac(1) })]))).toEqual({ 0: "br0" }));

  it("is found by its slot, by its name inside, and by an address", () => {
    const all = [each("net1"), each("LAN"), each("dmz", { hosts: ["10.0.0.5"] }), each("other")];
    const nics = [nic(0, { inside: "lan" }), nic(1), nic(2, { hosts: ["10.0.0.5"] })];
    expect(names(matchInterfaces(all, nics))).toEqual({ 0: "LAN", 1: "net1", 2: "dmz" });
  });

  it("is the only one that is left, or one of as many in their order", () => {
    expect(names(matchInterfaces([each("uplink"), each("lo")], [nic(3)]))).toEqual({ 3: "uplink" });
    expect(names(matchInterfaces([each("b"), each("a")], [nic(0), nic(5)]))).toEqual({ 0: "a", 5: "b" });
    expect(names(matchInterfaces([each("b"), each("a")], [nic(0)]))).toEqual({});
  });
});

describe("hardware", () => {
  const virtual =
    "lo Loopback0 docker0 br-1a2b3c br0 virbr0 veth12 wg0 tun0 tailscale0 zt5u4 vxlan.calico cni0 bond0 vlan20 dummy0";
  it.each(virtual.split(" "))("is not %s", (name) => expect(isHardware(each(name), [])).toBe(false));
  it.each("eth0 ens18 enp6s18 net0 lan uplink wan0 Ethernet0 vtnet0 igb1 GigabitEthernet0/0".split(" "))(
    "is %s",
    (name) => expect(isHardware(each(name), [])).toBe(true),
  );

  it("is no VLAN or alias of another one, and no bridge that others are ports of", () => {
    const base = each("eth0", { bridgeId: 902 });
    const all = [base, each("eth0.100"), each("eth0:1"), each("lan", { id: 902 }), each("x", { parentId: base.id })];
    expect(all.filter((one) => isHardware(one, all)).map(({ name }) => name)).toEqual(["eth0"]);
  });

  it("is what has a bridge or model on Proxmox VE", () =>
    expect(isHardware(each("vlan10", { isDevice: true }), [])).toBe(true));
});

describe("the slots of a new guest's interfaces", () => {
  it("are those of their names, and free ones in the names' order; software has none", () => {
    const problems: string[] = [];
    const all = ["lo", "eth1", "net0", "docker0", "eth0", "net40"].map((name) => each(name));
    const { slotted, others } = slotInterfaces(all, [], (text) => problems.push(text));
    expect(names(slotted)).toEqual({ 0: "net0", 1: "eth0", 2: "eth1" });
    expect(others.map(({ name }) => name)).toEqual(["lo", "docker0"]);
    expect(problems).toEqual(["interface net40 is past PVE's last NIC; name it net0 to net31"]);
  });
});
