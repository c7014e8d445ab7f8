import { z } from "zod";
import { sameValue, withoutUndefined } from "../values";
import { diskOptions, networkOptions, type OptionTable, optionFrom } from "./options";
import { parsePropertyString, parseSize, printPropertyString, printSize } from "./propertystring";
import type { GuestConfig } from "./schemas";

const options = z.record(z.string(), z.union([z.string(), z.number()])).optional();

/** A NIC. Without a MAC, the one that the guest has stays. */
const network = z.object({
  model: z.string(),
  bridge: z.string(),
  tag: z.number().optional(),
  trunks: z.string().optional(),
  mtu: z.number().optional(),
  linkDown: z.boolean().optional(),
  mac: z.string().optional(),
  /** PVE's other keys that somebody names, in their tidy form. */
  options,
});

/** A disk. What is left out is left as it is. */
const disk = z.object({
  /** As PVE prints it: `10G`. Disks grow, never shrink. */
  size: z.string().optional(),
  storage: z.string().optional(),
  /** PVE's other keys that somebody names, in their tidy form. */
  options,
});

const cloudInit = z.object({
  user: z.string().optional(),
  sshKeys: z.array(z.string()).optional(),
  /** By the slot's number: `ip=10.0.0.5/24,gw=10.0.0.1,ip6=…`. */
  ipconfig: z.record(z.string(), z.string()),
  nameservers: z.array(z.string()).optional(),
  searchDomain: z.string().optional(),
});

/**
 * What a QEMU guest should be. A field that is left out is not managed: it stays as it is and never shows as drift.
 * `template`, `fullClone`, `storage` and `node` say how it is made, and change nothing afterwards.
 */
export const vmInputs = z.object({
  /** The NetBox cluster's name, which is the key of its connection. */
  cluster: z.string(),
  vmid: z.number(),
  mark: z.object({ stack: z.string(), netboxUrl: z.string(), netboxId: z.number() }),
  template: z.number(),
  fullClone: z.boolean(),
  /** Where a full clone's and new disks go. */
  storage: z.string().optional(),
  node: z.string().optional(),
  name: z.string(),
  /** Ends with the mark. */
  description: z.string(),
  tags: z.array(z.string()),
  cores: z.number().optional(),
  sockets: z.number().optional(),
  /** MiB. */
  memory: z.number().optional(),
  /** Its resource pool. */
  pool: z.string().optional(),
  /** PVE options by name, in their tidy form; those that nobody names are left out. */
  options,
  /** By slot (`scsi0`); left out where NetBox lists no disks. */
  disks: z.record(z.string(), disk).optional(),
  /** By slot (`net0`). */
  networks: z.record(z.string(), network),
  cloudInit,
  power: z.enum(["running", "paused", "stopped"]),
});

/** What is kept of a guest in state: the inputs as observed, and what tells it from another at the same VMID. */
export const vmState = vmInputs.extend({ uuid: z.string().optional(), system: z.string().optional() });

export type VmInputs = z.infer<typeof vmInputs>;
export type VmState = z.infer<typeof vmState>;
export type Power = VmInputs["power"];
export type Network = z.infer<typeof network>;
export type Disk = z.infer<typeof disk>;

/** Compared between state and inputs; everything else is creation's business or the mark's. */
export const managed = [
  "name",
  "description",
  "tags",
  "cores",
  "sockets",
  "memory",
  "pool",
  "options",
  "disks",
  "networks",
  "cloudInit",
  "power",
] as const satisfies readonly (keyof VmInputs)[];

const netSlot = /^net\d+$/;
const diskSlot = /^(scsi|virtio|sata|ide)\d+$/;
const models = ["virtio", "e1000", "e1000e", "vmxnet3", "rtl8139", "ne2k_pci", "i82551", "pcnet"];

export const isDiskSlot = (name: string): boolean => diskSlot.test(name);

// ---- from PVE

const text = (config: GuestConfig, key: string): string | undefined =>
  config[key] === undefined ? undefined : String(config[key]);

function networkFrom(value: string): Network {
  const { head, options } = parsePropertyString(value);
  const model = options.get("model") ?? models.find((each) => options.has(each)) ?? head ?? "virtio";
  const number = (key: string) => (options.has(key) ? Number(options.get(key)) : undefined);
  return {
    model,
    bridge: options.get("bridge") ?? "",
    tag: number("tag"),
    trunks: options.get("trunks"),
    mtu: number("mtu"),
    linkDown: options.get("link_down") === "1" ? true : undefined,
    mac: (options.get(model) ?? options.get("macaddr"))?.toUpperCase(),
  };
}

/** A guest's disks by slot: no CD drives, no cloud-init drive. */
export function disksFrom(config: GuestConfig): Record<string, { size: string; storage: string }> {
  return Object.fromEntries(
    Object.keys(config).flatMap((slot) => {
      const { head = "", options } = parsePropertyString(text(config, slot) ?? "");
      if (!diskSlot.test(slot) || options.get("media") === "cdrom" || head === "none") return [];
      return [[slot, { size: printSize(parseSize(options.get("size") ?? "0")), storage: head.split(":")[0] ?? "" }]];
    }),
  );
}

export const descriptionFrom = (config: GuestConfig): string => (text(config, "description") ?? "").replace(/\s+$/, "");
export const uuidFrom = (config: GuestConfig): string | undefined =>
  parsePropertyString(text(config, "smbios1") ?? "").options.get("uuid");

const only = <T extends object, V>(wanted: T | undefined, key: keyof T, value: V): V | undefined =>
  wanted === undefined || wanted[key] === undefined ? undefined : value;
const words = (value: string | undefined, by: RegExp) => (value ?? "").split(by).filter((word) => word !== "");

/** What a property string says of the options that are managed. */
function optionsFrom(value: string, managed: Disk["options"], table: OptionTable): Disk["options"] {
  const { options } = parsePropertyString(value);
  return (
    managed && Object.fromEntries(Object.keys(managed).map((key) => [key, optionFrom(key, options.get(key), table)]))
  );
}

/** What a guest's configuration doesn't say. */
export interface Observed {
  power: Power;
  pool: string | undefined;
}

/** The guest in the form of its inputs, as far as these manage it. */
export function fromApi(config: GuestConfig, { power, pool }: Observed, wanted: VmInputs): VmInputs {
  const nets = Object.keys(config).filter((key) => netSlot.test(key));
  const networks = Object.fromEntries(
    nets.map((slot) => {
      const value = text(config, slot) ?? "";
      const { mac, ...seen } = networkFrom(value);
      const known = wanted.networks[slot];
      const options = optionsFrom(value, known?.options, networkOptions);
      return [slot, withoutUndefined({ ...seen, mac: only(known, "mac", mac), options })];
    }),
  );
  const seenDisks = disksFrom(config);
  const disks = Object.fromEntries(
    Object.entries(seenDisks).map(([slot, seen]) => {
      const known = wanted.disks?.[slot];
      return [
        slot,
        known === undefined
          ? seen
          : withoutUndefined({
              size: only(known, "size", seen.size),
              storage: only(known, "storage", seen.storage),
              options: optionsFrom(text(config, slot) ?? "", known.options, diskOptions),
            }),
      ];
    }),
  );
  const ipconfig = Object.fromEntries(
    Object.keys(config).flatMap((key) =>
      key.startsWith("ipconfig") ? [[key.slice(8), sortedOptions(text(config, key) ?? "")]] : [],
    ),
  );
  const keys = decodeURIComponent(text(config, "sshkeys") ?? "");
  const { cloudInit: init } = wanted;
  return {
    ...wanted,
    name: text(config, "name") ?? "",
    description: descriptionFrom(config),
    tags: tidyTags(words(text(config, "tags"), /[;, ]+/)),
    cores: only(wanted, "cores", Number(config.cores ?? 1)),
    sockets: only(wanted, "sockets", Number(config.sockets ?? 1)),
    memory: only(wanted, "memory", Number(String(config.memory ?? 512).replace(/^current=/, ""))),
    options:
      wanted.options &&
      Object.fromEntries(Object.keys(wanted.options).map((name) => [name, optionFrom(name, config[name])])),
    pool: only(wanted, "pool", pool ?? ""),
    disks: only(wanted, "disks", disks),
    networks,
    cloudInit: withoutUndefined({
      user: only(init, "user", text(config, "ciuser") ?? ""),
      sshKeys: only(init, "sshKeys", words(keys, /\n/)),
      ipconfig,
      nameservers: only(init, "nameservers", words(text(config, "nameserver"), /[ ,;]+/)),
      searchDomain: only(init, "searchDomain", text(config, "searchdomain") ?? ""),
    }),
    power,
  };
}

/** Tags as PVE keeps them: lower-cased, once each, sorted. */
export const tidyTags = (tags: string[]): string[] => [...new Set(tags.map((tag) => tag.toLowerCase()))].sort();

const ipconfigOrder = ["ip", "gw", "ip6", "gw6"];

/** An `ipconfigN` value in one order, since PVE keeps the one it was given. */
export const sortedOptions = (value: string): string => {
  const rank = (option: string) => ipconfigOrder.indexOf(option.split("=")[0] ?? "");
  return words(value, /,/)
    .sort((a, b) => rank(a) - rank(b))
    .join(",");
};

// ---- to PVE

/** What has to be done to a guest, in this order. */
export interface VmChanges {
  /** Parameters of PUT …/config. */
  set: Record<string, string | number>;
  /** Options for its `delete`. */
  remove: string[];
  resize: { disk: string; size: string }[];
  move: { disk: string; storage: string }[];
  /** The cloud-init drive has to be made anew. */
  cloudInit: boolean;
}

/** A NIC's property string; what it has and we don't manage (MAC, firewall, rate, queues) stays. */
function networkTo(wanted: Network, before: string | undefined): string {
  const { options } = parsePropertyString(before ?? "");
  const seen = before === undefined ? undefined : networkFrom(before);
  const mac = wanted.mac ?? seen?.mac;
  for (const key of ["model", "macaddr", ...models, "bridge", "tag", "trunks", "mtu", "link_down"]) options.delete(key);
  const entries = {
    bridge: wanted.bridge,
    tag: wanted.tag,
    trunks: wanted.trunks,
    mtu: wanted.mtu,
    link_down: wanted.linkDown ? 1 : undefined,
  };
  for (const [key, value] of Object.entries({ ...entries, ...wanted.options }))
    if (value !== undefined) options.set(key, String(value));
  return printPropertyString({ head: mac === undefined ? wanted.model : `${wanted.model}=${mac}`, options });
}

/** A public key list as PVE wants it: URL-encoded, blanks as %20. */
const encodeKeys = (keys: string[]) => encodeURIComponent(keys.join("\n"));

/** The managed fields whose values differ; unknown values (in preview) differ from everything. */
export function changedFields(
  state: Partial<Record<string, unknown>>,
  inputs: Partial<Record<string, unknown>>,
): (typeof managed)[number][] {
  return managed.filter((field) => inputs[field] !== undefined && !sameValue(state[field], inputs[field]));
}

/** The way from a guest's configuration to its inputs. Power and pool are not part of it. */
export function changesTo(config: GuestConfig, wanted: VmInputs): VmChanges {
  const seen = fromApi(config, { power: "stopped", pool: wanted.pool }, wanted);
  const changes: VmChanges = { set: {}, remove: [], resize: [], move: [], cloudInit: false };
  const setOrRemove = (key: string, value: string) => {
    if (value !== "") changes.set[key] = value;
    else if (config[key] !== undefined) changes.remove.push(key);
  };
  if (seen.name !== wanted.name) changes.set.name = wanted.name;
  if (seen.description !== wanted.description) changes.set.description = wanted.description;
  if (!sameValue(seen.tags, tidyTags(wanted.tags))) setOrRemove("tags", tidyTags(wanted.tags).join(";"));
  for (const key of ["cores", "sockets", "memory"] as const)
    if (wanted[key] !== undefined && seen[key] !== wanted[key]) changes.set[key] = wanted[key];
  for (const [name, value] of Object.entries(wanted.options ?? {}))
    if (seen.options?.[name] !== value) changes.set[name] = value;
  for (const [slot, network] of Object.entries(wanted.networks))
    if (!sameValue(seen.networks[slot], network)) changes.set[slot] = networkTo(network, text(config, slot));
  changes.remove.push(...Object.keys(seen.networks).filter((slot) => !(slot in wanted.networks)));
  diskChanges(config, wanted, changes);
  cloudInitChanges(seen, wanted, setOrRemove, changes);
  return changes;
}

function diskChanges(config: GuestConfig, wanted: VmInputs, changes: VmChanges): void {
  if (wanted.disks === undefined) return;
  const there = disksFrom(config);
  for (const [slot, { size, storage, options = {} }] of Object.entries(wanted.disks)) {
    const disk = there[slot];
    const named = Object.entries(options).map(([key, value]): [string, string] => [key, String(value)]);
    if (disk === undefined) {
      const target = storage ?? wanted.storage ?? Object.values(there)[0]?.storage;
      const made = { head: `${target}:${parseSize(size ?? "0") / 1024}`, options: new Map(named) };
      if (size !== undefined && target !== undefined) changes.set[slot] = printPropertyString(made);
      continue;
    }
    const before = text(config, slot) ?? "";
    if (!sameValue(optionsFrom(before, options, diskOptions), options)) {
      const { head, options: kept } = parsePropertyString(before);
      changes.set[slot] = printPropertyString({ head, options: new Map([...kept, ...named]) });
    }
    if (size !== undefined && size !== disk.size) changes.resize.push({ disk: slot, size });
    if (storage !== undefined && storage !== disk.storage) changes.move.push({ disk: slot, storage });
  }
  const listed = wanted.disks;
  changes.remove.push(...Object.keys(there).filter((slot) => !(slot in listed)));
}

function cloudInitChanges(
  seen: VmInputs,
  { cloudInit: wanted }: VmInputs,
  setOrRemove: (key: string, value: string) => void,
  changes: VmChanges,
): void {
  const before = JSON.stringify([changes.set, changes.remove]);
  const have = seen.cloudInit;
  if (wanted.user !== undefined && have.user !== wanted.user) setOrRemove("ciuser", wanted.user);
  if (wanted.sshKeys !== undefined && !sameValue(have.sshKeys, wanted.sshKeys))
    setOrRemove("sshkeys", encodeKeys(wanted.sshKeys));
  if (wanted.nameservers !== undefined && !sameValue(have.nameservers, wanted.nameservers))
    setOrRemove("nameserver", wanted.nameservers.join(" "));
  if (wanted.searchDomain !== undefined && have.searchDomain !== wanted.searchDomain)
    setOrRemove("searchdomain", wanted.searchDomain);
  for (const [n, value] of Object.entries(wanted.ipconfig))
    if (have.ipconfig[n] !== sortedOptions(value)) changes.set[`ipconfig${n}`] = value;
  changes.remove.push(
    ...Object.keys(have.ipconfig)
      .filter((n) => !(n in wanted.ipconfig))
      .map((n) => `ipconfig${n}`),
  );
  const named = changes.set.name !== undefined;
  const settings = Object.keys(changes.set).some((key) => /^ci/.test(key));
  changes.cloudInit = named || settings || before !== JSON.stringify([changes.set, changes.remove]);
}

/** Why disks can't become what is asked for, by the last known sizes; undefined where they can. */
export function shrinkProblem(state: VmInputs["disks"], wanted: VmInputs["disks"]): string | undefined {
  for (const [slot, { size }] of Object.entries(wanted ?? {})) {
    const before = state?.[slot]?.size;
    if (size !== undefined && before !== undefined && parseSize(size) < parseSize(before))
      return `${slot} can't shrink from ${before} to ${size}`;
  }
  return undefined;
}
