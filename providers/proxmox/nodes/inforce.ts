import { isRecord } from "../../values";
import { parsePropertyString, printPropertyString } from "../propertystring";
import type { GuestConfig, GuestType } from "../schemas";
import { diskKinds } from "./disks";
import { optionFrom } from "./options";
import { networkFrom } from "./qemu/vm.model";

// When a change of a guest that runs is in force: by kind, option and direction (added, changed, removed). From the answers
// of genuine nodes, and where none was recorded from vmconfig_hotplug_pending of qemu-server and pve-container.

/** `live`: at once. `pending`: from its next start, as Proxmox VE says itself. `silent`: the same, though Proxmox VE shows it as in force. */
export type InForce = "live" | "pending" | "silent";

/** Texts as the configuration has them; undefined before it is added, and after it is removed. */
interface Change {
  before: string | undefined;
  after: string | undefined;
}

interface Row {
  key: RegExp;
  when: InForce | ((change: Change, key: string, config: GuestConfig) => InForce);
}

const liveIf = (is: boolean): InForce => (is ? "live" : "pending");

/** What the option `hotplug` lets a virtual machine plug. */
function features(config: GuestConfig): Set<string> {
  const words = String(optionFrom("hotplug", config.hotplug));
  return new Set((words === "1" ? "disk,network,usb" : words).split(","));
}

const keysOf = (text: string | undefined): Map<string, string> => parsePropertyString(text ?? "").options;

const differ = (keys: string[], { before, after }: Change): boolean => {
  const [one, other] = [keysOf(before), keysOf(after)];
  return keys.some((key) => (one.get(key) ?? "") !== (other.get(key) ?? ""));
};

/** Keys of a disk that QEMU can't change while it has it open. */
const openedWith = ["aio", "cache", "discard", "iothread", "queues", "product", "ro", "ssd", "vendor"];

function driveOf(change: Change, slot: string, config: GuestConfig): InForce {
  const isPluggable = features(config).has("disk") && !/^(ide|sata|efidisk|tpmstate)/.test(slot);
  if (change.before === undefined || change.after === undefined) return liveIf(isPluggable);
  if (/^(efidisk|tpmstate)/.test(slot) || differ(openedWith, change)) return "pending";
  return differ(["detect_zeroes"], change) ? "silent" : "live";
}

function cardOfVm({ before, after }: Change, _slot: string, config: GuestConfig): InForce {
  const plugs = features(config).has("network");
  if (before === undefined || after === undefined) return liveIf(plugs);
  const [one, other] = [networkFrom(before), networkFrom(after)];
  const isReplugged =
    one.model !== other.model || one.mac !== other.mac || differ(["queues", "mtu"], { before, after });
  return liveIf(!isReplugged || plugs);
}

function cardOfContainer(change: Change, slot: string): InForce {
  // pve-container takes devices of one digit away at once, and no others.
  if (change.after === undefined) return liveIf(/^net\d$/.test(slot));
  if (differ(["mtu"], change)) return "silent";
  const isPlugged = differ(["bridge", "tag", "firewall", "link_down", "hwaddr", "name"], change);
  return differ(["trunks"], change) && !isPlugged ? "silent" : "live";
}

const isBallooning = (text: string | undefined): boolean => text !== "0";

/** The first row that matches counts; what has none is pending. */
const rows: Record<GuestType, Row[]> = {
  qemu: [
    { key: /^(name|description|tags|onboot|protection|startup|shares|cpulimit|cpuunits)$/, when: "live" },
    // In the configuration at once, and read from its drive when the guest starts.
    { key: /^(ci\w+|ipconfig\d+|nameserver|searchdomain|sshkeys)$/, when: "silent" },
    { key: /^net\d+$/, when: cardOfVm },
    { key: /^(scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/, when: driveOf },
    { key: /^memory$/, when: (_change, _key, config) => liveIf(features(config).has("memory")) },
    { key: /^tablet$/, when: (_change, _key, config) => liveIf(features(config).has("usb")) },
    { key: /^hotplug$/, when: ({ before, after }) => liveIf(!/cpu|memory/.test(`${before} ${after}`)) },
    { key: /^balloon$/, when: ({ before, after }) => liveIf(isBallooning(before) === isBallooning(after)) },
    { key: /^agent$/, when: (change) => liveIf(!differ(["enabled", "freeze-fs", "type"], change)) },
    {
      key: /^usb\d+$/,
      when: (_change, _key, config) =>
        liveIf(features(config).has("usb") && /^(l26|win8|win1\d)$/.test(String(config.ostype))),
    },
  ],
  lxc: [
    { key: /^(description|tags|onboot|protection|startup|cores|memory|swap|cpulimit|cpuunits)$/, when: "live" },
    // The system that runs goes on with the name that it has.
    { key: /^hostname$/, when: "silent" },
    { key: /^net\d+$/, when: cardOfContainer },
    { key: /^mp\d+$/, when: ({ before }) => liveIf(before === undefined) },
  ],
};

/** When a change of one option is in force. @param config the guest's, for the options that decide over others */
function whenInForce(type: GuestType, key: string, change: Change, config: GuestConfig): InForce {
  const when = rows[type].find((row) => row.key.test(key))?.when ?? "pending";
  return typeof when === "string" ? when : when(change, key, config);
}

/** cloud-init reads its drive as a whole. */
const nameOf = (type: GuestType, key: string, when: InForce): string =>
  type === "qemu" && when === "silent" && !diskKinds.qemu.isSlot(key) ? "cloud-init" : key;

/** What of the way from one configuration to another waits for the guest's next start. */
export function waiting(
  type: GuestType,
  before: GuestConfig,
  after: GuestConfig,
): Record<"pending" | "silent", string[]> {
  const text = (config: GuestConfig, key: string) => (config[key] === undefined ? undefined : String(config[key]));
  const found = { pending: new Set<string>(), silent: new Set<string>() };
  // It is written before what it decides over, and is in force where it is live.
  const plugs = whenInForce(
    type,
    "hotplug",
    { before: text(before, "hotplug"), after: text(after, "hotplug") },
    before,
  );
  const config = plugs === "live" && after.hotplug !== undefined ? { ...before, hotplug: after.hotplug } : before;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const change = { before: text(before, key), after: text(after, key) };
    if (change.before === change.after) continue;
    const when = whenInForce(type, key, change, config);
    if (when !== "live") found[when].add(nameOf(type, key, when));
  }
  return { pending: [...found.pending].sort(), silent: [...found.silent].sort() };
}

// ---- for the plan

type Properties = Record<string, unknown>;

const recordOf = (value: unknown): Properties => (isRecord(value) ? value : {});

/** A property string of the keys that are there; the head only tells that there is something. */
const textOf = (head: string, keys: Properties): string => {
  const named = Object.entries(keys).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return printPropertyString({ head, options: new Map(named.sort(([a], [b]) => (a < b ? -1 : 1))) });
};

/** Keys of an object that another one names too: what nobody names is left as it is. One without a value is as good as none. */
const namedIn = (all: unknown, other: unknown): Properties =>
  Object.fromEntries(
    Object.entries(recordOf(all)).filter(([key, value]) => key in recordOf(other) && value !== undefined),
  );

function cardText(type: GuestType, card: Properties, wanted: unknown): string {
  const { model, mac, linkDown, options, ...rest } = card;
  const asked = recordOf(wanted);
  const keys = { ...rest, link_down: linkDown ? 1 : undefined, ...namedIn(options, asked.options ?? options) };
  const own = asked.mac === undefined && wanted !== undefined ? undefined : mac;
  return type === "qemu"
    ? textOf("virtio", { ...keys, model, macaddr: own })
    : textOf("veth", { ...keys, hwaddr: own });
}

/** A guest's properties as a configuration, as far as the wanted ones name them. */
function configOf(type: GuestType, properties: Properties, wanted: Properties): GuestConfig {
  const config: GuestConfig = {};
  for (const key of ["cores", "sockets", "memory"])
    if (wanted[key] !== undefined && properties[key] !== undefined) config[key] = String(properties[key]);
  for (const [key, value] of Object.entries(namedIn(properties.options, wanted.options))) config[key] = String(value);
  const asked = { disks: recordOf(wanted.disks), networks: recordOf(wanted.networks) };
  if (wanted.disks !== undefined)
    for (const [slot, disk] of Object.entries(recordOf(properties.disks))) {
      const { options } = recordOf(disk);
      if (!(slot in asked.disks) && diskKinds[type].stays(slot)) continue;
      config[slot] = textOf("disk", slot in asked.disks ? namedIn(options, recordOf(asked.disks[slot]).options) : {});
    }
  for (const [slot, card] of Object.entries(recordOf(properties.networks)))
    config[slot] = cardText(type, recordOf(card), asked.networks[slot]);
  if (type === "lxc") {
    config.hostname = String(properties.name);
    for (const [field, key] of [
      ["nameservers", "nameserver"],
      ["searchDomain", "searchdomain"],
    ] as const)
      if (wanted[field] !== undefined) config[key] = JSON.stringify(properties[field] ?? "");
    return config;
  }
  const { unmanaged, ...init } = recordOf(wanted.cloudInit);
  // cloud-init tells the guest its name, too.
  const read = { ...namedIn(properties.cloudInit, init), name: properties.name };
  if (unmanaged !== true) config.ciuser = JSON.stringify(Object.entries(read).sort());
  return config;
}

/** What of a change takes effect only when the running guest is started anew; Proxmox VE says afterwards what waits. */
export function waitsForStart(type: GuestType, last: Record<string, unknown>, wanted: object): string[] {
  const next: Properties = { ...wanted };
  const { pending, silent } = waiting(type, configOf(type, last, next), configOf(type, next, next));
  return [...new Set([...pending, ...silent])].sort();
}
