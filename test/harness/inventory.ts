import { expect } from "vitest";
import { benchSeed } from "../../bench/systems";
import type { Seed } from "../../lab/seed";
import { seedWith, type TestSystems } from "./systems";

const zone = "lab.example";

/** What NetBox and Proxmox VE hold for the inventory: agreeing, differing, missing and unknown guests of both kinds. */
export function inventorySeed() {
  const wanted =
    seedWith(`- { name: web1, status: active, vcpus: 4, memory: 2048, customFields: { proxmox_vmid: "201" }, disks: [{ name: scsi0, size: 10240 }], interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.31/24, dnsName: web1.lab.example }] }] }
- { name: ct1, status: active, vcpus: 2, memory: 512, customFields: { proxmox_vmid: "202", proxmox_vm_type: lxc }, interfaces: [{ name: net0, vlan: 72, addresses: [{ address: 10.71.8.32/24 }, { address: "fd71::32/64" }] }] }
- { name: late1, status: active, vcpus: 1, memory: 4096, customFields: { proxmox_vmid: "203", proxmox_node: pve1 } }
- { name: lost1, status: active, customFields: { proxmox_vmid: "299" } }
- { name: soon1, status: planned, customFields: { proxmox_vmid: "298" } }`);
  const cluster = wanted.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
  const vm = (name: string) => ({ name, memory: "2048", cores: 2, ostype: "l26" });
  const of = (vmid: number, node: string, running: boolean) => ({ vmid, node, running, template: false });
  cluster.guests = [
    {
      ...of(201, "pve1", true),
      type: "qemu",
      config: {
        ...vm("web1"),
        sockets: 2,
        tags: "web;front",
        scsi0: "ceph:10G",
        scsi1: "local-lvm:2G,backup=0",
        efidisk0: "local-lvm:4M",
        ide2: "local-lvm:cloudinit",
        net0: "virtio=BC:24:11:00:00:31,bridge=vmbr0,tag=71,firewall=1",
        net1: "e1000=BC:24:11:00:00:41,bridge=vmbr0",
      },
    },
    {
      ...of(202, "pve2", true),
      type: "lxc",
      config: {
        hostname: "ct1",
        ostype: "debian",
        cores: 2,
        memory: 512,
        rootfs: "local-lvm:2G",
        tags: "small",
        mp0: "local-lvm:1G,mp=/srv",
        mp1: "local-lvm:3G,mp=/data,backup=1",
        net0: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:32,tag=72,type=veth",
      },
    },
    {
      ...of(203, "pve2", false),
      type: "qemu",
      config: { ...vm("late-one"), scsi0: "local-lvm:8G" },
    },
    {
      ...of(204, "pve2", false),
      type: "lxc",
      config: { hostname: "stray", ostype: "debian", rootfs: "ceph:2G" },
    },
    { ...of(9000, "pve1", false), type: "qemu", template: true, config: { ...vm("debian"), scsi0: "ceph:2G" } },
  ];
  return wanted;
}

/** What the name server says of them. */
export async function addRecords({ clients }: TestSystems): Promise<void> {
  await clients.nsupdate(`${zone}.`, [
    `update add web1.${zone} 300 A 10.71.0.31`,
    `update add www.${zone} 300 CNAME web1.${zone}.`,
    `update add mail.${zone} 300 MX 10 web1.${zone}.`,
  ]);
  await clients.nsupdate("71.10.in-addr.arpa.", [`update add 31.0.71.10.in-addr.arpa 300 PTR web1.${zone}.`]);
  await clients.nsupdate("1.7.d.f.ip6.arpa.", [
    `update add 2.3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.7.d.f.ip6.arpa 300 PTR ct1.${zone}.`,
  ]);
}

/** So many virtual machines on eight nodes, each with two disks, an interface, an address and NetBox's object of it. */
export function largeInventory(count: number): Seed {
  const seed = benchSeed(count);
  const cluster = seed.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
  for (const [n, guest] of seed.netbox.guests.entries()) guest.customFields = { proxmox_vmid: String(10_000 + n) };
  cluster.guests = seed.netbox.guests.map(({ name }, n) => ({
    vmid: 10_000 + n,
    type: "qemu",
    node: `pve${(n % 8) + 1}`,
    template: false,
    running: n % 10 !== 0,
    config: {
      name,
      memory: "2048",
      cores: 2,
      ostype: "l26",
      tags: "web",
      scsi0: "ceph:10G",
      scsi1: "local-lvm:4G",
      net0: "virtio,bridge=vmbr0,tag=71",
    },
  }));
  return seed;
}
