import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { GuestConfig } from "../../providers/proxmox/schemas";
import { agentView } from "../../stacks/discovery/desired/agent";
import type { SeenMachine } from "../../stacks/discovery/desired/types";
import { withAddresses } from "../../stacks/site/desired/machines";
import { carries } from "../harness/carried";
import { changesOf, cluster, HandOver, noChange } from "../harness/handover";
import { demoSeed, TestSystems } from "../harness/systems";
import { settingsWith } from "./site/desired/example";

// Guests as people have them on Proxmox VE and in NetBox, through discovery and the hand-over to the site program.

const settings = settingsWith({ discovery: { site: "Lab" }, defaults: { template: 9000, bridge: "vmbr0" } });
const mac = "BC:24:11:00:00:01";
const drive = "ceph:vm-300-cloudinit,media=cdrom";
const vm = (config: GuestConfig, more: Partial<SeenMachine> = {}): SeenMachine => ({
  ...{ vmid: 300, type: "qemu", node: "pve1", name: "box", status: "running", tags: [], snapshots: 0 },
  config: { name: "box", cores: 1, memory: 512, ide2: drive, ...config },
  ...more,
});
const ct = (config: GuestConfig): SeenMachine => ({
  ...{ vmid: 301, type: "lxc", node: "pve1", name: "ct", status: "running", tags: [], snapshots: 0 },
  config: { hostname: "ct", memory: 512, rootfs: "ceph:subvol-301-disk-0,size=4G", ...config },
});
const net0 = `virtio=${mac},bridge=vmbr0`;
const seen = (addresses: string[]) => ({ addresses: { [mac]: addresses } });

let systems: TestSystems;
let handOver: HandOver;
beforeAll(async () => {
  const seed = demoSeed();
  const netbox = { ...seed.netbox, guests: [], prefixes: [], ranges: [], addresses: [] };
  systems = await TestSystems.open({ ...seed, netbox }, {}, "lab");
  handOver = new HandOver(systems, settings);
});
afterAll(() => systems.close());
beforeEach(() => handOver.empty());

describe("what Proxmox VE says", () => {
  it.each<[string, SeenMachine]>([
    ["DHCP that no agent speaks of", vm({ net0, ipconfig0: "ip=dhcp" })],
    ["DHCP and SLAAC", vm({ net0, ipconfig0: "ip=dhcp,ip6=auto" }, { agent: seen(["10.0.0.9/24", "2001:db8::9/64"]) })],
    ["an address that is set by hand inside", ct({ net0: `name=eth0,hwaddr=${mac},bridge=vmbr0,ip=dhcp,ip6=manual` })],
    [
      "an address that only the agent sees",
      vm({ net0, ipconfig0: "ip=10.0.0.5/24" }, { agent: seen(["2001:db8::9/64"]) }),
    ],
    ["tags with dots and plus signs", vm({ net0, tags: "24.04;10.0.0.5;a+b" })],
    ["a tag that hands over in NetBox", vm({ net0, tags: "adopt" })],
    ["a trunk of all VLANs but the first", vm({ net0: `${net0},trunks=2-4094` })],
    ["a trunk of a wide range", vm({ net0: `${net0},trunks=10;200-400` })],
    ["a trunk's ranges in another way", vm({ net0: `${net0},trunks=20-22;10` })],
    [
      "a gateway that isn't the prefix's",
      vm({
        net0,
        net1: "virtio=BC:24:11:00:00:02",
        ipconfig0: "ip=10.0.0.5/24,gw=10.0.0.1",
        ipconfig1: "ip=10.0.0.6/24,gw=10.0.0.254",
      }),
    ],
    ["a NIC on no bridge, of an old model", vm({ net0: `ne2k_isa=${mac},link_down=yes` })],
    ["an IPv6 address in another way of writing", vm({ net0, ipconfig0: "gw6=2001:DB8::1,ip6=2001:0db8:0::5/64" })],
    ["the bridge's own MTU", vm({ net0: `${net0},mtu=1` })],
    [
      "an old release's spellings",
      vm({
        net0: `model=virtio,macaddr=${mac.toLowerCase()},bridge=vmbr0`,
        scsi0: "volume=ceph:vm-300-disk-0,size=2252M",
        onboot: "yes",
        memory: "512",
      }),
    ],
    [
      "a disk that is no whole MB, and one of no size",
      vm({ net0, scsi0: "ceph:vm-300-disk-0,size=10241K", scsi1: "ceph:vm-300-disk-1" }),
    ],
    ["no name", vm({ net0, name: "" }, { name: "VM 300" })],
    ["notes with blanks and lines of another system", vm({ net0, description: "  one\r\ntwo  \n\n" })],
    [
      "two NICs of one name inside",
      ct({ net0: `name=eth0,hwaddr=${mac}`, net1: "name=eth0,hwaddr=BC:24:11:00:00:02" }),
    ],
    [
      "names inside that are not in the slots' order",
      ct({ net0: `name=wan,hwaddr=${mac}`, net1: "name=lan,hwaddr=BC:24:11:00:00:02" }),
    ],
  ])("is carried: %s", (_, machine) => carries(handOver, [machine]));

  it("is carried of two guests of one name and one address", () => {
    const other = { ...vm({ net0: "virtio=BC:24:11:00:00:02", ipconfig0: "ip=10.0.0.5/24" }), vmid: 302 };
    return carries(handOver, [vm({ net0, ipconfig0: "ip=10.0.0.5/24" }), other]);
  });

  it("is listed once where NetBox can't hold it", async () => {
    const machine = vm({ net0, ipconfig0: "ip=10.0.0.0/24,gw=10.0.0.1" });
    const said = async () => {
      const { report } = await handOver.discover([machine]);
      return report.find(({ vmid }) => vmid === 300)?.details;
    };
    expect(await said()).toEqual(["net0: 10.0.0.0/24, gateway 10.0.0.1 stays on Proxmox VE alone"]);
    expect(await said()).toEqual([]);
  });
});

/** Documents a guest by hand. @returns the ids of its interfaces */
async function documented(
  name: string,
  role: string,
  vmid: number,
  interfaces: Record<string, { addresses?: string[]; parent?: string; bridge?: string; mac?: string }>,
) {
  const { netbox } = systems.clients;
  const post = async (path: string, body: object) => ((await netbox("POST", `${path}/`, body)) as { id: number }).id;
  const machine = await post("virtualization/virtual-machines", {
    ...{ name, status: "active", cluster: { name: cluster }, vcpus: 1, memory: 512, tags: [] },
    ...{ role: { name: role }, custom_fields: { proxmox_vmid: String(vmid) } },
  });
  const ids: Record<string, number> = {};
  for (const [own, { addresses = [], parent, bridge, mac }] of Object.entries(interfaces)) {
    const named = {
      ...(parent ? { parent: ids[parent] } : {}),
      ...(bridge ? { bridge: ids[bridge] } : {}),
      ...(mac ? { mac_address: mac } : {}),
    };
    const id = await post("virtualization/interfaces", { virtual_machine: machine, name: own, ...named });
    ids[own] = id;
    for (const address of addresses)
      await post("ipam/ip-addresses", {
        ...{ address, dns_name: `${own.replace(/\W/g, "-")}.lab.example` },
        ...{ assigned_object_type: "virtualization.vminterface", assigned_object_id: id },
      });
  }
  return ids;
}
const interfaceNames = async () =>
  (await systems.clients.all<{ name: string }>("virtualization/interfaces")).map(({ name }) => name).sort();

describe("an interface that a person documented", () => {
  it.each(["eth0", "ens18", "uplink"])("as %s with an address and no MAC is the guest's NIC", async (name) => {
    await documented("box", "Proxmox VM", 300, { [name]: { addresses: ["10.0.0.5/24"] } });
    await carries(handOver, [vm({ net0, ipconfig0: "ip=10.0.0.5/24" })]);
    expect(await interfaceNames()).toEqual([name]);
  });

  it("as a container's eth0 is the container's NIC", async () => {
    await documented("ct", "Proxmox LXC", 301, { eth0: { addresses: ["10.0.0.5/24"] } });
    await carries(handOver, [ct({ cores: 1, net0: `name=eth0,hwaddr=${mac},bridge=vmbr0,ip=10.0.0.5/24` })]);
    expect(await interfaceNames()).toEqual(["eth0"]);
  });

  it("is found by the name that the agent says", async () => {
    await documented("box", "Proxmox VM", 300, { ens19: {}, ens20: {} });
    const view = agentView([
      { name: "ens20", mac, addresses: [] },
      { name: "ens19", mac: "BC:24:11:00:00:02", addresses: [] },
    ]);
    await handOver.discover([vm({ net0, net1: "virtio=BC:24:11:00:00:02,bridge=vmbr1" }, { agent: view })]);
    const rows = await systems.clients.all<{ name: string; mac_address: string }>("virtualization/interfaces");
    expect(rows.map((each) => [each.name, each.mac_address])).toEqual([
      ["ens19", "BC:24:11:00:00:02"],
      ["ens20", mac],
    ]);
  });

  it("becomes no NIC where software makes it inside; its addresses stay, with their names", async () => {
    await documented("box", "Proxmox VM", 300, {
      br0: { addresses: ["10.0.0.7/24"] },
      ens18: { addresses: ["10.0.0.5/24"], bridge: "br0", mac },
      "ens18.20": { addresses: ["10.0.20.5/24"], parent: "ens18", mac },
      lo: { addresses: ["10.9.9.9/24"] },
      docker0: { addresses: ["172.17.0.1/16"] },
    });
    const machine = vm({ net0, ipconfig0: "ip=10.0.0.5/24" });
    await handOver.discover([machine]);
    for (const prefix of ["10.0.20.0/24", "10.9.9.0/24", "172.17.0.0/16"])
      await systems.clients.netbox("POST", "ipam/prefixes/", { prefix });
    await handOver.adopt();
    const { guests, problems } = await handOver.site([machine]);
    expect(problems).toEqual([]);
    const [guest] = guests;
    expect(guest && changesOf(guest, machine).change).toEqual(noChange);
    expect(Object.keys(guest ? withAddresses(guest).inputs.networks : {})).toEqual(["net0"]);
    const given = guest?.allocations.map(({ nic, inputs }) => `${nic} ${inputs.address}`);
    expect(given).toEqual([
      ...["ens18 10.0.0.5/24", "br0 10.0.0.7/24", "ens18.20 10.0.20.5/24", "lo 10.9.9.9/24", "docker0 172.17.0.1/16"],
    ]);
  });
});

describe("interfaces of one MAC inside a guest", () => {
  const view = agentView([
    { name: "ens18.20", mac: mac.toLowerCase(), addresses: ["10.0.20.5/24"] },
    { name: "ens18", mac: mac.toLowerCase(), addresses: ["10.0.0.5/24", "fe80::1/64"] },
    { name: "ens18:1", mac: mac.toLowerCase(), addresses: ["10.0.0.6/24"] },
  ]);

  it("leave the network device its address, and its VLANs theirs", async () => {
    await carries(handOver, [vm({ net0 }, { agent: view })]);
    const rows = await systems.clients.all<{ id: number; name: string; parent: { name: string } | null }>(
      "virtualization/interfaces",
    );
    const addresses = await systems.clients.all<{ address: string; assigned_object_id: number }>("ipam/ip-addresses");
    expect(
      rows.map(({ id, name, parent }) => [
        name,
        parent?.name,
        addresses
          .filter((one) => one.assigned_object_id === id)
          .map(({ address }) => address)
          .sort(),
      ]),
    ).toEqual([
      ["ens18.20", "net0", ["10.0.20.5/24"]],
      ["net0", undefined, ["10.0.0.5/24", "10.0.0.6/24"]],
    ]);
  });

  it("lie on what a person called the network device", async () => {
    await documented("box", "Proxmox VM", 300, { ens18: { mac } });
    await carries(handOver, [vm({ net0 }, { agent: view })]);
    expect(await interfaceNames()).toEqual(["ens18", "ens18.20"]);
  });
});
