import { describe, expect, it } from "vitest";
import { definitions } from "../../../../providers/registry";
import { tokensOf } from "../../../../providers/resource";
import { unknown } from "../../../../providers/unknown";
import type { Change, FieldChange } from "../../../../stacks/plan/change";
import { propertyOf } from "../../../../stacks/plan/report/properties";
import { terminalReport } from "../../../../stacks/plan/report/terminal";
import { wordsOf } from "../../../../stacks/plan/report/words";
import { emptyReport, madeFields, sampleGuests, sampleOthers, sampleReport, vmChange } from "../../../harness/reports";

const clock = { madeAt: sampleReport.madeAt, timeZone: "UTC" };
const guest = { id: 7, name: "web01" };

/** The lines of the changes alone. */
function linesOf(changes: Change[], full = false): string[] {
  const lines = terminalReport({ ...emptyReport, changes }, { width: 500, colour: false, full, timeZone: "UTC" });
  return lines.slice(2, lines.indexOf("", 2));
}

const oneLine = (change: Partial<Change>): string => linesOf([vmChange(guest, change)])[0] ?? "";
const parts = (...fields: FieldChange[]): string[] => wordsOf(vmChange(guest, { fields }), clock).parts;
const partsOf = (kind: string, ...fields: FieldChange[]): string[] => {
  const urn = `urn:pulumi:prod::netbox-proxmox::pulumi-nodejs:dynamic/${kind}::x`;
  const change: Change = { urn, object: "x", name: "x", system: "NetBox", action: "update", fields, effects: [] };
  return wordsOf(change, clock).parts;
};

describe("someone who reads only the report knows what happens to a guest that is", () => {
  it.each<[string, string[]]>([
    [
      "renamed",
      [
        '~ shop01  renamed web09 → shop01, notes "The old shop" → "The shop"  restart needed for cloud-init  anna, 28 Nov 14:02: "ticket 4711"',
        "  - name web09.lab.example  is removed from DNS  A 10.71.0.17, with PTR, on ns1",
        "  ~ address 10.71.0.17/24 of net0  DNS name web09.lab.example → shop01.lab.example",
        "  + name shop01.lab.example  A 10.71.0.17, with PTR, TTL 300 s, on ns1",
      ],
    ],
    [
      "renumbered",
      [
        '~ db01  net0 IPv4 gateway 10.71.0.1 → 10.72.0.1, net0 VLAN 71 → 72  renumbers net0 10.71.0.5/24 → 10.72.0.5/24  restart needed for cloud-init  bob added address 10.72.0.5/24, 27 Nov 08:40: "db servers get a VLAN of their own"',
        "  - address 10.71.0.5/24 of net0  is released: others may get it",
        "  ~ name db01.lab.example  A 10.71.0.5 → 10.72.0.5, PTR of 10.71.0.5 → 10.72.0.5",
        "  + address 10.72.0.5/24 of net0  chosen in NetBox, primary",
      ],
    ],
    [
      "grown",
      [
        '~ web01  memory 2048 → 4096 MiB, scsi0 20 → 40 GiB  restart needed for memory  anna, 28 Nov 14:02: "ticket 4711"',
      ],
    ],
    [
      "moved",
      [
        '~ build01  migrates from pve1 to pve2  detaches scsi1 and keeps its data as an unused disk  moves scsi0 from local-lvm to local-zfs  anna, 28 Nov 14:02: "pve1 is worn out"  setting site.defaults.storage',
      ],
    ],
    [
      "deleted",
      [
        '- old01  deletes the VM 104 on pve2 with its disks scsi0 32 GiB, scsi1 8 GiB  bob, 27 Nov 08:40: "nobody has used it since May"',
        "  - address 10.71.0.44/24 of net0  goes back to its prefix",
        "  - name old01.lab.example  A 10.71.0.44, with PTR, on ns1",
        "  - NetBox object  deleted if its status is decommissioning, else only its VMID is cleared",
      ],
    ],
    [
      "made",
      [
        '+ web02  new VM: 4 cores, 8192 MiB, 2 disks 40 GiB, from template 9000, on pve1, net0 vmbr0 VLAN 71, 10.71.0.5/24, VMID 112, tags web  anna, 28 Nov 14:02: "ticket 4712"',
        "  + address of net0  the next free one of 10.71.0.0/24, primary",
        "  + name web02.lab.example  TTL 300 s, on ns1",
      ],
    ],
    [
      "rebuilt",
      [
        '± test01  deletes the VM with its disks and makes it anew  template 9000 → 9001  anna, 28 Nov 14:02: "fresh for the trial"',
      ],
    ],
    [
      "adopted",
      ["+ legacy01  takes over the VM 230 on pve1 as it is, and writes nothing but its mark  setting site.adopt"],
    ],
    [
      "container",
      [
        "~ proxy01  net0 firewall off → on, mp0 added: 50 GiB on ceph, backup off, mounted at /srv/cache, features keyctl set to 1, onboot off → on, tags +proxy -db  starts  bob, 27 Nov 08:40",
      ],
    ],
    [
      "drifted",
      [
        "~ mail01  memory 1024 → 2048 MiB  stops  changed on Proxmox VE by root@pam, 28 Nov 03:12 (task qmconfig)",
        "  ~ name mail01.lab.example  TTL 60 → 300 s  changed on the name server by hand (serial 2026112700 → 2026112801)",
      ],
    ],
  ])("%s", (sort, lines) => {
    expect(linesOf(sampleGuests[sort] ?? [])).toEqual(lines);
  });

  it("and what happens to what is of no guest", () => {
    expect(linesOf(sampleOthers)).toEqual([
      "~ firewall container 200 on pve-lab  rule 1 port 80 → 443  platform.yml:20",
      "~ prefix 10.79.0.0/24  role applications → servers, custom field gateway 10.79.0.1 → 10.79.0.254",
      "~ role NetboxSitePool on pve-lab  privileges +Pool.Audit  a new version of netbox-proxmox",
      "~ secret robot@pve!ci in /etc/robot.env  gets a new secret, credential changes",
      "~ token robot@pve!ci on pve-lab  gets a new secret, expires never → 1 Jan 2027  access.yml:31",
      "+ right NetboxSiteGuests for netbox-site@pve at /vms on pve-lab  and all below it  access.yml:12",
      '+ template bookworm (9200) on pve1  guest agent, bridge vmbr0, cluster pve-lab, commands "echo done > /etc/motd", cores 1, CPU type x86-64-v2-AES, image https://cloud.debian.org/debian-12.qcow2 (file debian-12-aa006c543959.qcow2), memory 1024 MiB, built by ssh, OS type l26, packages qemu-guest-agent, serial console, storage ceph, identity wiped, tags template, VMID 9200  templates.yml:4',
    ]);
  });
});

const vlan = (tag: number) => ({ bridge: "vmbr0", tag, model: "virtio", mtu: 1500 });

describe("a guest's properties in words", () => {
  it.each<[FieldChange, string[]]>([
    [{ name: "memory", before: 2048, after: 4096 }, ["memory 2048 → 4096 MiB"]],
    [{ name: "cores", after: 4 }, ["cores set to 4"]],
    [{ name: "pool", before: "shop", after: "" }, ["pool shop → none"]],
    [{ name: "ha", before: "none", after: "managed" }, ["HA none → managed"]],
    [{ name: "node", before: "pve1", after: "pve2" }, ["node pve1 → pve2"]],
    [{ name: "tags", before: ["old", "web"], after: ["db", "web"] }, ["tags +db -old"]],
    [{ name: "power", before: "running", after: "paused" }, ["pauses"]],
    [
      { name: "options", before: { onboot: 0, agent: "enabled=0" }, after: { onboot: 1, agent: "enabled=1" } },
      ["agent off → on", "onboot off → on"],
    ],
    [
      { name: "options", before: { boot: "order=scsi0" }, after: { boot: "order=scsi1" } },
      ["boot order=scsi0 → order=scsi1"],
    ],
    [
      { name: "options", before: { hotplug: "disk,usb" }, after: { hotplug: "disk,network" } },
      ["hotplug +network -usb"],
    ],
    [
      {
        name: "disks",
        before: { scsi0: { size: "512M", storage: "a", options: { ssd: 0 } } },
        after: { scsi0: { size: "2G", storage: "b", options: { ssd: 1 } } },
      },
      ["scsi0 ssd off → on", "scsi0 512 MiB → 2 GiB", "scsi0 storage a → b"],
    ],
    [
      {
        name: "networks",
        before: { net0: vlan(10) },
        after: {
          net0: { bridge: "vmbr1", tag: 20, model: "virtio", linkDown: true },
          net1: { bridge: "vmbr2", model: "e1000" },
        },
      },
      [
        "net0 bridge vmbr0 → vmbr1",
        "net0 link up → down",
        "net0 MTU 1500 → default",
        "net0 VLAN 10 → 20",
        "net1 added: vmbr2, model e1000",
      ],
    ],
    [{ name: "networks", before: { net0: vlan(10) }, after: { net0: vlan(20) } }, ["net0 VLAN 10 → 20"]],
    [
      {
        name: "networks",
        before: { net0: { bridge: "vmbr0", trunks: "10;20" } },
        after: { net0: { bridge: "vmbr0", trunks: "10;30" } },
      },
      ["net0 VLANs of the trunk +30 -20"],
    ],
    [
      {
        name: "cloudInit",
        before: {
          user: "admin",
          ipconfig: { "0": "ip=dhcp" },
          password: { name: "main", version: "a" },
          nameservers: ["10.0.0.1"],
        },
        after: {
          user: "root",
          ipconfig: { "0": "ip=10.0.0.5/24,gw=10.0.0.1" },
          password: { name: "main", version: "b" },
          nameservers: ["10.0.0.2"],
        },
      },
      [
        "net0 IPv4 gateway none → 10.0.0.1",
        "net0 IPv4 dhcp → 10.0.0.5/24",
        "cloud-init DNS servers 10.0.0.1 → 10.0.0.2",
        "cloud-init password main has another value",
        "cloud-init user admin → root",
      ],
    ],
    [{ name: "description", before: "One\nTwo", after: "One\nThree" }, ['notes +"Three" -"Two"']],
    [
      {
        name: "cloudInit",
        before: { ipconfig: { "0": "ip=10.0.0.5/24" } },
        after: { ipconfig: { "0": `ip=${unknown}` } },
      },
      ["net0 IPv4 10.0.0.5/24 → not known yet"],
    ],
    [{ name: "vmid", before: 104 }, ["VMID 104 → not known yet"]],
    [{ name: "pool", before: "shop", isRemoved: true }, ["pool shop → none"]],
    [{ name: "password", isSecret: true }, ["password of root changes"]],
  ])("%j", (field, words) => {
    expect(parts(field)).toEqual(words);
  });

  it("a new one with everything, where all is asked for", () => {
    const [line = ""] = linesOf(sampleGuests.made ?? [], true);
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkbQOMz3F46Vy10qGgAP8nd anna@laptop";
    for (const each of ["onboot on", "agent on", "user admin", "DNS servers 10.71.0.53", key])
      expect(line).toContain(each);
    expect(linesOf(sampleGuests.made ?? []).join()).not.toContain("ssh-ed25519");
  });

  it("a linked clone, a container of an OS template, two NICs, one that is not started", () => {
    const of = (properties: Record<string, unknown>) => oneLine({ action: "create", fields: madeFields(properties) });
    expect(of({ cores: 1, template: 9000, fullClone: false, power: "stopped" })).toBe(
      "+ web01  new VM: 1 core, linked clone of template 9000, not started",
    );
    const networks = {
      net0: { bridge: "vmbr0", ip: "10.0.0.5/24" },
      net1: { bridge: "vmbr1", tag: 20, ip: "dhcp" },
    };
    expect(of({ type: "lxc", template: "local:vztmpl/debian-12.tar.zst", networks })).toBe(
      "+ web01  new VM: from local:vztmpl/debian-12.tar.zst, net0 vmbr0, 10.0.0.5/24, net1 vmbr1 VLAN 20, dhcp",
    );
  });
});

describe("properties of the other kinds", () => {
  it.each<[string, FieldChange, string[]]>([
    [
      "bind9:Bind9Record",
      { name: "ttls", before: { A: 60 }, after: { A: 120, AAAA: 60 } },
      ["TTL of the A records 60 → 120 s", "TTL of the AAAA records as the others → 60 s"],
    ],
    [
      "bind9:Bind9Record",
      { name: "records", before: { A: ["10.0.0.5"] }, after: { A: ["10.0.0.6", "10.0.0.7"] } },
      ["A +10.0.0.6 +10.0.0.7 -10.0.0.5"],
    ],
    [
      "bind9:Bind9Record",
      { name: "owner", before: { stack: "p/a", guests: [7] }, after: { stack: "p/a", guests: [7, 8] } },
      ["of the guests with the NetBox ids +8"],
    ],
    ["netbox:NetboxIpAllocation", { name: "primary", before: false, after: true }, ["becomes the primary address"]],
    ["netbox:NetboxDnsRecord", { name: "value", before: "10.0.0.5", after: "10.0.0.6" }, ["10.0.0.5 → 10.0.0.6"]],
    ["netbox:NetboxGuest", { name: "vmid", before: 104, after: 105 }, ["VMID 104 → 105"]],
    ["netbox:NetboxToken", { name: "allowedIps", before: [], after: ["10.0.0.0/8"] }, ["taken from +10.0.0.0/8"]],
    [
      "proxmox:ProxmoxToken",
      { name: "retires", after: 1798761600 },
      ["may be deleted from 1 Jan 2027 on: another one took over"],
    ],
    ["proxmox:ProxmoxToken", { name: "privsep", before: true, after: false }, ["rights of its own yes → no"]],
    ["proxmox:ProxmoxUser", { name: "groups", before: [], after: ["crew"] }, ["groups +crew"]],
    ["proxmox:ProxmoxUser", { name: "passwordVersion", before: "a", after: "b" }, ["gets a new password"]],
    [
      "proxmox:ProxmoxSnapshot",
      { name: "due", before: "old", after: "before-2026-11-28" },
      ["takes the snapshot before-2026-11-28 first"],
    ],
    [
      "proxmox:ProxmoxSnapshot",
      { name: "expired", before: [], after: ["a", "b"] },
      ["deletes the snapshots whose time is over: a, b"],
    ],
    [
      "proxmox:ProxmoxFirewall",
      { name: "policyIn", before: "DROP", after: "ACCEPT" },
      ["incoming by default DROP → ACCEPT"],
    ],
    [
      "proxmox:ProxmoxFirewall",
      {
        name: "rules",
        before: [],
        after: [{ type: "in", action: "ACCEPT", proto: "tcp", source: "10.0.0.0/8", dport: "22", comment: "ssh" }],
      },
      ["+in ACCEPT tcp from 10.0.0.0/8 port 22 ssh"],
    ],
    ["proxmox:ProxmoxNetwork", { name: "nodes", before: ["pve1"], after: ["pve1", "pve2"] }, ["nodes +pve2"]],
    [
      "platform:ContainerService",
      {
        name: "settings",
        before: { port: 5432, clients: ["10.0.0.1/32"] },
        after: { port: 5433, clients: ["10.0.0.2/32"] },
      },
      ["clients 10.0.0.1/32 → 10.0.0.2/32", "port 5432 → 5433"],
    ],
    ["platform:ContainerService", { name: "secrets", isSecret: true }, ["secrets changes"]],
    [
      "netbox:NetboxChoices",
      {
        name: "choices",
        before: [["9000", "noble"]],
        after: [
          ["9000", "noble"],
          ["9001", "bookworm"],
        ],
      },
      ["choices +bookworm [9001]"],
    ],
    [
      "netbox:Prefix",
      { name: "fields", before: { status: "active" }, after: { status: "reserved", vlan: "db (72)" } },
      ["status active → reserved", 'vlan set to "db (72)"'],
    ],
    [
      "netbox:VirtualMachine",
      {
        name: "interfaces",
        before: { net0: { fields: { mac: "AA", untaggedVlan: "a (1)" } } },
        after: { net0: { fields: { mac: "BB", untaggedVlan: "a (1)" } } },
      },
      ["net0 MAC AA → BB"],
    ],
    [
      "netbox:VirtualMachine",
      { name: "disks", before: { scsi0: { fields: { size: 10240 } } }, after: { scsi0: { fields: { size: 20480 } } } },
      ["scsi0 10 → 20 GiB"],
    ],
    [
      "netbox:VirtualMachine",
      { name: "conflicts", before: [], after: ["memory: NetBox has 2048, Proxmox VE 1024"] },
      ["left as it is: memory: NetBox has 2048, Proxmox VE 1024"],
    ],
  ])("%s %j", (kind, field, words) => {
    expect(partsOf(kind, field)).toEqual(words);
  });

  it("of every kind are called by words, none by a name of the code", () => {
    const unnamed = definitions.flatMap((definition) =>
      tokensOf(definition).flatMap((token) =>
        Object.keys(definition.inputs.shape)
          .map((name) => propertyOf({ urn: `urn:pulumi:prod::netbox-proxmox::${token}::x`, object: "x" }, name)[0])
          .filter((label) => /^[a-z]+[A-Z]/.test(label)),
      ),
    );
    expect([...new Set(unnamed)]).toEqual([]);
  });
});

describe("reasons", () => {
  const because = (...all: NonNullable<Change["because"]>) =>
    wordsOf(vmChange(guest, { because: all }), clock).reasons.map(({ text }) => text);
  const netbox = {
    reason: "netbox",
    user: "anna",
    time: "2026-11-28T14:02:11Z",
    action: "update",
    object: "VM web01",
    request: "a",
    url: "https://netbox.example/core/changelog/1/",
  } as const;

  it("name who it was, when, and what was said", () => {
    expect(because({ ...netbox, message: "ticket 4711" })).toEqual(['anna, 28 Nov 14:02: "ticket 4711"']);
    expect(because(netbox)).toEqual(["anna, 28 Nov 14:02"]);
    expect(because({ ...netbox, object: "interface eth0" })).toEqual(["anna changed interface eth0, 28 Nov 14:02"]);
    expect(because({ ...netbox, action: "delete" })).toEqual(["anna deleted VM web01, 28 Nov 14:02"]);
    expect(because({ ...netbox, time: "2025-02-03T04:05:06Z" })).toEqual(["anna, 3 Feb 2025 04:05"]);
    expect(because({ ...netbox, message: "two\nlines \u202e" })).toEqual(['anna, 28 Nov 14:02: "two\\nlines \\u202e"']);
  });

  it("are in the reader's zone", () => {
    const words = wordsOf(vmChange(guest, { because: [netbox] }), { ...clock, timeZone: "Asia/Tokyo" });
    expect(words.reasons.map(({ text }) => text)).toEqual(["anna, 28 Nov 23:02"]);
  });

  it("say settings, files, versions and drift; one request once", () => {
    expect(
      because(
        { reason: "setting", key: "site.defaults.bridge" },
        { reason: "file", place: "vms.yml:12" },
        { reason: "version" },
      ),
    ).toEqual(["setting site.defaults.bridge", "vms.yml:12", "a new version of netbox-proxmox"]);
    expect(because({ reason: "drift" })).toEqual(["changed on Proxmox VE by hand"]);
    expect(because(netbox, { ...netbox, object: "interface eth0" })).toEqual(["anna, 28 Nov 14:02"]);
    expect(because({ reason: "first run" })).toEqual([]);
    expect(because({ reason: "unknown" })).toEqual(["reason unknown"]);
    expect(because({ reason: "unknown", right: "core.view_objectchange" })).toEqual([]);
  });
});
