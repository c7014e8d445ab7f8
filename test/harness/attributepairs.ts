import { expect } from "vitest";
import type { Guest } from "../../lab/proxmox/guest";
import { context } from "../../providers/context";
import { printMark } from "../../providers/ownership/mark";
import { waitsForStart } from "../../providers/proxmox/nodes/inforce";
import { containerHandler } from "../../providers/proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../../providers/proxmox/nodes/qemu/vm.handler";
import type { GuestType } from "../../providers/proxmox/schemas";
import type { Handler } from "../../providers/resource";
import { isRecord } from "../../providers/values";
import { seedWith, TestSystems } from "./systems";

type Properties = Record<string, unknown>;

/** One attribute of a guest, in the two forms between which it changes. */
export interface Attribute {
  name: string;
  one: Properties;
  other: Properties;
  /** It can't become again what it was. */
  forward?: boolean;
  /** Proxmox VE changes it in a guest that is stopped only. */
  stopped?: boolean;
}

const attribute = (name: string, one: Properties, other: Properties): Attribute => ({ name, one, other });
const options = (all: Record<string, [string | number, string | number]>): Attribute[] =>
  Object.entries(all).map(([name, [one, other]]) =>
    attribute(name, { options: { [name]: one } }, { options: { [name]: other } }),
  );
const disk = (slot: string, more: Properties, of: Properties = {}) =>
  attribute(
    `${slot} ${Object.keys(more).join("")}`,
    { disks: { [slot]: of } },
    { disks: { [slot]: { ...of, options: more } } },
  );

const shared: Attribute[] = [
  attribute("notes", { note: "one" }, { note: "other" }),
  attribute("tags", { tags: ["a"] }, { tags: ["a", "b"] }),
  attribute("cores", { cores: 1 }, { cores: 2 }),
  attribute("memory", { memory: 1024 }, { memory: 2048 }),
  attribute("HA", { ha: "none" }, { ha: "managed" }),
  attribute("pool", { pool: "" }, { pool: "team" }),
  attribute("node", { node: "pve1" }, { node: "pve2" }),
  attribute("power", { power: "running" }, { power: "stopped" }),
  ...options({
    protection: [0, 1],
    onboot: [0, 1],
    startup: ["order=1", "order=2"],
    cpulimit: [0, 1],
    cpuunits: [100, 200],
    ostype: ["debian", "ubuntu"],
  }).filter(({ name }) => name !== "ostype"),
];

const nicOf = (model: Properties, changes: Properties) => ({ networks: { net0: { ...model, ...changes } } });
const virtio = { model: "virtio", bridge: "vmbr0", mac: "BC:24:11:00:00:01" };

/** Every attribute of a virtual machine that can change while it is there. */
export const vmAttributes: Attribute[] = [
  ...shared,
  attribute("name", { name: "one" }, { name: "other" }),
  attribute("sockets", { sockets: 1 }, { sockets: 2 }),
  attribute("paused", { power: "running" }, { power: "paused" }),
  ...options({
    numa: [0, 1],
    localtime: [0, 1],
    tablet: [1, 0],
    acpi: [1, 0],
    kvm: [1, 0],
    balloon: [0, 512],
    shares: [500, 1000],
    bios: ["seabios", "ovmf"],
    scsihw: ["virtio-scsi-pci", "virtio-scsi-single"],
    citype: ["nocloud", "configdrive2"],
    ciupgrade: [1, 0],
    cpu: ["cputype=host", "cputype=kvm64"],
    machine: ["type=q35", "type=pc"],
    vga: ["type=serial0", "type=std"],
    agent: ["enabled=1", "enabled=0"],
    rng0: ["source=/dev/urandom", "source=/dev/random"],
    watchdog: ["model=i6300esb", "model=ib700"],
    audio0: ["device=ich9-intel-hda", "device=AC97"],
    hotplug: ["disk,network,usb", "network,usb"],
    serial1: ["socket", "socket"],
  }).filter(({ name }) => name !== "serial1"),
  attribute("more balloon", { options: { balloon: 256 } }, { options: { balloon: 512 } }),
  { ...attribute("larger", { disks: { scsi0: { size: "3G" } } }, { disks: { scsi0: { size: "4G" } } }), forward: true },
  attribute("storage", { disks: { scsi0: { storage: "ceph" } } }, { disks: { scsi0: { storage: "ceph2" } } }),
  ...["scsi1", "virtio1", "sata1", "ide0"].flatMap((slot) => [
    attribute(slot, {}, { disks: { [slot]: { size: "1G" } } }),
    disk(slot, { cache: "unsafe" }, { size: "1G" }),
  ]),
  disk("scsi0", { discard: "on" }),
  disk("scsi0", { ssd: 1 }),
  disk("scsi0", { aio: "native" }),
  disk("scsi0", { backup: 0 }),
  disk("scsi0", { mbps_rd: 5 }),
  disk("scsi0", { detect_zeroes: 0 }),
  disk("virtio1", { iothread: 1 }, { size: "1G" }),
  attribute("boot", { options: { boot: "order=scsi0" } }, { options: { boot: "order=scsi0;net0" } }),
  attribute(
    "boot from what comes",
    { options: { boot: "order=scsi0" } },
    { options: { boot: "order=scsi0;scsi1" }, disks: { scsi1: { size: "1G" } } },
  ),
  attribute("net1", {}, { networks: { net1: { model: "virtio", bridge: "vmbr0" } } }),
  attribute("bridge", nicOf(virtio, {}), nicOf(virtio, { bridge: "vmbr1" })),
  attribute("VLAN", nicOf(virtio, {}), nicOf(virtio, { tag: 7 })),
  attribute("model", nicOf(virtio, {}), nicOf(virtio, { model: "e1000" })),
  attribute("MAC", nicOf(virtio, {}), nicOf(virtio, { mac: "BC:24:11:00:00:02" })),
  attribute("MTU", nicOf(virtio, {}), nicOf(virtio, { mtu: 1400 })),
  attribute("link", nicOf(virtio, {}), nicOf(virtio, { linkDown: true })),
  attribute("firewall", nicOf(virtio, { options: { firewall: 0 } }), nicOf(virtio, { options: { firewall: 1 } })),
  attribute("queues", nicOf(virtio, { options: { queues: 1 } }), nicOf(virtio, { options: { queues: 2 } })),
  attribute(
    "address",
    { cloudInit: { ipconfig: { "0": "ip=192.0.2.1/24" } } },
    { cloudInit: { ipconfig: { "0": "ip=192.0.2.2/24" } } },
  ),
  attribute("user", { cloudInit: { user: "one" } }, { cloudInit: { user: "other" } }),
  attribute("DNS", { cloudInit: { nameservers: ["192.0.2.1"] } }, { cloudInit: { nameservers: ["192.0.2.2"] } }),
];

const veth = { name: "eth0", bridge: "vmbr0", mac: "BC:24:11:00:00:01" };
const srv = { size: "1G", options: { mp: "/srv" } };

/** Every attribute of a container that can change while it is there. */
export const containerAttributes: Attribute[] = [
  ...shared,
  attribute("hostname", { name: "one" }, { name: "other" }),
  ...options({
    console: [1, 0],
    debug: [0, 1],
    swap: [512, 256],
    tty: [2, 4],
    cmode: ["tty", "shell"],
    ostype: ["debian", "ubuntu"],
    timezone: ["host", "UTC"],
    features: ["nesting=1", ""],
  }),
  attribute("mount point", {}, { disks: { mp1: srv } }),
  attribute("its path", { disks: { mp1: srv } }, { disks: { mp1: { ...srv, options: { mp: "/more" } } } }),
  attribute(
    "quota",
    { disks: { rootfs: { options: { quota: 0 } } } },
    { disks: { rootfs: { options: { quota: 1 } } } },
  ),
  {
    ...attribute("larger", { disks: { rootfs: { size: "8G" } } }, { disks: { rootfs: { size: "9G" } } }),
    forward: true,
  },
  {
    ...attribute("storage", { disks: { rootfs: { storage: "ceph" } } }, { disks: { rootfs: { storage: "ceph2" } } }),
    stopped: true,
  },
  attribute("net1", {}, { networks: { net1: { name: "eth1", bridge: "vmbr0" } } }),
  attribute("net10", {}, { networks: { net10: { name: "eth10", bridge: "vmbr0" } } }),
  attribute("bridge", nicOf(veth, {}), nicOf(veth, { bridge: "vmbr1" })),
  attribute("VLAN", nicOf(veth, {}), nicOf(veth, { tag: 7 })),
  attribute("inner name", nicOf(veth, {}), nicOf(veth, { name: "lan0" })),
  attribute("MAC", nicOf(veth, {}), nicOf(veth, { mac: "BC:24:11:00:00:02" })),
  attribute("MTU", nicOf(veth, {}), nicOf(veth, { mtu: 1400 })),
  attribute("link", nicOf(veth, {}), nicOf(veth, { linkDown: true })),
  attribute("address", nicOf(veth, { ip: "192.0.2.1/24" }), nicOf(veth, { ip: "192.0.2.2/24" })),
  attribute("DNS", { nameservers: ["192.0.2.1"] }, { nameservers: ["192.0.2.2"] }),
  attribute("search domain", { searchDomain: "one.example" }, { searchDomain: "other.example" }),
];

/** All pairs of different attributes that can change in a guest that runs, or is stopped. */
export const pairsOf = (type: GuestType, power: "running" | "stopped"): [Attribute, Attribute][] => {
  const all = type === "qemu" ? vmAttributes : containerAttributes;
  const pairs = all.flatMap((first, n) => all.slice(n + 1).map((second): [Attribute, Attribute] => [first, second]));
  return pairs.filter((pair) => {
    const names = pair.map(({ name }) => name);
    // A guest with HA can't be paused.
    if (names.includes("HA") && names.includes("paused")) return false;
    const isStopped = power === "stopped" || names.includes("power");
    return isStopped || !pair.some(({ stopped }) => stopped);
  });
};

/** The demo's systems with what the attributes need beside it: a second shared storage and a pool. */
export async function openForPairs(): Promise<TestSystems> {
  const seed = seedWith("[]");
  seed.proxmox["pve-lab"]?.storages.push({ storage: "ceph2", type: "rbd", content: "images,rootdir", shared: true });
  const systems = await TestSystems.open(seed);
  // Rights are another test's.
  systems.context({ shutdownTimeout: 1 }, {}, systems.endpoints);
  await systems.clients.proxmox("POST", "/pools", { poolid: "team" });
  return systems;
}

/** Two sets of properties as one; where both have the same, the second's. */
function merged(one: Properties, two: Properties): Properties {
  const all = { ...one };
  for (const [key, value] of Object.entries(two)) {
    const before = all[key];
    all[key] = isRecord(before) && isRecord(value) ? merged(before, value) : value;
  }
  return all;
}

function baseOf(type: GuestType, vmid: number): Properties {
  const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
  const base = { cluster: "pve-lab", vmid, mark, fullClone: true, storage: "ceph", tags: [], cores: 1, memory: 1024 };
  return type === "qemu"
    ? {
        ...{ ...base, name: `g${vmid}`, template: 9000, sockets: 1 },
        ...{ networks: { net0: virtio }, disks: { scsi0: { size: "3G" } }, cloudInit: { ipconfig: {} } },
      }
    : {
        ...{ ...base, name: `c${vmid}`, type: "lxc", template: 9100, placement: "pve1" },
        ...{ networks: { net0: veth }, disks: { rootfs: { size: "8G" } } },
      };
}

const handlers: Record<GuestType, Handler<string>> = { qemu: vmHandler, lxc: containerHandler };

/** Proxmox VE's drives and network devices, with what each holds. */
const held = ({ config }: Guest, key: RegExp, what: RegExp) =>
  Object.fromEntries(
    [...config].flatMap(([name, value]) => (key.test(name) ? [[name, what.exec(String(value))?.[1]]] : [])),
  );

/**
 * A guest of a kind that runs or is stopped, with two attributes: both change, both change back. Each time everything is
 * written in an order that Proxmox VE takes; what then waits for a start is what the plan said; nothing is asked for twice;
 * and after a start the guest is what was asked for, its volumes and its MACs are those that it had.
 */
export async function changesHold(
  systems: TestSystems,
  type: GuestType,
  vmid: number,
  power: "running" | "stopped",
  pair: [Attribute, Attribute],
): Promise<void> {
  const handler = handlers[type];
  const { cluster } = systems.lab.proxmox.get("pve-lab") ?? expect.unreachable("the seed has that cluster");
  const propertiesOf = (sides: ("one" | "other")[]): Properties => {
    const { note, ...all } = pair.reduce(
      (inputs, each, n) => merged(inputs, each[sides[n] ?? "one"]),
      merged(baseOf(type, vmid), { power }),
    );
    const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
    return { ...all, description: [...(note === undefined ? [] : [note]), printMark(mark)].join("\n\n") };
  };
  const guest = () => cluster.guests.get(vmid) ?? expect.unreachable("it was made");
  const forget = () => context().cluster("pve-lab").forget();
  const first = propertiesOf(["one", "one"]);
  const made = await handler.create(first);
  let state: Properties = { ...made.state };
  const back = pair.map(({ forward }): "one" | "other" => (forward ? "other" : "one"));
  for (const wanted of [propertiesOf(["other", "other"]), propertiesOf(back)]) {
    const macs = held(guest(), /^net\d+$/, /((?:[0-9A-F]{2}:){5}[0-9A-F]{2})/);
    const ran = guest().running && !guest().paused;
    // Started a while ago.
    guest().startedAt -= 60_000;
    const said = ran && wanted.power === "running" ? waitsForStart(type, state, wanted) : [];
    forget();
    const next: Properties = { ...(await handler.update(made.id, state, wanted)) };
    const title = `${type} ${power}: ${pair.map(({ name }) => name).join(" and ")}`;
    expect(handler.diff(next, wanted), title).toEqual({ changes: false });
    if (ran && wanted.power === "running" && wanted.node === state.node)
      expect(next.pending ?? [], `${title}: what waits`).toEqual([...new Set(said)].sort());
    if (wanted.power === "stopped") expect(guest().pending, title).toEqual(new Map());
    forget();
    expect({ ...(await handler.read(made.id, next))?.state }, title).toEqual(next);
    // Started anew it is what was asked for, and waits for nothing.
    if (guest().running) {
      const path = `/nodes/${guest().node}/${type}/${vmid}/status`;
      const sid = `${type === "qemu" ? "vm" : "ct"}:${vmid}`;
      const ha = cluster.ha.resources.get(sid);
      cluster.ha.resources.delete(sid);
      await systems.clients.proxmox("POST", `${path}/stop`);
      if (wanted.power !== "stopped") await systems.clients.proxmox("POST", `${path}/start`);
      if (wanted.power === "paused") await systems.clients.proxmox("POST", `${path}/suspend`);
      if (ha !== undefined) cluster.ha.resources.set(sid, ha);
      guest().startedAt += 2000;
    }
    forget();
    const read: Properties = { ...(await handler.read(made.id, next))?.state };
    expect(handler.diff(read, wanted), `${title}: started anew`).toEqual({ changes: false });
    expect(read.pending, title).toBeUndefined();
    const asked = isRecord(wanted.networks) ? wanted.networks : {};
    for (const [slot, mac] of Object.entries(held(guest(), /^net\d+$/, /((?:[0-9A-F]{2}:){5}[0-9A-F]{2})/))) {
      const own = isRecord(asked[slot]) ? asked[slot].mac : undefined;
      if (own === undefined && macs[slot] !== undefined) expect(mac, `${title}: MAC of ${slot}`).toBe(macs[slot]);
    }
    const volumes = Object.values(
      held(guest(), /^(scsi|virtio|sata|ide|mp|rootfs|unused|efidisk|tpmstate)\d*$/, /^(?:volume=|file=)?([^,]+)/),
    );
    const there = cluster.storages.owned(vmid).map(({ volid }) => volid);
    expect(
      volumes.filter((volid) => volid !== "none,media=cdrom" && volid !== "none").sort(),
      `${title}: volumes`,
    ).toEqual(there.sort());
    state = read;
  }
  guest().config.delete("protection");
  forget();
  await handler.delete(made.id, state);
  expect(cluster.guests.has(vmid)).toBe(false);
}
