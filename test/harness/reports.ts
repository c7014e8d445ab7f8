import type { Because, Change, FieldChange } from "../../stacks/plan/change";
import type { PlanReport } from "../../stacks/plan/report";

// A plan as its reports get it, with properties in the forms that states have (test/fixtures/states).

const netbox = "https://netbox.example";
const urnIn = (kind: string, name: string) => `urn:pulumi:prod::netbox-proxmox::pulumi-nodejs:dynamic/${kind}::${name}`;
const pageOfGuest = (id: number) => `${netbox}/virtualization/virtual-machines/${id}/`;
const markOf = (id: number) => `netbox-proxmox/prod ${pageOfGuest(id)}`;
const notesOf = (id: number, text = "") =>
  `${text === "" ? "" : `${text}\n\n`}Managed by Pulumi stack netbox-proxmox/prod from ${pageOfGuest(id)}`;

export const madeFields = (properties: Record<string, unknown>): FieldChange[] =>
  Object.entries(properties).map(([name, after]) => ({ name, after }));
export const goneFields = (properties: Record<string, unknown>): FieldChange[] =>
  Object.entries(properties).map(([name, before]) => ({ name, before }));

const byAnna = (
  object: string,
  action: "create" | "update" | "delete" = "update",
  message = "ticket 4711",
): Because => ({
  reason: "netbox",
  user: "anna",
  time: "2026-11-28T14:02:11Z",
  action,
  object,
  message,
  request: "9f0f1f4e-8a6a-4c6e-b0f4-3a6c1f4bbd11",
  url: `${netbox}/core/changelog/812/`,
});
const byBob = (object: string, action: "create" | "update" | "delete" = "update", message?: string): Because => ({
  reason: "netbox",
  user: "bob",
  time: "2026-11-27T08:40:00Z",
  action,
  object,
  ...(message === undefined ? {} : { message }),
  request: "0c8c2f0a-4a3d-4c55-9c59-0f0e6a0f5a10",
  url: `${netbox}/core/changelog/798/`,
});

interface SampleGuest {
  id: number;
  name: string;
}
const guestOf = ({ id, name }: SampleGuest) => ({ name, url: pageOfGuest(id) });

/** A change of a virtual machine. */
export const vmChange = (guest: SampleGuest, change: Partial<Change>): Change => ({
  urn: urnIn("proxmox:ProxmoxVm", `vm-${guest.id}`),
  object: "VM",
  name: guest.name,
  url: pageOfGuest(guest.id),
  guest: guestOf(guest),
  system: "Proxmox VE",
  action: "update",
  fields: [],
  effects: [],
  ...change,
});
const containerChange = (guest: SampleGuest, change: Partial<Change>): Change =>
  vmChange(guest, {
    urn: urnIn("proxmox:ProxmoxContainer", `ct-${guest.id}`),
    object: "container",
    ...change,
  });
const addressChange = (guest: SampleGuest, name: string, change: Partial<Change>): Change =>
  vmChange(guest, {
    urn: urnIn("netbox:NetboxIpAllocation", `ip-${guest.id}-v4-1`),
    object: "address",
    name,
    system: "NetBox",
    ...change,
  });
const nameChange = (guest: SampleGuest, name: string, change: Partial<Change>): Change =>
  vmChange(guest, {
    urn: urnIn("bind9:Bind9Record", `dns-ns1-${name}`),
    object: "name",
    name,
    system: "DNS",
    ...change,
  });
const objectChange = (guest: SampleGuest, change: Partial<Change>): Change =>
  vmChange(guest, {
    urn: urnIn("netbox:NetboxGuest", `guest-${guest.id}`),
    object: "NetBox object",
    system: "NetBox",
    ...change,
  });

const owner = (...guests: number[]) => ({ stack: "netbox-proxmox/prod", guests });
const nameInputs = (name: string, address: string, guest: number) => ({
  server: "ns1",
  name: `${name}.`,
  ttl: 300,
  records: { A: [address] },
  reverse: [address],
  owner: owner(guest),
});
const addressInputs = (guest: SampleGuest, address: string | undefined, given: boolean) => ({
  mark: markOf(guest.id),
  label: `${guest.name} net0`,
  interfaceId: guest.id + 100,
  family: 4,
  ordinal: 0,
  given,
  ...(address === undefined ? {} : { address }),
  from: given ? [] : [{ kind: "prefix", id: 3, text: "10.71.0.0/24" }],
  primary: true,
});
const vmInputs = (guest: SampleGuest, vmid: number) => ({
  cluster: "pve-lab",
  vmid,
  mark: markOf(guest.id),
  fullClone: true,
  node: "pve1",
  name: guest.name,
  description: notesOf(guest.id),
  tags: ["web"],
  cores: 4,
  sockets: 1,
  memory: 8192,
  options: { onboot: 1, agent: "enabled=1" },
  disks: {
    scsi0: { size: "32G", storage: "ceph" },
    scsi1: { size: "8G", storage: "local-lvm", options: { backup: 0 } },
  },
  power: "running",
  template: 9000,
  networks: { net0: { bridge: "vmbr0", model: "virtio", tag: 71 } },
  cloudInit: {
    user: "admin",
    password: { name: "main", version: "72176aa401d700a8" },
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkbQOMz3F46Vy10qGgAP8nd anna@laptop"],
    ipconfig: { "0": "ip=10.71.0.5/24,gw=10.71.0.1" },
    nameservers: ["10.71.0.53"],
    searchDomain: "lab.example",
  },
});

const renamed = { id: 7, name: "shop01" };
const renumbered = { id: 8, name: "db01" };
const grown = { id: 9, name: "web01" };
const moved = { id: 10, name: "build01" };
const deleted = { id: 11, name: "old01" };
const made = { id: 12, name: "web02" };
const rebuilt = { id: 13, name: "test01" };
const adopted = { id: 14, name: "legacy01" };
const container = { id: 15, name: "proxy01" };
const drifted = { id: 16, name: "mail01" };

/** Each of the guests that a person has to understand. */
export const sampleGuests: Record<string, Change[]> = {
  renamed: [
    vmChange(renamed, {
      fields: [
        { name: "name", before: "web09", after: "shop01" },
        { name: "description", before: notesOf(7, "The old shop"), after: notesOf(7, "The shop") },
      ],
      waits: ["cloud-init"],
      because: [byAnna("VM shop01")],
    }),
    addressChange(renamed, "10.71.0.17/24 of shop01 net0", {
      fields: [
        { name: "dnsName", before: "web09.lab.example", after: "shop01.lab.example" },
        { name: "renames", after: "web09.lab.example" },
      ],
      because: [byAnna("VM shop01")],
    }),
    nameChange(renamed, "web09.lab.example", {
      action: "delete",
      fields: goneFields(nameInputs("web09.lab.example", "10.71.0.17", 7)),
      effects: ["removesNames"],
      because: [byAnna("VM shop01")],
    }),
    nameChange(renamed, "shop01.lab.example", {
      action: "create",
      fields: madeFields(nameInputs("shop01.lab.example", "10.71.0.17", 7)),
      because: [byAnna("VM shop01")],
    }),
  ],
  renumbered: [
    vmChange(renumbered, {
      fields: [
        {
          name: "cloudInit",
          before: { user: "admin", ipconfig: { "0": "ip=10.71.0.5/24,gw=10.71.0.1" } },
          after: { user: "admin", ipconfig: { "0": "ip=10.72.0.5/24,gw=10.72.0.1" } },
        },
        {
          name: "networks",
          before: { net0: { bridge: "vmbr0", model: "virtio", tag: 71 } },
          after: { net0: { bridge: "vmbr0", model: "virtio", tag: 72 } },
        },
      ],
      effects: ["renumbers"],
      waits: ["cloud-init"],
      because: [byBob("address 10.72.0.5/24", "create", "db servers get a VLAN of their own")],
    }),
    addressChange(renumbered, "10.71.0.5/24 of db01 net0", {
      action: "delete",
      fields: goneFields(addressInputs(renumbered, "10.71.0.5/24", false)),
      effects: ["releases"],
      because: [byBob("address 10.71.0.5/24", "delete", "db servers get a VLAN of their own")],
    }),
    addressChange(renumbered, "10.72.0.5/24 of db01 net0", {
      action: "create",
      fields: madeFields(addressInputs(renumbered, "10.72.0.5/24", true)),
      because: [byBob("address 10.72.0.5/24", "create", "db servers get a VLAN of their own")],
    }),
    nameChange(renumbered, "db01.lab.example", {
      fields: [
        { name: "records", before: { A: ["10.71.0.5"] }, after: { A: ["10.72.0.5"] } },
        { name: "reverse", before: ["10.71.0.5"], after: ["10.72.0.5"] },
      ],
      because: [byBob("address 10.72.0.5/24", "create", "db servers get a VLAN of their own")],
    }),
  ],
  grown: [
    vmChange(grown, {
      fields: [
        { name: "memory", before: 2048, after: 4096 },
        {
          name: "disks",
          before: { scsi0: { size: "20G", storage: "ceph" } },
          after: { scsi0: { size: "40G", storage: "ceph" } },
        },
      ],
      waits: ["memory"],
      because: [byAnna("VM web01")],
    }),
  ],
  moved: [
    vmChange(moved, {
      fields: [
        { name: "node", before: "pve1", after: "pve2" },
        {
          name: "disks",
          before: { scsi0: { size: "20G", storage: "local-lvm" }, scsi1: { size: "10G", storage: "ceph" } },
          after: { scsi0: { size: "20G", storage: "local-zfs" } },
        },
      ],
      effects: ["migrates", "detaches", "moves"],
      because: [
        byAnna("VM build01", "update", "pve1 is worn out"),
        { reason: "setting", key: "site.defaults.storage" },
      ],
    }),
  ],
  deleted: [
    vmChange(deleted, {
      action: "delete",
      fields: goneFields({ ...vmInputs(deleted, 104), placement: "pve2", node: undefined }),
      effects: ["removes"],
      because: [byBob("VM old01", "update", "nobody has used it since May")],
    }),
    addressChange(deleted, "10.71.0.44/24 of old01 net0", {
      action: "delete",
      fields: goneFields(addressInputs(deleted, "10.71.0.44/24", false)),
      because: [byBob("VM old01", "update", "nobody has used it since May")],
    }),
    nameChange(deleted, "old01.lab.example", {
      action: "delete",
      fields: goneFields(nameInputs("old01.lab.example", "10.71.0.44", 11)),
      because: [byBob("VM old01", "update", "nobody has used it since May")],
    }),
    objectChange(deleted, {
      action: "delete",
      fields: goneFields({
        mark: markOf(11),
        vmid: 104,
        derived: true,
        field: { name: "proxmox_vmid", integer: false },
      }),
      because: [byBob("VM old01", "update", "nobody has used it since May")],
    }),
  ],
  made: [
    vmChange(made, {
      action: "create",
      fields: madeFields(vmInputs(made, 112)),
      because: [byAnna("VM web02", "create", "ticket 4712")],
    }),
    addressChange(made, "web02 net0", {
      action: "create",
      fields: madeFields(addressInputs(made, undefined, false)),
      because: [byAnna("VM web02", "create", "ticket 4712")],
    }),
    nameChange(made, "web02.lab.example", {
      action: "create",
      fields: madeFields({ server: "ns1", name: "web02.lab.example.", ttl: 300, owner: owner(12) }),
      because: [byAnna("VM web02", "create", "ticket 4712")],
    }),
    objectChange(made, {
      action: "create",
      fields: madeFields({
        mark: markOf(12),
        vmid: 112,
        derived: true,
        field: { name: "proxmox_vmid", integer: false },
      }),
      because: [byAnna("VM web02", "create", "ticket 4712")],
    }),
  ],
  rebuilt: [
    vmChange(rebuilt, {
      action: "replace",
      fields: [
        { name: "rebuild", before: 1, after: 2 },
        { name: "template", before: 9000, after: 9001 },
      ],
      effects: ["removes", "rebuilds"],
      because: [byAnna("VM test01", "update", "fresh for the trial")],
    }),
  ],
  adopted: [
    vmChange(adopted, {
      action: "adopt",
      fields: madeFields({ ...vmInputs(adopted, 230), adopt: true }),
      because: [{ reason: "setting", key: "site.adopt" }],
    }),
  ],
  container: [
    containerChange(container, {
      fields: [
        {
          name: "networks",
          before: {
            net0: { bridge: "vmbr0", ip: "10.71.0.9/24", gw: "10.71.0.1", name: "eth0", options: { firewall: 0 } },
          },
          after: {
            net0: { bridge: "vmbr0", ip: "10.71.0.9/24", gw: "10.71.0.1", name: "eth0", options: { firewall: 1 } },
          },
        },
        {
          name: "disks",
          before: { rootfs: { size: "8G", storage: "ceph" } },
          after: {
            rootfs: { size: "8G", storage: "ceph" },
            mp0: { size: "50G", storage: "ceph", options: { mp: "/srv/cache", backup: 0 } },
          },
        },
        {
          name: "options",
          before: { features: "nesting=1", onboot: 0 },
          after: { features: "keyctl=1,nesting=1", onboot: 1 },
        },
        { name: "tags", before: ["db", "web"], after: ["proxy", "web"] },
        { name: "power", before: "stopped", after: "running" },
      ],
      because: [byBob("container proxy01")],
    }),
  ],
  drifted: [
    vmChange(drifted, {
      fields: [
        { name: "memory", before: 1024, after: 2048 },
        { name: "power", before: "running", after: "stopped" },
      ],
      effects: ["stops"],
      because: [
        {
          reason: "drift",
          task: { upid: "UPID:pve1:…", user: "root@pam", type: "qmconfig", time: "2026-11-28T03:12:00Z" },
        },
      ],
    }),
    nameChange(drifted, "mail01.lab.example", {
      fields: [{ name: "ttl", before: 60, after: 300 }],
      because: [{ reason: "drift", serial: { before: 2026112700, after: 2026112801 } }],
    }),
  ],
};

const other = (kind: string, object: string, name: string, change: Partial<Change>): Change => ({
  urn: urnIn(kind, name),
  object,
  name,
  system: "Proxmox VE",
  action: "update",
  fields: [],
  effects: [],
  ...change,
});

/** Changes of what no guest has: access, templates, a firewall, objects of NetBox. */
export const sampleOthers: Change[] = [
  other("proxmox:ProxmoxRole", "role", "NetboxSitePool on pve-lab", {
    fields: [{ name: "privileges", before: ["Pool.Allocate"], after: ["Pool.Allocate", "Pool.Audit"] }],
    because: [{ reason: "version" }],
  }),
  other("proxmox:ProxmoxAcl", "right", "NetboxSiteGuests for netbox-site@pve at /vms on pve-lab", {
    action: "create",
    fields: madeFields({
      cluster: "pve-lab",
      path: "/vms",
      propagate: true,
      roleid: "NetboxSiteGuests",
      type: "user",
      ugid: "netbox-site@pve",
    }),
    because: [{ reason: "file", place: "access.yml:12" }],
  }),
  other("proxmox:ProxmoxToken", "token", "robot@pve!ci on pve-lab", {
    fields: [
      { name: "rotation", before: 0, after: 1 },
      { name: "generation", before: 0, after: 1 },
      { name: "expire", before: 0, after: 1798761600 },
    ],
    because: [{ reason: "file", place: "access.yml:31" }],
  }),
  other("sinks:SecretSink", "secret", "robot@pve!ci in /etc/robot.env", {
    system: "files",
    fields: [
      { name: "generation", before: 0, after: 1 },
      { name: "credential", isSecret: true },
    ],
  }),
  other("proxmox:ProxmoxTemplate", "template", "bookworm (9200) on pve1", {
    action: "create",
    fields: madeFields({
      agent: true,
      bridge: "vmbr0",
      cluster: "pve-lab",
      commands: ["echo done > /etc/motd"],
      cores: 1,
      cpu: "x86-64-v2-AES",
      image: { source: "https://cloud.debian.org/debian-12.qcow2", file: "debian-12-aa006c543959.qcow2" },
      memory: 1024,
      method: "ssh",
      name: "bookworm",
      node: "pve1",
      ostype: "l26",
      owner: "netbox-proxmox/templates",
      packages: ["qemu-guest-agent"],
      recipe: "1f9626e4",
      serial: true,
      storage: "ceph",
      sysprep: true,
      tags: ["template"],
      title: "bookworm",
      vmid: 9200,
    }),
    because: [{ reason: "file", place: "templates.yml:4" }],
  }),
  other("proxmox:ProxmoxFirewall", "firewall", "container 200 on pve-lab", {
    fields: [
      {
        name: "rules",
        before: [{ action: "ACCEPT", comment: "web", dport: "80", proto: "tcp", type: "in" }],
        after: [{ action: "ACCEPT", comment: "web", dport: "443", proto: "tcp", type: "in" }],
      },
    ],
    because: [{ reason: "file", place: "platform.yml:20" }],
  }),
  other("netbox:Prefix", "prefix", "10.79.0.0/24", {
    system: "NetBox",
    url: `${netbox}/ipam/prefixes/9/`,
    fields: [
      {
        name: "fields",
        before: { prefix: "10.79.0.0/24", role: "applications", vlan: "applications (79)" },
        after: { prefix: "10.79.0.0/24", role: "servers", vlan: "applications (79)" },
      },
      { name: "customFields", before: { gateway: "10.79.0.1" }, after: { gateway: "10.79.0.254" } },
    ],
  }),
];

/** A report with one of everything. */
export const sampleReport: PlanReport = {
  format: 1,
  stack: "netbox-proxmox/prod",
  program: "site",
  madeAt: "2026-11-28T14:05:00Z",
  isRefreshed: false,
  branch: { name: "renumber-db", url: `${netbox}/plugins/branching/branches/4/` },
  changes: [
    ...Object.values(sampleGuests).flat(),
    ...sampleOthers,
    other("site:SiteAnchor", "anchor", "anchor", {
      system: "NetBox",
      action: "create",
      fields: madeFields({ leftovers: [] }),
    }),
  ],
  unchanged: 137,
  problems: [],
  warnings: [
    "web07 (https://netbox.example/virtualization/virtual-machines/21/) is left out: its disk scsi0 has no size.",
  ],
  notes: ["The guests' agents told 3 addresses that NetBox doesn't have."],
  policies: [
    {
      policy: "owner",
      severity: "warn",
      object: "VM",
      name: "web02",
      url: pageOfGuest(12),
      message: "has no tenant",
    },
    {
      policy: "anti-affinity",
      severity: "refuse",
      object: "VM",
      name: "build01",
      url: pageOfGuest(10),
      message: "would run on pve2 beside build02",
    },
    {
      policy: "backup",
      severity: "warn",
      object: "VM",
      name: "test01",
      message: "has no backup job",
      exception: { tag: "no-backup", until: "2026-12-31" },
    },
  ],
  capacity: [
    { kind: "node memory", cluster: "pve-lab", name: "pve1", unit: "MiB", total: 65536, before: 49152, after: 57344 },
    {
      kind: "node memory",
      cluster: "pve-lab",
      name: "pve2",
      unit: "MiB",
      total: 65536,
      before: 60000,
      after: 62464,
      warning: "no other node could take its guests if it failed",
    },
    { kind: "node CPU", cluster: "pve-lab", name: "pve1", unit: "cores", total: 32, before: 20, after: 20 },
    { kind: "storage", cluster: "pve-lab", name: "ceph", unit: "GiB", total: 2000, before: 900.5, after: 990 },
  ],
};

/** One with nothing in it. */
export const emptyReport: PlanReport = {
  format: 1,
  stack: "netbox-proxmox/prod",
  program: "site",
  madeAt: sampleReport.madeAt,
  isRefreshed: true,
  changes: [],
  unchanged: 12,
  ...{ problems: [], warnings: [], notes: [], policies: [], capacity: [] },
};

/** A plan of many guests: some deleted, some grown, some new. @param count guests, with three changes each */
export function largeReport(count: number): PlanReport {
  const changes = Array.from({ length: count }, (_, n): Change[] => {
    const guest = { id: 1000 + n, name: `web${n + 1}` };
    const address = `10.${72 + Math.floor(n / 60_000)}.${Math.floor(n / 250) % 250}.${(n % 250) + 1}`;
    if (n % 10 === 0)
      return [
        vmChange(guest, { action: "delete", fields: goneFields(vmInputs(guest, 5000 + n)), effects: ["removes"] }),
        nameChange(guest, `${guest.name}.lab.example`, {
          action: "delete",
          fields: goneFields(nameInputs(`${guest.name}.lab.example`, address, guest.id)),
        }),
      ];
    if (n % 3 === 0)
      return [
        vmChange(guest, {
          fields: [{ name: "memory", before: 2048, after: 4096 }],
          effects: ["restarts"],
          because: [byAnna(`VM ${guest.name}`)],
        }),
      ];
    return [
      vmChange(guest, {
        action: "create",
        fields: madeFields(vmInputs(guest, 5000 + n)),
        because: [byAnna(`VM ${guest.name}`, "create")],
      }),
      addressChange(guest, `${guest.name} net0`, {
        action: "create",
        fields: madeFields(addressInputs(guest, undefined, false)),
      }),
      nameChange(guest, `${guest.name}.lab.example`, {
        action: "create",
        fields: madeFields({ server: "ns1", ttl: 300 }),
      }),
    ];
  }).flat();
  const { branch: _branch, ...rest } = sampleReport;
  return { ...rest, isRefreshed: true, changes };
}
