import { type Attribute, byHandIn, macOf, notInNetbox, vlan } from "./attribute";

export const containerAttributes: Attribute[] = [
  {
    guest: "c-name",
    property: "name",
    inNetbox: ({ patch }) => patch({ name: "c-renamed" }),
    made: { hostname: /^c-renamed$/ },
    byHand: { hostname: "by-hand-ct" },
  },
  {
    guest: "c-cores",
    property: "cores",
    inNetbox: ({ patch }) => patch({ vcpus: 2 }),
    made: { cores: /^2$/ },
    byHand: { cores: 4 },
  },
  {
    guest: "c-memory",
    property: "memory",
    inNetbox: ({ patch }) => patch({ memory: 768 }),
    made: { memory: /^768$/ },
    byHand: { memory: 640 },
  },
  {
    guest: "c-notes",
    property: "description",
    inNetbox: ({ patch }) => patch({ comments: "Ring first" }),
    made: { description: /^Ring first\n\nManaged by/ },
    byHand: { description: "overwritten" },
  },
  {
    guest: "c-tags",
    property: "tags",
    inNetbox: ({ patch }) => patch({ tags: [{ name: "web" }, { name: "database" }] }),
    made: { tags: /^database;web$/ },
    byHand: { tags: "odd" },
  },
  {
    guest: "c-size",
    property: "disks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/virtual-disks", { size: 5120 }),
    made: { rootfs: /size=5G/ },
    byHand: { mp3: "ceph:1,mp=/other" },
  },
  {
    guest: "c-mount",
    property: "disks",
    inNetbox: ({ systems, id }) =>
      systems.clients.netbox("POST", "virtualization/virtual-disks/", {
        virtual_machine: id,
        name: "mp0",
        size: 1024,
        custom_fields: { proxmox_option_mp: "/srv" },
      }),
    made: { mp0: /^ceph:.*mp=\/srv,size=1G/ },
    byHand: byHandIn("mp0", "mp=/srv", "mp=/else"),
  },
  {
    guest: "c-quota",
    property: "disks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/virtual-disks", { custom_fields: { proxmox_option_quota: "1" } }),
    made: { rootfs: /quota=1/ },
    byHand: byHandIn("rootfs", "quota=1", "quota=0"),
  },
  {
    guest: "c-storage",
    property: "disks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/virtual-disks", { custom_fields: { proxmox_disk_storage_volume: "local-lvm" } }),
    made: { rootfs: /^local-lvm:/, unused0: undefined },
    byHand: (path, { clients }) =>
      clients.proxmox("POST", `${path}/move_volume`, { volume: "rootfs", storage: "ceph", delete: 1 }),
  },
  {
    guest: "c-place",
    property: "disks",
    alsoChanged: ["storage"],
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_vm_storage: "local-lvm" } }),
    made: { rootfs: /^local-lvm:/, unused0: undefined },
    byHand: (path, { clients }) =>
      clients.proxmox("POST", `${path}/move_volume`, { volume: "rootfs", storage: "ceph", delete: 1 }),
  },
  {
    guest: "c-vlan",
    property: "networks",
    inNetbox: async ({ systems, patchPart }) =>
      patchPart("virtualization/interfaces", { untagged_vlan: await vlan(systems, 72) }),
    made: { net0: /tag=72/ },
    byHand: byHandIn("net0", "tag=72", "tag=99"),
  },
  {
    guest: "c-bridge",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { custom_fields: { proxmox_bridge: "vmbr1" } }),
    made: { net0: /bridge=vmbr1/ },
    byHand: byHandIn("net0", "bridge=vmbr1", "bridge=vmbr0"),
  },
  {
    guest: "c-mac",
    property: "networks",
    inNetbox: macOf("BC:24:11:AA:BB:CE"),
    made: { net0: /hwaddr=BC:24:11:AA:BB:CE,/ },
    byHand: byHandIn("net0", "BC:24:11:AA:BB:CE", "BC:24:11:00:00:07"),
  },
  {
    guest: "c-slaac",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { custom_fields: { allocate_from: "slaac" } }),
    made: { net0: /,ip6=auto/ },
    byHand: byHandIn("net0", "ip6=auto", "ip6=dhcp"),
  },
  {
    guest: "c-mtu",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { mtu: 1400 }),
    made: { net0: /mtu=1400/ },
    byHand: byHandIn("net0", "mtu=1400", "mtu=1300"),
  },
  {
    guest: "c-link",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("virtualization/interfaces", { enabled: false }),
    made: { net0: /link_down=1/ },
    byHand: byHandIn("net0", "link_down=1", "link_down=0"),
  },
  {
    guest: "c-nic",
    property: "networks",
    inNetbox: ({ systems, id }) =>
      systems.clients.netbox("POST", "virtualization/interfaces/", { virtual_machine: id, name: "net1" }),
    made: { net1: /^name=eth1,bridge=vmbr0/ },
    byHand: { net2: "name=eth9,bridge=vmbr0" },
  },
  {
    guest: "c-firewall",
    property: "networks",
    inNetbox: ({ patchPart }) =>
      patchPart("virtualization/interfaces", { custom_fields: { proxmox_option_firewall: true } }),
    made: { net0: /firewall=1/ },
    byHand: byHandIn("net0", "firewall=1", "firewall=0"),
  },
  {
    guest: "c-address",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("ipam/ip-addresses", { address: "10.71.0.79/24" }),
    made: { net0: /gw=10.71.0.1,.*ip=10.71.0.79\/24/ },
    byHand: byHandIn("net0", "ip=10.71.0.79/24", "ip=10.71.0.78/24"),
    also: ["NetboxIpAllocation"],
  },
  {
    guest: "c-dhcp",
    property: "networks",
    inNetbox: ({ patchPart }) => patchPart("ipam/ip-addresses", { status: "dhcp" }),
    made: { net0: /ip=dhcp/ },
    byHand: byHandIn("net0", "ip=dhcp", "ip=10.71.0.251/24"),
  },
  {
    guest: "c-dns",
    property: "nameservers",
    inNetbox: ({ patch }) => patch({ local_context_data: { proxmox: { nameservers: ["10.71.0.54", "10.71.0.55"] } } }),
    made: { nameserver: /^10.71.0.54 10.71.0.55$/ },
    byHand: { nameserver: "9.9.9.9" },
  },
  {
    guest: "c-search",
    property: "searchDomain",
    inNetbox: ({ patch }) => patch({ custom_fields: { proxmox_search_domain: "inner.example" } }),
    made: { searchdomain: /^inner.example$/ },
    byHand: { searchdomain: "other.example" },
  },
  {
    guest: "c-onboot",
    property: "options",
    inNetbox: ({ patch }) => patch({ start_on_boot: "on" }),
    made: { onboot: /^1$/ },
    byHand: { onboot: 0 },
  },
  {
    guest: "c-features",
    property: "options",
    inNetbox: ({ patch }) =>
      patch({ local_context_data: { proxmox: { containerOptions: { features: "nesting=1", swap: 256 } } } }),
    made: { features: /^nesting=1$/, swap: /^256$/ },
    byHand: { swap: 128 },
  },
  {
    guest: "c-power",
    property: "power",
    inNetbox: ({ patch }) => patch({ status: "offline" }),
    made: {},
    byHand: (path, { clients }) => clients.proxmox("POST", `${path}/status/start`),
  },
  {
    guest: "c-halted",
    property: "power",
    inNetbox: notInNetbox,
    made: {},
    byHand: (path, { clients }) => clients.proxmox("POST", `${path}/status/stop`),
  },
];
