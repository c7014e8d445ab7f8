import { describe, expect, it } from "vitest";
import { gatewaysOf, guestArgs, macsOf } from "../../../../stacks/discovery/desired/guest";
import { prefixOfAddress } from "../../../../stacks/discovery/desired/prefixes";
import type { SeenMachine } from "../../../../stacks/discovery/desired/types";
import { systemOf } from "../../../../stacks/discovery/facts";
import { readSettings } from "../../../../stacks/settings";

const read = readSettings({ get: () => undefined }, []);
if ("problems" in read) throw new Error("the defaults are no settings");
const { customFields: fields, ramBaseUnit, diskBaseUnit } = read.value.site;
const names = {
  fields,
  vlan: (vid: number) => `v (${vid})`,
  vlanInside: () => undefined,
  device: (node: string) => node,
  units: { ramBaseUnit, diskBaseUnit },
  reserved: ["adopt"],
};
const seen = (changes: Partial<SeenMachine>): SeenMachine => ({
  vmid: 300,
  type: "qemu",
  node: "pve1",
  name: "box",
  status: "running",
  tags: [],
  snapshots: 0,
  config: {},
  ...changes,
});

describe("a virtual machine in NetBox's words", () => {
  const mac = "BC:24:11:00:00:01";
  const machine = seen({
    pool: "web",
    snapshots: 2,
    config: {
      cores: 2,
      sockets: 2,
      memory: "current=2048",
      onboot: 1,
      tags: "Web;a.b",
      description: "Notes\n",
      scsi0: "ceph:vm-300-disk-0,size=10G",
      efidisk0: "ceph:vm-300-disk-1,size=4M",
      ide2: "ceph:cloudinit,media=cdrom",
      net0: `virtio=${mac},bridge=vmbr0,tag=71,trunks=5;8-9,mtu=1,link_down=1`,
      ipconfig0: "ip=10.0.0.5/24,gw=10.0.0.1,ip6=auto",
      ciuser: "admin",
      nameserver: "10.0.0.53 10.0.0.54",
    },
    agent: { addresses: { [mac]: ["10.0.0.5/24", "10.0.0.6/24", "2001:db8::5/64"] }, system: "Debian GNU/Linux 12" },
  });
  const args = guestArgs(machine, "pve", names);

  it("has its fields", () => {
    expect(args.fields).toEqual({
      name: "box",
      status: "active",
      cluster: "pve",
      device: "pve1",
      role: "Proxmox VM",
      platform: "Debian GNU/Linux 12",
      vcpus: 4,
      memory: 2048,
      startOnBoot: "on",
      comments: "Notes",
      context: { proxmox: { sockets: 2 } },
    });
    expect(args.customFields).toEqual({
      proxmox_vmid: "300",
      proxmox_vm_type: "vm",
      proxmox_node: "pve1",
      proxmox_pool: "web",
      proxmox_snapshots: 2,
      proxmox_user: "admin",
      proxmox_nameservers: "10.0.0.53, 10.0.0.54",
    });
    expect(args.tags).toEqual(["proxmox-vm-discovered", "a-b", "web"]);
  });

  it("says nothing that this release of NetBox has no place for", () => {
    const fieldsOn = (startOnBoot: boolean, paused: boolean, status: string) =>
      guestArgs({ ...machine, status }, "pve", { ...names, lacks: { startOnBoot, paused } }).fields;
    expect(fieldsOn(true, true, "paused")).not.toHaveProperty("startOnBoot");
    expect(fieldsOn(true, true, "paused")).not.toHaveProperty("status");
    expect(fieldsOn(true, true, "running")?.status).toBe("active");
    expect(fieldsOn(false, false, "paused")).toMatchObject({ status: "paused", startOnBoot: "on" });
  });

  it("has its disks, but no drive that is none of its own", () => {
    expect(Object.entries(args.disks ?? {})).toEqual([
      ["scsi0", { fields: { size: 10240 }, customFields: { proxmox_disk_storage_volume: "ceph" }, tags: [] }],
    ]);
  });

  it("has its interfaces, with what is configured before what is seen", () => {
    expect(args.interfaces).toEqual({
      net0: {
        fields: {
          mac,
          enabled: false,
          mode: "tagged",
          untaggedVlan: "v (71)",
          taggedVlans: ["v (5)", "v (8)", "v (9)"],
        },
        customFields: { proxmox_bridge: "vmbr0", proxmox_net_model: "virtio" },
        tags: [],
        addresses: ["10.0.0.5/24", "10.0.0.6/24", "2001:db8::5/64 slaac"],
      },
    });
    expect(args.primary).toBe("net0");
    expect(macsOf(machine)).toEqual([mac]);
    expect(gatewaysOf(machine)).toEqual([{ address: "10.0.0.5/24", gateway: "10.0.0.1" }]);
  });
});

describe("a container in NetBox's words", () => {
  it("keeps the name of an interface that is not the usual one, and its mount points", () => {
    const config = {
      hostname: "ct",
      memory: 512,
      rootfs: "ceph:subvol-1,size=4G",
      mp0: "ceph:subvol-2,mp=/srv,size=512M",
      net0: "name=eth0,bridge=vmbr0,hwaddr=bc:24:11:00:00:02,ip=dhcp",
      net1: "name=lan,bridge=vmbr1,ip=10.1.0.5/24",
    };
    const args = guestArgs(seen({ type: "lxc", status: "stopped", config }), "pve", names);
    expect(args.fields).toMatchObject({ status: "offline", role: "Proxmox LXC", memory: 512 });
    expect(args.fields).not.toHaveProperty("vcpus");
    expect(Object.keys(args.interfaces ?? {})).toEqual(["net0", "lan"]);
    expect(args.disks?.mp0).toMatchObject({ fields: { size: 512 }, customFields: { proxmox_option_mp: "/srv" } });
    expect(args.primary).toBe("lan");
  });
});

describe("what an agent says of its system", () => {
  it.each([
    [
      { name: "Debian GNU/Linux", "pretty-name": "Debian GNU/Linux 12 (bookworm)", "version-id": "12" },
      "Debian GNU/Linux 12",
    ],
    [{ name: "Microsoft Windows", "version-id": "2022" }, "Microsoft Windows 2022"],
    [{}, undefined],
  ])("%j is %s", (system, shown) => expect(systemOf(system)).toBe(shown));
});

describe("an address's prefix", () => {
  it.each([
    ["10.1.2.3/24", "10.1.2.0/24"],
    ["2001:db8::5/64", "2001:db8::/64"],
    ["10.1.2.3/32", undefined],
    ["nothing", undefined],
  ])("of %s is %s", (address, prefix) => expect(prefixOfAddress(address)).toBe(prefix));
});
