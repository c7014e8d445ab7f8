import type { TestSystems } from "../../harness/systems";
import { type Attribute, byHandIn, macOf, notInNetbox, sshKey, vlan } from "./attribute";

export const vmAttributes: Attribute[] = [
  {
    guest: "a-name",
    property: "name",
    inNetbox: ({ patch }) => patch({ name: "a-renamed" }),
    made: { name: /^a-renamed$/ },
    byHand: { name: "by-hand" },
  },
  {
    guest: "a-cores",
    property: "cores",
    inNetbox: ({ patch }) => patch({ vcpus: 3 }),
    made: { cores: /^3$/ },
    byHand: { cores: 7 },
  },
  {
    guest: "a-limit",
    property: "options",
    inNetbox: ({ patch }) => patch({ vcpus: 1.5 }),
    made: { cores: /^2$/, cpulimit: /^1.5$/ },
    byHand: { cpulimit: 1 },
  },
  {
    guest: "a-sockets",
    property: "sockets",
    inNetbox: ({ patch }) => patch({ vcpus: 1 }),
    made: { cores: /^1$/ },
    byHand: { sockets: 2 },
  },
  {
    guest: "a-memory",
    property: "memory",
    inNetbox: ({ patch }) => patch({ memory: 3072 }),
    made: { memory: /^3072$/ },
    byHand: { memory: 640 },
  },
  {
    guest: "a-notes",
    property: "description",
    inNetbox: ({ patch }) => patch({ comments: "Ring first" }),
    made: { description: /^Ring first\n\nManaged by/ },
    byHand: { description: "overwritten" },
  },
  {
    guest: "a-tags",
    property: "tags",
    inNetbox: ({ patch }) => patch({ tags: [{ name: "database" }, { name: "web" }] }),
    made: { tags: /^database;web$/ },
    byHand: { tags: "odd" },
  },
  {
    guest: "a-size",
    property: "disks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/virtual-disks", { size: 9216 }),
    made: { scsi0: /size=9G/ },
    byHand: (path, { clients }) => clients.proxmox("PUT", `${path}/resize`, { disk: "scsi0", size: "+1G" }),
  },
  {
    guest: "a-disk",
    property: "disks",
    inNetbox: ({ systems, id }) =>
      systems.clients.netbox("POST", "virtualization/virtual-disks/", {
        virtual_machine: id,
        name: "scsi1",
        size: 2048,
      }),
    made: { scsi1: /size=2G/ },
    byHand: { scsi2: "ceph:1" },
  },
  {
    guest: "a-storage",
    property: "disks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/virtual-disks", { custom_fields: { proxmox_disk_storage_volume: "local-lvm" } }),
    made: { scsi0: /^local-lvm:/, unused0: undefined },
    byHand: (path, { clients }) =>
      clients.proxmox("POST", `${path}/move_disk`, { disk: "scsi0", storage: "ceph", delete: 1 }),
  },
  {
    guest: "a-place",
    property: "disks",
    alsoChanged: ["storage"],
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_vm_storage: "local-lvm" } }),
    made: { scsi0: /^local-lvm:/, unused0: undefined },
    byHand: (path, { clients }) =>
      clients.proxmox("POST", `${path}/move_disk`, { disk: "scsi0", storage: "ceph", delete: 1 }),
  },
  {
    guest: "a-vlan",
    property: "networks",
    inNetbox: async ({ systems, patchPart }) =>
      patchPart("virtualization/interfaces", { untagged_vlan: await vlan(systems, 72) }),
    made: { net0: /tag=72/ },
    byHand: { net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=99" },
  },
  {
    guest: "a-trunk",
    property: "networks",
    inNetbox: async ({ systems, patchPart }) =>
      patchPart("virtualization/interfaces", {
        mode: "tagged",
        untagged_vlan: null,
        tagged_vlans: [await vlan(systems, 72), await vlan(systems, 71)],
      }),
    made: { net0: /trunks=71;72/ },
    byHand: { net0: "virtio=BC:24:11:00:00:02,bridge=vmbr0,trunks=5" },
  },
  {
    guest: "a-mtu",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { mtu: 1400 }),
    made: { net0: /mtu=1400/ },
    byHand: { net0: "virtio=BC:24:11:00:00:03,bridge=vmbr0,tag=71,mtu=1300" },
  },
  {
    guest: "a-link",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { enabled: false }),
    made: { net0: /link_down=1/ },
    byHand: { net0: "virtio=BC:24:11:00:00:04,bridge=vmbr0,tag=71" },
  },
  {
    guest: "a-mac",
    property: "networks",
    inNetbox: macOf("BC:24:11:AA:BB:CC"),
    made: { net0: /^virtio=BC:24:11:AA:BB:CC,/ },
    byHand: { net0: "virtio=BC:24:11:00:00:05,bridge=vmbr0,tag=71" },
  },
  {
    guest: "a-bridge",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { custom_fields: { proxmox_bridge: "vmbr1" } }),
    made: { net0: /bridge=vmbr1/ },
    byHand: { net0: "virtio=BC:24:11:00:00:06,bridge=vmbr0,tag=71" },
  },
  {
    guest: "a-nic",
    property: "networks",
    inNetbox: ({ systems, id }) =>
      systems.clients.netbox("POST", "virtualization/interfaces/", { virtual_machine: id, name: "net1" }),
    made: { net1: /^virtio=.*bridge=vmbr0$/ },
    byHand: { net2: "virtio,bridge=vmbr0" },
  },
  {
    guest: "a-address",
    property: "cloudInit",
    inNetbox: ({ patchPart }) => patchPart("ipam/ip-addresses", { address: "10.71.0.77/24" }),
    made: { ipconfig0: /^ip=10.71.0.77\/24,gw=10.71.0.1$/ },
    byHand: { ipconfig0: "ip=10.71.0.78/24" },
    also: ["NetboxIpAllocation"],
  },
  {
    guest: "a-key",
    property: "cloudInit",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_public_ssh_key: sshKey("two") } }),
    made: { sshkeys: /two/ },
    byHand: { sshkeys: encodeURIComponent(sshKey("three")) },
  },
  {
    guest: "a-user",
    property: "cloudInit",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_user: "alice" } }),
    made: { ciuser: /^alice$/ },
    byHand: { ciuser: "root" },
  },
  {
    guest: "a-dns",
    property: "cloudInit",
    inNetbox: ({ patch }) => patch({ local_context_data: { proxmox: { nameservers: ["10.71.0.54"] } } }),
    made: { nameserver: /^10.71.0.54$/ },
    byHand: { nameserver: "9.9.9.9" },
  },
  {
    guest: "a-search",
    property: "cloudInit",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_search_domain: "inner.example" } }),
    made: { searchdomain: /^inner.example$/ },
    byHand: { searchdomain: "other.example" },
  },
  {
    guest: "a-onboot",
    property: "options",
    inNetbox: ({ patch }) => patch({ start_on_boot: "on" }),
    made: { onboot: /^1$/ },
    byHand: { onboot: 0 },
  },
  {
    guest: "a-cpu",
    property: "options",
    inNetbox: ({ patch }) => patch({ local_context_data: { proxmox: { options: { cpu: "host,flags=+aes" } } } }),
    made: { cpu: /^cputype=host,flags=\+aes$/ },
    byHand: { cpu: "kvm64" },
  },
  {
    guest: "a-options",
    property: "options",
    inNetbox: ({ patch }) =>
      patch({
        local_context_data: { proxmox: { options: { protection: true, balloon: 512, startup: "order=2,up=30" } } },
      }),
    made: { protection: /^1$/, balloon: /^512$/, startup: /^order=2,up=30$/ },
    byHand: { delete: "protection,startup" },
  },
  {
    guest: "a-discard",
    property: "disks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/virtual-disks", { custom_fields: { proxmox_option_discard: "on" } }),
    made: { scsi0: /,discard=on,/ },
    byHand: byHandIn("scsi0", "discard=on", "discard=ignore"),
  },
  {
    guest: "a-firewall",
    property: "networks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/interfaces", { custom_fields: { proxmox_option_firewall: true } }),
    made: { net0: /,firewall=1/ },
    byHand: byHandIn("net0", "firewall=1", "firewall=0"),
  },
  {
    guest: "a-dhcp",
    property: "cloudInit",
    inNetbox: ({ patchPart }) => patchPart("ipam/ip-addresses", { status: "dhcp" }),
    made: { ipconfig0: /^ip=dhcp$/ },
    byHand: { ipconfig0: "ip=10.71.0.250/24" },
  },
  {
    guest: "a-slaac",
    property: "cloudInit",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { custom_fields: { allocate_from: "slaac" } }),
    made: { ipconfig0: /,ip6=auto$/ },
    byHand: { ipconfig0: "ip6=dhcp" },
  },
  {
    guest: "a-power",
    property: "power",
    inNetbox: ({ patch }) => patch({ status: "offline" }),
    made: {},
    byHand: (path, { clients }) => clients.proxmox("POST", `${path}/status/start`),
  },
  {
    guest: "a-paused",
    property: "power",
    inNetbox: ({ patch }) => patch({ status: "paused" }),
    made: {},
    byHand: (path, { clients }) => clients.proxmox("POST", `${path}/status/resume`),
  },
  {
    guest: "a-suspended",
    property: "power",
    inNetbox: notInNetbox,
    made: {},
    byHand: (path, { clients }) => clients.proxmox("POST", `${path}/status/suspend`),
  },
  {
    guest: "a-model",
    property: "networks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/interfaces", { custom_fields: { proxmox_net_model: "e1000" } }),
    made: { net0: /^e1000=/ },
    byHand: byHandIn("net0", "e1000=", "vmxnet3="),
  },
  {
    guest: "a-detach",
    property: "disks",
    inNetbox: async ({ systems, id }) => {
      const disks = await systems.clients.all<{ id: number; name: string }>(
        "virtualization/virtual-disks",
        `&virtual_machine_id=${id}`,
      );
      const extra = disks.find(({ name }) => name === "scsi5")?.id;
      return systems.clients.netbox("DELETE", `virtualization/virtual-disks/${extra}/`);
    },
    made: { scsi5: undefined, unused0: /^ceph:/ },
    byHand: { scsi6: "ceph:1" },
  },
  {
    guest: "a-efi",
    property: "disks",
    inNetbox: ({ systems, id }) => addDisk(systems, id, "efidisk0", { proxmox_option_efitype: "4m" }),
    made: { efidisk0: /^ceph:.*efitype=4m/ },
    byHand: { delete: "efidisk0" },
  },
  {
    guest: "a-tpm",
    property: "disks",
    inNetbox: ({ systems, id }) => addDisk(systems, id, "tpmstate0", { proxmox_option_version: "v2.0" }),
    made: { tpmstate0: /^ceph:.*version=v2.0/ },
    byHand: { delete: "tpmstate0" },
  },
  {
    guest: "a-pool",
    property: "pool",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_pool: "red" } }),
    made: {},
    byHand: (path, { clients }) =>
      clients.proxmox("PUT", "/pools", { poolid: "red", vms: Number(path.split("/").pop()), delete: 1 }),
  },
  {
    guest: "a-ha",
    property: "ha",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_ha: "managed" } }),
    made: {},
    byHand: (path, { clients }) => clients.proxmox("DELETE", `/cluster/ha/resources/vm:${path.split("/").pop()}`),
  },
  {
    guest: "a-rule",
    property: "ha",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_ha: "prefer-pve1" } }),
    made: {},
    byHand: (path, { clients }) => clients.proxmox("DELETE", `/cluster/ha/resources/vm:${path.split("/").pop()}`),
  },
];

/** Adds a virtual disk in NetBox; PVE chooses the size of these. */
const addDisk = (systems: TestSystems, id: number, name: string, fields: Record<string, string>) =>
  systems.clients.netbox("POST", "virtualization/virtual-disks/", {
    virtual_machine: id,
    name,
    size: 4,
    custom_fields: { proxmox_disk_storage_volume: "ceph", ...fields },
  });
