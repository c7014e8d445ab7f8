import { z } from "zod";
import { anyMark, guestTitle, markChanged } from "../../ownership/mark";
import type { Diff, PropertyProblem } from "../../resource";
import { isRecord, sameValue, withoutUndefined } from "../../values";
import { parsePropertyString, parseSize, printPropertyString, printSize } from "../propertystring";
import type { GuestConfig, GuestType, ReadGuest } from "../schemas";
import { type OptionTable, type OptionValue, optionFrom, truths } from "./options";

// What virtual machines and containers have in common.

export const options = z.record(z.string(), z.union([z.string(), z.number()])).optional();

/** Of a NIC, for both kinds. */
export const nic = z.object({
  bridge: z.string(),
  tag: z.number().optional(),
  trunks: z.string().optional(),
  mtu: z.number().optional(),
  linkDown: z.boolean().optional(),
  /** Without one, the NIC's own stays. */
  mac: z.string().optional(),
  /** PVE's other keys that somebody names, in their tidy form. */
  options,
});

/** A disk or volume. What is left out is left as it is. */
export const disk = z.object({
  /** As PVE prints it: `10G`. It grows, and never shrinks. */
  size: z.string().optional(),
  storage: z.string().optional(),
  /** PVE's other keys that somebody names, in their tidy form. */
  options,
});

/**
 * What a guest should be. A field that is left out is not managed: it stays as it is and never shows as drift.
 * The source it is made from, `storage` and `placement` say how it is made, and change nothing afterwards.
 */
export const guestInputs = z.object({
  /** The NetBox cluster's name, which is the key of its connection. */
  cluster: z.string(),
  vmid: z.number(),
  mark: anyMark,
  fullClone: z.boolean(),
  /** Where a full clone's and new disks go. */
  storage: z.string().optional(),
  /** The node that NetBox names. Naming another one migrates; a guest that someone moved by hand stays where it is. */
  node: z.string().optional(),
  /** The node that was chosen when it was made, where NetBox names none. */
  placement: z.string().optional(),
  name: z.string(),
  /** Ends with the mark. */
  description: z.string(),
  tags: z.array(z.string()),
  cores: z.number().optional(),
  /** MiB. */
  memory: z.number().optional(),
  /** Its resource pool. */
  pool: z.string().optional(),
  /** `none`, `managed`, or the name of its HA group (PVE 8) or node affinity rule (PVE 9). */
  ha: z.string().optional(),
  /** PVE options by name, in their tidy form; those that nobody names are left out. */
  options,
  /** By slot; left out where NetBox lists no disks. */
  disks: z.record(z.string(), disk).optional(),
  power: z.enum(["running", "paused", "stopped"]),
  /** An unmarked guest at the VMID is taken over as it is, by nothing but the mark. */
  adopt: z.boolean().optional(),
  /** NetBox calls it failed: it is left exactly as it is. */
  inert: z.boolean().optional(),
  /** A counter of the user's: another number deletes the guest and makes it anew. */
  rebuild: z.number().optional(),
  /** May it be restarted for changes that wait for that? */
  restart: z.boolean().optional(),
});

/** What tells a guest from another at the same VMID, and what it waits for. */
export const found = z.object({
  uuid: z.string().optional(),
  system: z.string().optional(),
  /** Options whose change waits for the guest's next start; `cloud-init` where its drive was written since the last one. */
  pending: z.array(z.string()).optional(),
  /**
   * What waits though Proxmox VE shows it as in force, and since when (seconds since 1970): the guest goes on with what it
   * had, and Proxmox VE doesn't say so.
   */
  silent: z.record(z.string(), z.number()).optional(),
  /** The same of cloud-init's drive alone, in states of earlier releases. */
  cloudInitAt: z.number().optional(),
  /** It was taken over as it is, and nothing was done to it since. */
  adopted: z.boolean().optional(),
});

export type GuestInputs = z.infer<typeof guestInputs>;
export type Found = z.infer<typeof found>;
export type Power = GuestInputs["power"];
export type Disk = z.infer<typeof disk>;
export type Nic = z.infer<typeof nic>;

/** What a guest's configuration doesn't say. */
export interface Observed {
  power: Power;
  pool: string | undefined;
  ha: string | undefined;
}

/** What has to be done to a guest; in which order, `order.ts` says. */
export interface Changes {
  /** Parameters of PUT …/config. */
  set: Record<string, string | number>;
  /** Options for its `delete`. */
  remove: string[];
  /** Options for its `revert`: what waits for them is taken back. */
  revert: string[];
  resize: { disk: string; size: string }[];
  move: { disk: string; storage: string }[];
  /** Its password has to be set. */
  password: boolean;
  /** The cloud-init drive has to be made anew. */
  cloudInit: boolean;
}

/** Fields of either kind that are compared between state and inputs. */
export const managedOfGuest = [
  "node",
  "name",
  "description",
  "tags",
  "cores",
  "memory",
  "pool",
  "ha",
  "options",
  "disks",
  "power",
] as const satisfies readonly (keyof GuestInputs)[];

type Properties = Partial<Record<string, unknown>>;

/** The fields whose values differ, of those that the inputs name; unknown values (in preview) differ from everything. */
export const changedFields = <F extends string>(fields: readonly F[], state: Properties, inputs: Properties): F[] =>
  inputs.inert === true
    ? []
    : fields.filter((field) => inputs[field] !== undefined && !sameField(field, state[field], inputs[field]));

/** An option that the inputs don't name says nothing, whoever named it before. */
const sameField = (field: string, before: unknown, after: unknown): boolean =>
  field === "options" && isRecord(before) && isRecord(after)
    ? Object.entries(after).every(([name, value]) => sameValue(before[name], value))
    : sameValue(before, after);

/** Everything that replaces a guest: its rebuild counter and its kind. A virtual machine has no `type`, as it was first. */
export const replacing = (state: Properties, inputs: Properties): string[] =>
  inputs.inert === true
    ? []
    : [
        ...(typeof inputs.rebuild === "number" && inputs.rebuild !== state.rebuild ? ["rebuild"] : []),
        ...(inputs.type !== state.type ? ["type"] : []),
      ];

/** Nothing to do yet. */
export const noChanges = (): Changes => ({
  ...{ set: {}, remove: [], revert: [], resize: [], move: [] },
  ...{ password: false, cloudInit: false },
});

/** Does it wait for a restart that it may have? */
export const awaitsRestart = (state: Properties, inputs: Properties): boolean =>
  inputs.restart === true &&
  inputs.inert !== true &&
  inputs.power === "running" &&
  Array.isArray(state.pending) &&
  state.pending.length > 0;

/** What the engine is told of a guest. @param changed the fields of its kind that differ */
export const guestDiff =
  (changed: (state: object, inputs: object) => string[]) =>
  (state: Properties, inputs: Properties): Diff => {
    const replaces = replacing(state, inputs);
    const isRenewed = inputs.inert !== true && markChanged(state, inputs);
    const changes =
      isRenewed || replaces.length > 0 || changed(state, inputs).length > 0 || awaitsRestart(state, inputs);
    // The VMID stays, so the old guest has to be gone before the new one comes.
    return { changes, ...(replaces.length > 0 ? { replaces, deleteBeforeReplace: true } : {}) };
  };

/** What can't be done to a guest that is there. @param more of its kind */
export const guestProblems =
  <I extends GuestInputs, S extends GuestInputs & Found>(
    inputs: z.ZodType<I>,
    state: z.ZodType<S>,
    more: (state: S, wanted: I) => { property: string; reason: string | undefined }[],
  ) =>
  (before: Properties, given: Properties): PropertyProblem[] => {
    const [known, wanted] = [state.safeParse(before), inputs.safeParse(given)];
    if (!wanted.success || !known.success || replacing(before, given).length > 0) return [];
    const title = guestTitle(wanted.data);
    const shrinks = { property: "disks", reason: shrinkProblem(known.data.disks, wanted.data.disks) };
    return [shrinks, ...more(known.data, wanted.data)].flatMap(({ property, reason }) =>
      reason === undefined ? [] : [{ property, reason: `${title}: ${reason}` }],
    );
  };

// ---- from PVE

export const configText = (config: GuestConfig, key: string): string | undefined =>
  config[key] === undefined ? undefined : String(config[key]);

/** What a disk, CD drive or mount point holds: `ceph:vm-300-disk-0`, a path, `cdrom` or `none`. */
export function driveVolume(value: string): string {
  const { head = "", options: keys } = parsePropertyString(value);
  return keys.get("file") ?? keys.get("volume") ?? head;
}

/** The slots of a virtual machine's disks and CD drives. */
const driveSlot = /^(scsi|virtio|sata|ide)\d+$/;
/** PVE tells a cloud-init drive by its volume's name alone. */
const cloudInitVolume = /[:/](vm-\d+-)?cloudinit(\.(cow|qcow2|qed|raw|vmdk))?$/;

/** The cloud-init drive of a virtual machine: its slot and volume. */
export function cloudInitDriveOf(config: GuestConfig): { slot: string; volume: string } | undefined {
  const slots = Object.keys(config).filter((key) => driveSlot.test(key));
  const found = slots.map((slot) => ({ slot, volume: driveVolume(configText(config, slot) ?? "") }));
  return found.find(({ volume }) => cloudInitVolume.test(volume));
}

export const hasCloudInitDrive = (config: GuestConfig): boolean => cloudInitDriveOf(config) !== undefined;

/** May its guest agent be asked? */
export const hasAgent = (config: GuestConfig): boolean =>
  parsePropertyString(String(optionFrom("agent", config.agent))).options.get("enabled") === "1";

/** MiB; PVE's default where none is set. */
export const memoryFrom = (config: GuestConfig): number =>
  Number(String(config.memory ?? 512).replace(/^current=/, ""));

export const descriptionFrom = (config: GuestConfig): string =>
  (configText(config, "description") ?? "").replace(/\s+$/, "");

/** cloud-init's public keys, a line each. What is no encoded text is taken as it stands. */
export function sshKeysFrom(config: GuestConfig): string[] {
  const value = configText(config, "sshkeys") ?? "";
  return splitWords(/%(?![\da-f]{2})/i.test(value) ? value : decoded(value), /\n/);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // Bytes that are no UTF-8.
    return value;
  }
}

/** A yes of PVE's, in any of its words. */
export const isTrue = (value: string | number | undefined): boolean => truths[String(value ?? "0").toLowerCase()] === 1;

/** The VLANs of `10;200-202`, each once, in order. */
export function vlansOf(trunks: string): number[] {
  const all = splitWords(trunks, /;/).flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    const [low, high] = [Math.min(first, last), Math.min(Math.max(first, last), 4095)];
    return Array.from({ length: Math.max(0, high - low + 1) }, (_, n) => low + n);
  });
  return [...new Set(all)].sort((a, b) => a - b);
}

/** A value that is looked at only where the inputs have it. */
export const only = <T extends object, V>(wanted: T | undefined, key: keyof T, value: V): V | undefined =>
  wanted === undefined || wanted[key] === undefined ? undefined : value;

export const splitWords = (value: string | undefined, by: RegExp): string[] =>
  (value ?? "").split(by).filter((word) => word !== "");

/** Tags as PVE keeps them: lower-cased, once each, sorted. */
export const tidyTags = (tags: string[]): string[] => [...new Set(tags.map((tag) => tag.toLowerCase()))].sort();

/** A tag of NetBox's as PVE can have it: its slugs may hold letters of every script. Empty where nothing is left. */
export const tagLike = (slug: string): string =>
  slug
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-zA-Z0-9_.+-]+/g, "-")
    .replace(/^[^a-zA-Z0-9_]+|-+$/g, "");

export const tagsFrom = (config: GuestConfig): string[] => tidyTags(splitWords(configText(config, "tags"), /[;, ]+/));

/** What a property string says of the options that are managed. */
export function optionsIn(value: string, managed: Disk["options"], table: OptionTable): Disk["options"] {
  const { options: seen } = parsePropertyString(value);
  return managed && Object.fromEntries(Object.keys(managed).map((key) => [key, optionFrom(key, seen.get(key), table)]));
}

/** What a configuration says of the options that are managed. */
export const optionsFrom = (
  config: GuestConfig,
  managed: Record<string, OptionValue> | undefined,
  table: OptionTable,
): Record<string, OptionValue> | undefined =>
  managed && Object.fromEntries(Object.keys(managed).map((name) => [name, optionFrom(name, config[name], table)]));

/** The keys of a NIC's property string that both kinds of guest share. */
export function nicFrom(keys: Map<string, string>): Nic {
  const number = (key: string) => (keys.has(key) ? Number(keys.get(key)) : undefined);
  return {
    bridge: keys.get("bridge") ?? "",
    tag: number("tag"),
    trunks: keys.get("trunks"),
    mtu: number("mtu"),
    linkDown: isTrue(keys.get("link_down")) ? true : undefined,
  };
}

/** The same for PVE; an undefined one is to be left out. */
export const nicTo = ({ bridge, tag, trunks, mtu, linkDown, options: named }: Nic) => ({
  bridge: bridge === "" ? undefined : bridge,
  tag,
  trunks,
  mtu,
  link_down: linkDown ? 1 : undefined,
  ...named,
});

/** The text, or its removal where it is empty. */
export function setOrRemove(config: GuestConfig, changes: Changes, key: string, value: string): void {
  if (value !== "") changes.set[key] = value;
  else if (config[key] !== undefined) changes.remove.push(key);
}

/** Why disks can't become what is asked for, by the last known sizes; undefined where they can. */
export function shrinkProblem(state: GuestInputs["disks"], wanted: GuestInputs["disks"]): string | undefined {
  for (const [slot, { size }] of Object.entries(wanted ?? {})) {
    const before = state?.[slot]?.size;
    if (size !== undefined && before !== undefined && parseSize(size) < parseSize(before))
      return `${slot} can't shrink from ${before} to ${size}; set the virtual disk's size in NetBox back, or move the data to a new disk`;
  }
  return undefined;
}

// ---- disks

/** How a kind of guest keeps its disks. */
export interface Disks {
  isSlot: (key: string) => boolean;
  /** The options that a disk at a slot can have. */
  table: (slot: string) => OptionTable;
  /** Is its size PVE's own choice? */
  fixedSize: (slot: string) => boolean;
  /** Does it stay though it is not listed? */
  stays: (slot: string) => boolean;
}

/** A container's volume that waits is still what was asked for: a storage and gibibytes. */
const asked = /^([^/:\s]+):(\d+(?:\.\d+)?)$/;

/** Is it a volume that was asked for, and not made yet? */
export const isOnlyAsked = (volume: string): boolean => asked.test(volume);

/** A guest's disks by slot: no CD drives, no cloud-init drive, no bind mounts. */
export function disksFrom(config: GuestConfig, { isSlot }: Disks): Record<string, { size: string; storage: string }> {
  return Object.fromEntries(
    Object.keys(config).flatMap((slot) => {
      if (!isSlot(slot)) return [];
      const value = configText(config, slot) ?? "";
      const volume = driveVolume(value);
      const { options: keys } = parsePropertyString(value);
      const isDisk = keys.get("media") !== "cdrom" && !cloudInitVolume.test(volume);
      if (!isDisk || volume === "none" || volume === "cdrom" || volume.startsWith("/")) return [];
      const [, storage, gibibytes] = asked.exec(volume) ?? [];
      const size = gibibytes === undefined ? parseSize(keys.get("size") ?? "0") : Number(gibibytes) * 1024;
      return [[slot, { size: printSize(size), storage: storage ?? volume.split(":")[0] ?? "" }]];
    }),
  );
}

/** What else stands at the slots of a guest's disks, in words: a disk that is put there would take its place. */
export function othersAt(config: GuestConfig, kind: Disks): Record<string, string> {
  const disks = disksFrom(config, kind);
  return Object.fromEntries(
    Object.keys(config).flatMap((slot) =>
      kind.isSlot(slot) && !(slot in disks) ? [[slot, otherText(configText(config, slot) ?? "")]] : [],
    ),
  );
}

function otherText(value: string): string {
  const { head = "", options: keys } = parsePropertyString(value);
  const volume = keys.get("file") ?? keys.get("volume") ?? head;
  if (cloudInitVolume.test(volume)) return "its cloud-init drive";
  if (volume.startsWith("/")) return `${keys.has("mp") ? "a directory" : "a disk"} of its node (${volume})`;
  return volume === "none" || volume === "cdrom" ? "a CD drive" : `a CD drive with ${volume}`;
}

/** Does a disk stay that is not listed? One whose size PVE doesn't say NetBox can't list. */
const isLeft = (slot: string, { size }: { size: string }, { stays }: Disks): boolean =>
  stays(slot) || parseSize(size) === 0;

/** The same in the form of the inputs, as far as these manage them. */
export function disksAs(config: GuestConfig, wanted: GuestInputs["disks"], kind: Disks): GuestInputs["disks"] {
  if (wanted === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(disksFrom(config, kind)).flatMap(([slot, seen]): [string, Disk][] => {
      const known = wanted[slot];
      if (known === undefined) return isLeft(slot, seen, kind) ? [] : [[slot, seen]];
      const disk = {
        size: only(known, "size", seen.size),
        storage: only(known, "storage", seen.storage),
        options: optionsIn(configText(config, slot) ?? "", known.options, kind.table(slot)),
      };
      return [[slot, withoutUndefined(disk)]];
    }),
  );
}

/** Grows, moves, adds and detaches disks, and sets their options. */
export function diskChanges(
  { config, current }: Pick<ReadGuest, "config" | "current">,
  { disks: wanted, storage: usual }: Pick<GuestInputs, "disks" | "storage">,
  kind: Disks,
  changes: Changes,
): void {
  if (wanted === undefined) return;
  const there = disksFrom(config, kind);
  const now = disksFrom(current, kind);
  for (const [slot, { size, storage, options: named = {} }] of Object.entries(wanted)) {
    const before = there[slot];
    const keys = Object.entries(named).map(([key, value]): [string, string] => [key, String(value)]);
    if (before === undefined && now[slot] !== undefined) {
      // It only waits to be taken away: what it holds is what is wanted again.
      changes.revert.push(slot);
      continue;
    }
    if (before === undefined) {
      const target = storage ?? usual ?? Object.values(there)[0]?.storage;
      const gibibytes = kind.fixedSize(slot) ? 1 : parseSize(size ?? "0") / 1024;
      const made = { head: `${target}:${gibibytes}`, options: new Map(keys) };
      if (gibibytes > 0 && target !== undefined) changes.set[slot] = printPropertyString(made);
      continue;
    }
    const grows = size !== undefined && size !== before.size;
    const moves = storage !== undefined && storage !== before.storage;
    // What isn't there yet can't be grown or moved: it is when the guest was started.
    if (now[slot] !== undefined && (grows || moves)) {
      // What waits for a volume names it as it was.
      if (config[slot] !== current[slot]) changes.revert.push(slot);
      if (grows) changes.resize.push({ disk: slot, size });
      if (moves) changes.move.push({ disk: slot, storage });
    }
    const value = configText(config, slot) ?? "";
    if (!sameValue(optionsIn(value, named, kind.table(slot)), named)) {
      const { head, options: kept } = parsePropertyString(value);
      changes.set[slot] = printPropertyString({ head, options: new Map([...kept, ...keys]) });
    }
  }
  const detached = Object.entries(there).filter(([slot, disk]) => !isLeft(slot, disk, kind) && !(slot in wanted));
  for (const [slot] of detached) takeAway(current, changes, slot);
}

/** Removes an option, or takes back what waits for one that isn't there yet. */
export function takeAway(current: GuestConfig, changes: Changes, key: string): void {
  if (current[key] === undefined) changes.revert.push(key);
  else changes.remove.push(key);
}

/** What a guest without a name is called. */
export const defaultName = (vmid: number, type: GuestType): string => `${type === "lxc" ? "CT" : "VM"}${vmid}`;

/** A guest's name. PVE's lists write `VM 300` for one that has none. */
export const guestNameOf = ({ name, vmid, type }: { name: string; vmid: number; type: GuestType }): string =>
  name === "" || name === `VM ${vmid}` || name === `CT ${vmid}` ? defaultName(vmid, type) : name;
