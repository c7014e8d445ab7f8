import { parsePropertyString } from "../propertystring";

/** PVE's own value of an option: a number for flags (0, 1) and counts, a text for the rest. */
export type OptionValue = string | number;

interface Option {
  kind: "flag" | "integer" | "number" | "choice" | "properties" | "list" | "text";
  /** What PVE means where the option is not set; nothing where it depends on something else. */
  unset?: OptionValue;
  min?: number;
  max?: number;
  choices?: readonly string[];
  /** Of a property string: the key that a part without `=` belongs to. */
  head?: string;
  /** What it must look like. */
  pattern?: RegExp;
  /** For the user: a value that is right. */
  example?: string;
}

export type OptionTable = Readonly<Record<string, Option>>;

const flag = (unset: 0 | 1): Option => ({ kind: "flag", unset });
const choice = (words: string, unset?: string): Option => ({ kind: "choice", choices: words.split(" "), unset });
const each = (names: string[], option: Option) => Object.fromEntries(names.map((name) => [name, option]));
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`);
const mapped: Option = { kind: "properties", pattern: /(^|,)mapping=/, example: "mapping=NAME" };

/** Options of a virtual machine that are managed where NetBox or the stack names them. Names, values and defaults are PVE's (qm.conf). */
export const guestOptions: OptionTable = {
  onboot: flag(0),
  protection: flag(0),
  numa: flag(0),
  localtime: flag(0),
  tablet: flag(1),
  acpi: flag(1),
  kvm: flag(1),
  ciupgrade: flag(1),
  balloon: { kind: "integer", min: 0 },
  shares: { kind: "integer", min: 0, max: 50_000 },
  cpuunits: { kind: "integer", min: 1, max: 262_144 },
  cpulimit: { kind: "number", min: 0, max: 128, unset: 0 },
  bios: choice("seabios ovmf", "seabios"),
  scsihw: choice("lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi", "lsi"),
  ostype: choice("other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris", "other"),
  citype: choice("configdrive2 nocloud opennebula"),
  cpu: { kind: "properties", head: "cputype", example: "host" },
  machine: { kind: "properties", head: "type", example: "q35" },
  vga: { kind: "properties", head: "type", example: "serial0" },
  agent: { kind: "properties", head: "enabled", unset: "enabled=0", example: "enabled=1" },
  startup: {
    kind: "properties",
    head: "order",
    pattern: /^(order|up|down)=\d+(,(order|up|down)=\d+)*$/,
    example: "order=1",
  },
  rng0: { kind: "properties", head: "source", example: "source=/dev/urandom" },
  watchdog: { kind: "properties", head: "model", example: "i6300esb,action=reset" },
  audio0: { kind: "properties", example: "device=ich9-intel-hda" },
  cicustom: {
    kind: "properties",
    pattern: /^(meta|network|user|vendor)=[^:]+:snippets\//,
    example: "user=local:snippets/base.yaml",
  },
  hotplug: { kind: "list", unset: "disk,network,usb", example: "disk,network,usb" },
  boot: { kind: "text", pattern: /^order=[a-z0-9;]*$/, example: "order=scsi0" },
  ...each(numbered("serial", 4), choice("socket")),
  ...each(numbered("hostpci", 16), mapped),
  ...each(numbered("usb", 14), { ...mapped, pattern: /(^|,)mapping=|^spice\b/ }),
};

/** Keys of a disk's property string. What a bus doesn't have, PVE refuses. */
export const diskOptions: OptionTable = {
  cache: choice("none writethrough writeback unsafe directsync", "none"),
  discard: choice("ignore on", "ignore"),
  aio: choice("native threads io_uring"),
  ssd: flag(0),
  iothread: flag(0),
  ro: flag(0),
  backup: flag(1),
  replicate: flag(1),
  detect_zeroes: { kind: "flag" },
  mbps_rd: { kind: "number", min: 0 },
  mbps_wr: { kind: "number", min: 0 },
  iops_rd: { kind: "integer", min: 0 },
  iops_wr: { kind: "integer", min: 0 },
};

/** Of an EFI disk (`efidisk0`), settled when it is made. */
export const efiOptions: OptionTable = {
  efitype: choice("2m 4m", "2m"),
  "pre-enrolled-keys": flag(0),
};

/** Of a TPM's state (`tpmstate0`), settled when it is made. */
export const tpmOptions: OptionTable = { version: choice("v1.2 v2.0", "v1.2") };

/** Options of a container. Names, values and defaults are PVE's (pct.conf). */
export const containerOptions: OptionTable = {
  onboot: flag(0),
  protection: flag(0),
  console: flag(1),
  debug: flag(0),
  cpuunits: { kind: "integer", min: 0, max: 500_000 },
  cpulimit: { kind: "number", min: 0, max: 8192, unset: 0 },
  swap: { kind: "integer", min: 0, unset: 512 },
  tty: { kind: "integer", min: 0, max: 6, unset: 2 },
  cmode: choice("shell console tty", "tty"),
  ostype: choice("debian devuan ubuntu centos fedora opensuse archlinux alpine gentoo nixos unmanaged"),
  timezone: { kind: "text", pattern: /^(host|[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*)$/, example: "host" },
  startup: {
    kind: "properties",
    head: "order",
    pattern: /^(order|up|down)=\d+(,(order|up|down)=\d+)*$/,
    example: "order=1",
  },
  features: {
    kind: "properties",
    unset: "",
    pattern:
      /^((force_rw_sys|fuse|keyctl|mknod|nesting)=[01]|mount=[a-z0-9;]+)(,((force_rw_sys|fuse|keyctl|mknod|nesting)=[01]|mount=[a-z0-9;]+))*$/,
    example: "nesting=1",
  },
};

/** Keys of a container's root file system and mount points. */
export const volumeOptions: OptionTable = {
  mp: { kind: "text", pattern: /^\/[^\s,]*$/, example: "/srv/data" },
  acl: { kind: "flag" },
  quota: flag(0),
  replicate: flag(1),
  ro: flag(0),
  shared: flag(0),
  backup: flag(0),
  mountoptions: {
    kind: "text",
    pattern: /^(discard|lazytime|noatime|nodev|noexec|nosuid)(;(discard|lazytime|noatime|nodev|noexec|nosuid))*$/,
    example: "noatime",
  },
};

/** The VLANs of a trunk: in NetBox's mode "tagged (all)", which lists none. */
const trunks: Option = { kind: "text", pattern: /^\d+(-\d+)?(;\d+(-\d+)?)*$/, example: "2-4094" };

/** Keys of a container's network device that NetBox has no field for. */
export const containerNetworkOptions: OptionTable = {
  firewall: flag(0),
  rate: { kind: "number", min: 0 },
  trunks,
  /** Inside the container, where the interface's name isn't that. */
  name: { kind: "text", pattern: /^[\w.-]+$/, example: "eth0" },
};

/** The buses that lack a disk option. */
export const lacking: Readonly<Record<string, readonly string[]>> = {
  ssd: ["virtio"],
  iothread: ["sata", "ide"],
  ro: ["sata", "ide"],
};

/** Keys of a NIC's property string that NetBox has no field for. */
export const networkOptions: OptionTable = {
  firewall: flag(0),
  rate: { kind: "number", min: 0 },
  queues: { kind: "integer", min: 0, max: 64 },
  trunks,
};

/** Yes and no in PVE's words. */
export const truths: Record<string, number> = { "1": 1, true: 1, on: 1, yes: 1, "0": 0, false: 0, off: 0, no: 0 };

/** A property string with every key named and in one order, so that two that say the same are the same text. */
function tidyProperties(value: string, key: string | undefined): string {
  const { head, options } = parsePropertyString(value);
  const named = new Map(options);
  if (head !== undefined && head !== "") named.set(key ?? head, key === undefined ? "" : head);
  return [...named]
    .sort(([a], [b]) => (a === key ? -1 : b === key ? 1 : a < b ? -1 : 1))
    .map(([name, text]) => (text === "" ? name : `${name}=${/^(yes|on|true)$/i.test(text) ? "1" : text}`))
    .join(",");
}

/** A value in the one form that comparisons go by; undefined where it is none of the option's. */
export function tidyOption(name: string, value: OptionValue, table = guestOptions): OptionValue | undefined {
  const option = table[name];
  const text = String(value).trim();
  // An end of line would begin another option in the guest's file.
  if (/[\x00-\x1f\x7f]/.test(text)) return undefined;
  switch (option?.kind) {
    case undefined:
      return undefined;
    case "flag":
      return truths[text.toLowerCase()];
    case "integer":
    case "number": {
      const number = text === "" ? Number.NaN : Number(text);
      const { min = number, max = number } = option;
      const whole = option.kind === "number" || Number.isInteger(number);
      return whole && number >= min && number <= max ? number : undefined;
    }
    case "choice":
      return option.choices?.includes(text) ? text : undefined;
    case "list": {
      const words = text.split(/[;,\s]+/).filter((word) => word !== "");
      return [...new Set(words)].sort().join(",");
    }
    case "properties": {
      const tidy = tidyProperties(text, option.head);
      return tidy !== "" && (option.pattern?.test(tidy) ?? true) ? tidy : undefined;
    }
    case "text":
      return (option.pattern?.test(text) ?? true) ? text : undefined;
  }
}

/** What an option is on a guest; PVE's default where it isn't set, or nothing where that is not fixed. */
export const optionFrom = (name: string, value: OptionValue | undefined, table = guestOptions): OptionValue =>
  (value === undefined ? table[name]?.unset : tidyOption(name, value, table)) ?? String(value ?? "");

/** A value that an option can have, for the user. */
export function optionExample(name: string, table = guestOptions): OptionValue {
  const { kind, choices, min, example, unset } = table[name] ?? { kind: "text" };
  return example ?? choices?.[0] ?? (kind === "flag" ? 1 - Number(unset ?? 0) : Math.max(min ?? 1, 1));
}

/** `serial0, serial1, …` as `serial0 to serial3`. */
function namesOf(table: OptionTable): string {
  const families = new Map<string, string[]>();
  for (const name of Object.keys(table)) {
    const family = /^(\D+)\d+$/.exec(name)?.[1] ?? name;
    families.set(family, [...(families.get(family) ?? []), name]);
  }
  return [...families.values()]
    .map((names) => (names.length > 1 ? `${names[0]} to ${names.at(-1)}` : names[0]))
    .join(", ");
}

/** Why a value won't do, with one that would; undefined where it will. */
export function optionProblem(name: string, value: OptionValue, table = guestOptions): string | undefined {
  const option = table[name];
  if (option === undefined) return `is no option that can be set (these can: ${namesOf(table)})`;
  if (tidyOption(name, value, table) !== undefined) return undefined;
  const { kind, choices, min, max } = option;
  const range = `${min === undefined ? "" : ` from ${min}`}${max === undefined ? "" : ` to ${max}`}`;
  const wanted: Partial<Record<Option["kind"], string>> = {
    flag: "0 or 1",
    choice: choices?.join(", "),
    integer: `a whole number${range}`,
    number: `a number${range}`,
  };
  return `"${value}" won't do; write ${wanted[kind] ?? `a value like ${optionExample(name, table)}`}`;
}
