import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack, Step } from "../../tools/stack";
import { seedWith, World } from "../world";

// One guest an attribute: each is changed alone in NetBox, then by hand on Proxmox VE. The plan must name it, and `up` do it.

interface Attribute {
  guest: string;
  /** The property of ProxmoxVm that shows it. */
  property: string;
  inNetbox: (netbox: Netbox) => Promise<unknown>;
  /** What `up` must have made of it, by PVE's configuration. */
  made: Record<string, RegExp | undefined>;
  /** Parameters of PUT …/config by hand; a function for anything else. */
  byHand: Record<string, string | number> | ((path: string, world: World) => Promise<unknown>);
  /** Other resources that the change in NetBox belongs to. */
  also?: string[];
}

interface Netbox {
  world: World;
  id: number;
  patch: (body: Record<string, unknown>) => Promise<unknown>;
  patchPart: (path: string, body: Record<string, unknown>) => Promise<unknown>;
}

const attributes: Attribute[] = [
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
    byHand: (path, { consoles }) => consoles.proxmox("PUT", `${path}/resize`, { disk: "scsi0", size: "+1G" }),
  },
  {
    guest: "a-disk",
    property: "disks",
    inNetbox: ({ world, id }) =>
      world.consoles.netbox("POST", "virtualization/virtual-disks/", {
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
    byHand: (path, { consoles }) =>
      consoles.proxmox("POST", `${path}/move_disk`, { disk: "scsi0", storage: "ceph", delete: 1 }),
  },
  {
    guest: "a-vlan",
    property: "networks",
    inNetbox: async ({ world, patchPart }) =>
      patchPart("virtualization/interfaces", { untagged_vlan: await vlan(world, 72) }),
    made: { net0: /tag=72/ },
    byHand: { net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=99" },
  },
  {
    guest: "a-trunk",
    property: "networks",
    inNetbox: async ({ world, patchPart }) =>
      patchPart("virtualization/interfaces", {
        mode: "tagged",
        untagged_vlan: null,
        tagged_vlans: [await vlan(world, 72), await vlan(world, 71)],
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
    inNetbox: async ({ world, patchPart, id }) => {
      const [nic] = await world.consoles.all<{ id: number }>("virtualization/interfaces", `&virtual_machine_id=${id}`);
      const mac = (await world.consoles.netbox("POST", "dcim/mac-addresses/", {
        mac_address: "BC:24:11:AA:BB:CC",
        assigned_object_type: "virtualization.vminterface",
        assigned_object_id: nic?.id,
      })) as { id: number };
      return patchPart("virtualization/interfaces", { primary_mac_address: mac.id });
    },
    made: { net0: /^virtio=BC:24:11:AA:BB:CC,/ },
    byHand: { net0: "virtio=BC:24:11:00:00:05,bridge=vmbr0,tag=71" },
  },
  {
    guest: "a-bridge",
    property: "networks",
    inNetbox: async () => undefined,
    made: { net0: /bridge=vmbr0/ },
    byHand: { net0: "virtio=BC:24:11:00:00:06,bridge=vmbr1,tag=71" },
  },
  {
    guest: "a-nic",
    property: "networks",
    inNetbox: ({ world, id }) =>
      world.consoles.netbox("POST", "virtualization/interfaces/", { virtual_machine: id, name: "net1" }),
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
    inNetbox: async () => undefined,
    made: { ciuser: /^admin$/ },
    byHand: { ciuser: "root" },
  },
  {
    guest: "a-dns",
    property: "cloudInit",
    inNetbox: async () => undefined,
    made: { nameserver: /^10.71.0.53$/ },
    byHand: { nameserver: "9.9.9.9" },
  },
  {
    guest: "a-search",
    property: "cloudInit",
    inNetbox: async () => undefined,
    made: { searchdomain: /^lab.example$/ },
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
    byHand: (path, { consoles }) => consoles.proxmox("POST", `${path}/status/start`),
  },
  {
    guest: "a-paused",
    property: "power",
    inNetbox: ({ patch }) => patch({ status: "paused" }),
    made: {},
    byHand: (path, { consoles }) => consoles.proxmox("POST", `${path}/status/resume`),
  },
  {
    guest: "a-suspended",
    property: "power",
    inNetbox: async () => undefined,
    made: {},
    byHand: (path, { consoles }) => consoles.proxmox("POST", `${path}/status/suspend`),
  },
];

/** Changes a part of an option by hand. */
function byHandIn(option: string, before: string, after: string): Attribute["byHand"] {
  return async (path, { consoles }) => {
    const config = await consoles.proxmox<Record<string, string>>("GET", `${path}/config`);
    await consoles.proxmox("PUT", `${path}/config`, { [option]: String(config[option]).replace(before, after) });
  };
}

function sshKey(comment: string): string {
  const blob = Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from("ssh-ed25519"),
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, 7),
  ]);
  return `ssh-ed25519 ${blob.toString("base64")} ${comment}`;
}

async function vlan({ consoles }: World, vid: number): Promise<number | undefined> {
  return (await consoles.all<{ id: number }>("ipam/vlans", `&vid=${vid}`))[0]?.id;
}

const guests = attributes
  .map(({ guest }, n) =>
    [
      `- name: ${guest}`,
      "  vcpus: 2",
      "  memory: 1024",
      guest === "a-key" ? `  customFields: { proxmox_public_ssh_key: "${sshKey("one")}" }` : "  customFields: {}",
      "  disks: [{ name: scsi0, size: 8192, customFields: { proxmox_disk_storage_volume: ceph } }]",
      `  interfaces: [{ name: net0, vlan: 71, addresses: [10.71.0.${100 + n}/24] }]`,
    ].join("\n"),
  )
  .join("\n");

const changedIn = ({ old, new: wanted }: Step): string[] =>
  [...new Set([...Object.keys(old), ...Object.keys(wanted)])].filter(
    (key) => !["uuid", "system", "pending"].includes(key) && JSON.stringify(old[key]) !== JSON.stringify(wanted[key]),
  );
const brief = (steps: Step[]) =>
  steps.map((step) => `${step.op} ${step.type} ${step.name}: ${changedIn(step).join(",")}`).sort();

describe("every attribute of a guest", () => {
  let world: World;
  let stack: Stack;
  const ids = new Map<string, number>();

  beforeAll(async () => {
    const seed = seedWith(guests);
    seed.netbox.customFields.push(
      { name: "proxmox_option_discard", type: "text", objectTypes: ["virtualization.virtualdisk"] },
      { name: "proxmox_option_firewall", type: "boolean", objectTypes: ["virtualization.vminterface"] },
    );
    world = await World.open(seed);
    stack = await world.stack();
    for (const { guest } of attributes) ids.set(guest, (await world.consoles.vm(guest)).id);
    expect((await stack.up()).errors).toEqual([]);
  });
  afterAll(() => world.close());

  it("changed alone in NetBox previews exactly what up does", async () => {
    for (const { guest, inNetbox } of attributes) {
      const id = ids.get(guest) ?? 0;
      const patch = (body: Record<string, unknown>) =>
        world.consoles.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
      const patchPart = async (path: string, body: Record<string, unknown>) => {
        const [part] = await world.consoles.all<{ id: number }>(path, `&virtual_machine_id=${id}`);
        return world.consoles.netbox("PATCH", `${path}/${part?.id}/`, body);
      };
      await inNetbox({ world, id, patch, patchPart });
    }
    const changed = attributes.filter(({ inNetbox }) => !inNetbox.toString().includes("undefined"));
    const planned = await stack.preview();
    expect(planned.errors).toEqual([]);
    for (const { guest, property, also = [] } of changed) {
      const steps = planned.steps.filter(
        ({ name, new: wanted }) => name === `vm-${ids.get(guest)}` || String(wanted.label).startsWith(`${guest} `),
      );
      const wantedProperty = guest === "a-sockets" ? "cores" : property;
      expect(steps.map((step) => `${step.op} ${step.type}`).sort(), guest).toEqual(
        [...also, "ProxmoxVm"].map((type) => `update ${type}`).sort(),
      );
      expect(
        changedIn(steps.find(({ type }) => type === "ProxmoxVm") ?? { op: "", type: "", name: "", old: {}, new: {} }),
        guest,
      ).toEqual([wantedProperty]);
    }
    expect(planned.steps.filter(({ type }) => type === "ProxmoxVm")).toHaveLength(changed.length);

    const done = await stack.up();
    expect(done.errors).toEqual([]);
    expect(brief(done.steps).map((line) => line.split(":")[0])).toEqual(
      brief(planned.steps).map((line) => line.split(":")[0]),
    );
    const found = new Map((await world.consoles.guests()).map((guest) => [guest.vmid, guest]));
    for (const { guest, made } of attributes) {
      const config = found.get(100_000 + (ids.get(guest) ?? 0))?.config ?? {};
      for (const [option, pattern] of Object.entries(made)) {
        if (pattern) expect(decodeURIComponent(String(config[option])), guest).toMatch(pattern);
        else expect(config[option], guest).toBeUndefined();
      }
    }
    expect(found.get(100_000 + (ids.get("a-power") ?? 0))?.status).toBe("stopped");
  });

  it("is no drift when nobody changed it", async () => {
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(brief(again.steps)).toEqual([]);
    expect(again.code).toBe(0);
  });

  it("changed by hand on Proxmox shows in preview --refresh, and up takes it back", async () => {
    const before = await world.inventory();
    const found = new Map((await world.consoles.guests()).map((guest) => [guest.vmid, guest]));
    for (const { guest, byHand } of attributes) {
      const vmid = 100_000 + (ids.get(guest) ?? 0);
      const path = `/nodes/${found.get(vmid)?.node}/qemu/${vmid}`;
      if (typeof byHand === "function") await byHand(path, world);
      else await world.consoles.proxmox("PUT", `${path}/config`, byHand);
    }
    // A disk that grew can't shrink again: that one is said in the plan, and mended in NetBox.
    const refused = await stack.preview("--refresh");
    expect(refused.output).toContain("scsi0 can't shrink from 10G to 9G");
    const [disk] = await world.consoles.all<{ id: number }>(
      "virtualization/virtual-disks",
      `&virtual_machine_id=${ids.get("a-size")}`,
    );
    await world.consoles.netbox("PATCH", `virtualization/virtual-disks/${disk?.id}/`, { size: 10_240 });

    const planned = await stack.preview("--refresh");
    expect(planned.errors).toEqual([]);
    const seen = planned.steps.filter(({ op, type }) => op === "update" && type === "ProxmoxVm");
    for (const { guest, property } of attributes.filter(({ guest }) => guest !== "a-size")) {
      const step = seen.find(({ name }) => name === `vm-${ids.get(guest)}`);
      expect(step && changedIn(step), guest).toEqual([property]);
    }
    expect(seen).toHaveLength(attributes.length - 1);
    expect((await stack.up("--refresh")).errors).toEqual([]);
    const normal = (text: string) =>
      text
        .replace(/=BC:24:11:00:00:0\d/g, "=MAC")
        .replace(/,"unused\d+":"[^"]*"/g, "")
        .replace(/size=(9|10)G/g, "size")
        .replace(/-disk-\d+/g, "-disk-N")
        .replace(/,"sockets":"1"/g, ""); // said aloud, it is still the default
    expect(normal(await world.inventory())).toBe(normal(before));
  });
});
