import { withoutMark } from "../../../providers/ownership/mark";
import {
  containerNetworkOptions,
  containerOptions,
  diskOptions,
  efiOptions,
  guestOptions,
  networkOptions,
  type OptionTable,
  tpmOptions,
  volumeOptions,
} from "../../../providers/proxmox/nodes/options";
import { parsePropertyString, parseSize } from "../../../providers/proxmox/propertystring";
import { unknown } from "../../../providers/unknown";
import { isRecord } from "../../../providers/values";
import { counted, inOrder, shownText } from "./shown";
import {
  aList,
  aMap,
  anObject,
  anything,
  aSentence,
  aValue,
  type Property,
  printScalar,
  type Wording,
} from "./wording";

// The properties of virtual machines and containers, in words.

/** `40 GiB` of `40G`; what Proxmox VE prints in a smaller unit keeps that. */
export function printDiskSize(size: unknown): string {
  if (typeof size !== "string" || !/^\d+(\.\d+)?[KMGT]?$/.test(size)) return printScalar(size);
  return printMebibytes(parseSize(size));
}

/** `40 GiB`, `512 MiB`. */
export const printMebibytes = (size: number): string => {
  if (size >= 1024 && Number.isInteger((size / 1024) * 100)) return `${size / 1024} GiB`;
  return size >= 1 ? `${Math.round(size * 1000) / 1000} MiB` : `${size * 1024} KiB`;
};

/** A text of parts with a separator between them: the VLANs of a trunk. */
const separated = (separator: string): Wording => {
  const list = aList();
  const parts = (value: unknown): unknown => (typeof value === "string" ? value.split(separator) : value);
  return {
    says: (value) => list.says(parts(value)),
    changed: (at, before, after) => list.changed(at, parts(before), parts(after)),
  };
};

/** A property string of Proxmox VE's by its keys. @param head the key of what has none */
function propertyString(head: string | undefined, properties: Readonly<Record<string, Property>> = {}): Wording {
  const keys = (value: unknown): unknown => {
    if (typeof value !== "string" || value === unknown) return value;
    const { head: first, options } = parsePropertyString(value);
    const named = Object.fromEntries([...options].filter(([key]) => key !== ""));
    return first === undefined || first === ""
      ? named
      : { [head ?? first]: head === undefined ? "set" : first, ...named };
  };
  const object = anObject(properties);
  return {
    says: (value) => object.says(keys(value)),
    changed: (at, before, after) => object.changed(at, keys(before), keys(after)),
  };
}

const onOff = aValue({
  print: (value) => (value === 1 || value === "1" ? "on" : value === 0 || value === "0" ? "off" : printScalar(value)),
});

/** PVE's options go by their own names. */
function optionWording(name: string, table: OptionTable): Wording {
  const option = table[name];
  if (option?.kind === "flag") return onOff;
  if (option?.kind === "list") return separated(",");
  if (option?.kind !== "properties") return anything;
  // What a user of PVE writes without its key reads without it.
  const head = option.head === "enabled" ? onOff : anything;
  return propertyString(option.head, option.head === undefined ? {} : { [option.head]: ["", head] });
}
const optionsOf = (table: OptionTable): Wording => aMap((name) => optionWording(name, table));
const every: OptionTable = { ...containerOptions, ...guestOptions };

const network: Readonly<Record<string, Property>> = {
  bridge: ["bridge", aValue()],
  tag: ["VLAN", aValue({ none: "none" })],
  trunks: ["VLANs of the trunk", separated(";")],
  mtu: ["MTU", aValue({ none: "default" })],
  linkDown: ["link", aValue({ none: "up", print: (value) => (value === true ? "down" : "up") })],
  mac: ["MAC", aValue()],
  model: ["model", aValue()],
  options: ["", optionsOf({ ...networkOptions, ...containerNetworkOptions })],
  name: ["name inside", aValue()],
  ip: ["IPv4", aValue({ none: "none" })],
  gw: ["IPv4 gateway", aValue({ none: "none" })],
  ip6: ["IPv6", aValue({ none: "none" })],
  gw6: ["IPv6 gateway", aValue({ none: "none" })],
};

const plainText = (value: unknown): string => printScalar(value);
const addressText = (value: unknown): string => (value === unknown ? "the next free address" : plainText(value));

/** `vmbr0 VLAN 20`, and what is special about it. */
function networkSays(nic: unknown): string {
  if (!isRecord(nic)) return anything.says(nic);
  const { bridge, tag, ip, ip6, gw, gw6, linkDown, mac, model, name, mtu, trunks, options, ...rest } = nic;
  const said = [
    `${plainText(bridge)}${tag === undefined ? "" : ` VLAN ${plainText(tag)}`}`,
    ...[ip, ip6].flatMap((each) => (each === undefined ? [] : [addressText(each)])),
    ...(gw === undefined ? [] : [`gateway ${plainText(gw)}`]),
    ...(gw6 === undefined ? [] : [`gateway ${plainText(gw6)}`]),
    ...(linkDown === true ? ["link down"] : []),
    ...(trunks === undefined ? [] : [`trunk of VLANs ${separated(";").says(trunks)}`]),
    ...(mtu === undefined ? [] : [`MTU ${plainText(mtu)}`]),
    ...(mac === undefined ? [] : [`MAC ${plainText(mac)}`]),
    ...(model === undefined ? [] : [`model ${plainText(model)}`]),
    ...(name === undefined ? [] : [`${plainText(name)} inside`]),
    ...(options === undefined ? [] : [network.options?.[1].says(options) ?? ""]),
    ...(Object.keys(rest).length === 0 ? [] : [anything.says(rest)]),
  ];
  return said.join(", ");
}

const diskTable: OptionTable = { ...volumeOptions, ...diskOptions, ...efiOptions, ...tpmOptions };
const disk: Readonly<Record<string, Property>> = {
  size: ["", aValue({ print: printDiskSize })],
  storage: ["storage", aValue()],
  options: [
    "",
    aMap((name) => optionWording(name, diskTable), { key: (name) => (name === "mp" ? "mounted at" : name) }),
  ],
};
function diskSays(value: unknown): string {
  if (!isRecord(value)) return anything.says(value);
  const { size, storage, options, ...rest } = value;
  const place = [
    size === undefined ? "" : printDiskSize(size),
    storage === undefined ? "" : `on ${plainText(storage)}`,
  ];
  return [
    place.filter((each) => each !== "").join(" "),
    ...(options === undefined ? [] : [disk.options?.[1].says(options) ?? ""]),
    ...(Object.keys(rest).length === 0 ? [] : [anything.says(rest)]),
  ]
    .filter((each) => each !== "")
    .join(", ");
}

const address: Readonly<Record<string, Property>> = {
  ip: ["IPv4", aValue({ none: "none" })],
  gw: ["IPv4 gateway", aValue({ none: "none" })],
  ip6: ["IPv6", aValue({ none: "none" })],
  gw6: ["IPv6 gateway", aValue({ none: "none" })],
};

/** A password is named, and what changes with its value is no secret. */
const passwordWording: Wording = {
  says: (value) => (isRecord(value) ? plainText(value.name) : anything.says(value)),
  changed({ label, path }, before, after) {
    const [there, wanted] = [before, after].map((each) => (isRecord(each) ? each.name : undefined));
    if (there === wanted && isRecord(before) && isRecord(after) && before.version === after.version) return [];
    const text = () => {
      if (wanted === undefined) return `${label} ${plainText(there)} no longer set`;
      if (there === undefined) return `${label} set to the one named ${plainText(wanted)}`;
      return there === wanted
        ? `${label} ${plainText(wanted)} has another value`
        : `${label} ${plainText(there)} → ${plainText(wanted)}`;
    };
    return [{ path, text: text() }];
  },
};

const powerWords: Record<string, string> = { running: "starts", paused: "pauses", stopped: "stops" };

/** The notes that people read; only where nothing else of them differs, the mark in them. */
const notes: Wording = {
  says: (value) => (typeof value === "string" ? anything.says(withoutMark(value)) : anything.says(value)),
  changed(at, before, after) {
    const [there, wanted] = [before, after].map((each) => (typeof each === "string" ? withoutMark(each) : each));
    const isMarkOnly = there === wanted;
    return isMarkOnly ? anything.changed(at, before, after) : anything.changed(at, there ?? "", wanted);
  },
};

const cloudInit: Readonly<Record<string, Property>> = {
  unmanaged: ["left alone", aValue({ none: "no" })],
  user: ["user", aValue({ none: "none" })],
  password: ["password", passwordWording],
  sshKeys: ["SSH keys", aList({ isSet: true })],
  ipconfig: ["", aMap(() => propertyString(undefined, address), { key: (slot) => `net${slot}` })],
  nameservers: ["DNS servers", aList()],
  searchDomain: ["search domain", aValue({ none: "none" })],
};

/** Of both kinds. */
export const guestProperties: Readonly<Record<string, Property>> = {
  name: ["name", aSentence((before, after) => `renamed ${plainText(before)} → ${plainText(after)}`)],
  node: ["node", aValue()],
  placement: ["placed on", aValue()],
  cores: ["cores", aValue()],
  sockets: ["sockets", aValue()],
  memory: ["memory", aValue({ unit: "MiB" })],
  pool: ["pool", aValue({ none: "none" })],
  ha: ["HA", aValue()],
  tags: ["tags", aList({ isSet: true })],
  description: ["notes", notes],
  options: ["", optionsOf(every)],
  disks: ["", aMap(() => anObject(disk, diskSays))],
  networks: ["", aMap(() => anObject(network, networkSays))],
  cloudInit: ["cloud-init", { ...anObject(cloudInit), changed: cloudInitChanged }],
  power: [
    "power",
    aSentence((before, after) => {
      if (after === "running" && before === "paused") return "resumes";
      return powerWords[String(after)] ?? `power ${plainText(before)} → ${plainText(after)}`;
    }),
  ],
  rebuild: ["rebuild counter", aValue()],
  type: [
    "kind",
    aSentence((_before, after) => (after === "lxc" ? "becomes a container" : "becomes a virtual machine")),
  ],
  restart: ["may be restarted", aValue({ none: "no" })],
  inert: ["left alone as failed", aValue({ none: "no" })],
  adopt: ["taken over as it is", aValue({ none: "no" })],
  fullClone: ["full clone", aValue()],
  template: ["template", aValue()],
  storage: ["storage for new disks", aValue()],
  vmid: ["VMID", aValue()],
  cluster: ["cluster", aValue()],
  unprivileged: ["unprivileged", aValue()],
  nameservers: ["DNS servers", aList()],
  searchDomain: ["search domain", aValue({ none: "none" })],
  sshKeys: ["SSH keys of root", aList({ isSet: true })],
  password: ["password of root", passwordWording],
  pending: ["waits for its next start", aList({ isSet: true })],
};

/** Interfaces are known by their own names; the rest says that it is cloud-init's. */
function cloudInitChanged(at: { label: string; path: string }, before: unknown, after: unknown) {
  const parts = anObject(cloudInit).changed({ ...at, label: "" }, before, after);
  return parts.map(({ path, text }) => ({
    path,
    text: path.includes(".ipconfig.") ? text : `cloud-init ${text}`,
  }));
}

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** `2 disks 40 GiB`. */
export function disksSaid(disks: unknown): string | undefined {
  if (!isRecord(disks)) return undefined;
  const all = Object.values(disks).filter(isRecord);
  const sizes = all.flatMap(({ size }) => (typeof size === "string" ? [parseSize(size)] : []));
  const sum = sizes.reduce((before, size) => before + size, 0);
  if (all.length === 0) return undefined;
  return `${counted(all.length, "disk")}${sizes.length === 0 ? "" : ` ${printMebibytes(sum)}`}`;
}

/** `scsi0 40 GiB, scsi1 10 GiB`. */
export function disksListed(disks: unknown): string {
  const slots = isRecord(disks) ? Object.entries(disks).sort(([a], [b]) => inOrder(a, b)) : [];
  return slots
    .map(([slot, each]) => [slot, isRecord(each) && each.size !== undefined ? printDiskSize(each.size) : ""].join(" "))
    .map((text) => shownText(text.trim()))
    .join(", ");
}

/** The properties that `guestSaid` says. */
export const saidOfGuest: readonly string[] = [
  ...["cores", "sockets", "memory", "disks", "template", "fullClone", "node", "placement", "networks", "vmid"],
  ...["pool", "ha", "power", "tags", "type", "cluster", "name", "mark"],
];

/** A guest in one line: `4 cores, 8192 MiB, 2 disks 40 GiB, from template 9000, on pve1, net0 vmbr0 VLAN 20, 10.0.0.5/24`. */
export function guestSaid(guest: Record<string, unknown>): string[] {
  const { cores, sockets, memory, disks, template, fullClone, node, placement, vmid, pool, ha, power, tags } = guest;
  const isContainer = guest.type === "lxc";
  const many = number(sockets) ?? 1;
  const source = () => {
    if (template === undefined) return [];
    const [of, text] = [
      typeof template === "number" ? (isContainer ? "container " : "template ") : "",
      plainText(template),
    ];
    return [`${fullClone === false && typeof template === "number" ? "linked clone of" : "from"} ${of}${text}`];
  };
  const size = disksSaid(disks);
  const where = node ?? placement;
  return [
    ...(number(cores) === undefined ? [] : [`${many > 1 ? `${many} × ` : ""}${counted(number(cores) ?? 0, "core")}`]),
    ...(memory === undefined ? [] : [`${plainText(memory)} MiB`]),
    ...(size === undefined ? [] : [size]),
    ...source(),
    ...(where === undefined ? [] : [`on ${plainText(where)}`]),
    ...networksSaid(guest),
    ...(vmid === undefined ? [] : [`VMID ${plainText(vmid)}`]),
    ...(pool === undefined ? [] : [`pool ${plainText(pool)}`]),
    ...(ha === undefined || ha === "none" ? [] : [`HA ${plainText(ha)}`]),
    ...(Array.isArray(tags) && tags.length > 0 ? [`tags ${aList().says(tags)}`] : []),
    ...(power === undefined || power === "running" ? [] : [power === "stopped" ? "not started" : plainText(power)]),
  ];
}

/** Each NIC with the addresses that the guest gets there. */
function networksSaid({ networks, cloudInit: init }: Record<string, unknown>): string[] {
  const ipconfig = isRecord(init) && isRecord(init.ipconfig) ? init.ipconfig : {};
  const nics = isRecord(networks) ? Object.entries(networks).sort(([a], [b]) => inOrder(a, b)) : [];
  return nics.flatMap(([slot, nic]) => {
    if (!isRecord(nic)) return [];
    const keys = parsePropertyString(String(ipconfig[slot.replace(/^net/, "")] ?? "")).options;
    const given = [nic.ip, nic.ip6, keys.get("ip"), keys.get("ip6")].filter((each) => each !== undefined);
    const shown = `${slot} ${plainText(nic.bridge)}${nic.tag === undefined ? "" : ` VLAN ${plainText(nic.tag)}`}`;
    return [shownText(shown), ...given.map(addressText)];
  });
}
