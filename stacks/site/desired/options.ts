import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import {
  containerNetworkOptions,
  containerOptions,
  guestOptions,
  lacking,
  networkOptions,
  type OptionTable,
  type OptionValue,
  optionExample,
  optionProblem,
  tidyOption,
  volumeOptions,
} from "../../../providers/proxmox/nodes/options";
import { drives } from "../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import type { SourcedValue, ValueSource } from "../../netbox/valuesource";
import type { Settings } from "../../settings";
import type { optionSections } from "../settings";
import { contextOf } from "./guestsettings";

/** Who may name an option, the first one wins. */
interface Source {
  /** As the user calls it. */
  name: (option: string) => string;
  source: (option: string) => ValueSource;
  values: Map<string, unknown>;
}

/** Options by their names, each with the place that it is from. */
export type SourcedOptions = Map<string, SourcedValue<unknown> & { value: OptionValue }>;

/** A section of defaults, the cluster's own before the general one. */
const defaultSources = (
  guest: NetboxVirtualMachine,
  settings: Settings,
  section: (typeof optionSections)[number],
  valuesOf: (values: object) => Map<string, unknown>,
): Source[] =>
  settings.defaultLayers(guest.clusterName ?? "").map(({ key, values }) => ({
    name: (option) => `${key}.${section}.${option}`,
    source: (option) => ({ kind: "setting", name: `${key}.${section}.${option}` }),
    values: valuesOf(values[section] ?? {}),
  }));

/** The options of a kind of guest, and the section of the settings that names them. */
const kinds = {
  qemu: { table: guestOptions, section: "options" },
  lxc: { table: containerOptions, section: "containerOptions" },
} as const;

function sources(guest: NetboxVirtualMachine, type: GuestType, settings: Settings): Source[] {
  const { optionPrefix } = settings.site.customFields;
  const { section } = kinds[type];
  const fields = new Map<string, unknown>();
  // NetBox says off where nobody chose anything: since 4.5 of every machine that was there before.
  if (guest.startOnBoot === "on" || guest.startOnBoot === "laststate") fields.set("onboot", 1);
  if (guest.startOnBoot === "off" && settings.site.startOnBoot === "netbox") fields.set("onboot", 0);
  // PVE counts whole cores; a fraction of them is a limit.
  if (guest.vcpus !== undefined && !Number.isInteger(guest.vcpus)) fields.set("cpulimit", guest.vcpus);
  return [
    {
      name: (option) => `its field for ${option}`,
      source: (option) => ({ kind: "field", name: option === "onboot" ? "start_on_boot" : "vcpus" }),
      values: fields,
    },
    {
      name: (option) => `custom field ${optionPrefix}${option}`,
      source: (option) => ({ kind: "custom field", name: `${optionPrefix}${option}` }),
      values: prefixed(guest.customFields, optionPrefix),
    },
    {
      name: (option) => `proxmox.${section}.${option} of its config context`,
      source: (option) => ({ kind: "config context", name: `proxmox.${section}.${option}` }),
      values: inContext(guest, section),
    },
    ...defaultSources(guest, settings, section, (values) => new Map(Object.entries(values))),
  ];
}

function inContext(guest: NetboxVirtualMachine, section: (typeof optionSections)[number]): Map<string, unknown> {
  const values: unknown = contextOf(guest)[section];
  return new Map(typeof values === "object" && values !== null ? Object.entries(values) : []);
}

/** Custom fields with a prefix, by the rest of their names. */
const prefixed = (fields: Map<string, string | undefined>, prefix: string): Map<string, unknown> =>
  new Map(
    [...fields].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]),
  );

/** The first value of each option, tidy; each that won't do is a problem. */
function choose(all: Source[], table: OptionTable, problem: (text: string) => void): SourcedOptions {
  const chosen: SourcedOptions = new Map();
  for (const { name, source, values } of all)
    for (const [option, value] of values) {
      if (value === null || value === undefined || value === "") continue;
      const before = chosen.get(option);
      if (before !== undefined) {
        before.overrules.push({ source: source(option), value });
        continue;
      }
      const given = typeof value === "boolean" ? Number(value) : value;
      if (typeof given !== "string" && typeof given !== "number") {
        problem(`${name(option)} holds no plain value; write ${optionExample(option, table)}`);
        continue;
      }
      const wrong = optionProblem(option, given, table);
      const tidy = tidyOption(option, given, table);
      if (wrong !== undefined || tidy === undefined) problem(`${name(option)}: ${wrong}`);
      else chosen.set(option, { source: source(option), value: tidy, overrules: [] });
    }
  return chosen;
}

/** Their plain values, by name. */
const inOrder = (chosen: SourcedOptions): Record<string, OptionValue> | undefined =>
  chosen.size === 0
    ? undefined
    : Object.fromEntries([...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { value }]) => [name, value]));

/**
 * The PVE options that somebody names for a guest: NetBox's own fields, then custom fields, then its config context, then the
 * stack's defaults. What nobody names stays as the template has it.
 */
export function optionsOfGuest(
  guest: NetboxVirtualMachine,
  type: GuestType,
  settings: Settings,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined {
  const chosen = sourcedOptionsOfGuest(guest, type, settings, problem);
  const balloon = chosen.get("balloon")?.value;
  if (typeof balloon === "number" && guest.memory !== undefined && balloon > guest.memory)
    problem(`a balloon of ${balloon} MiB is more than its ${guest.memory} MB of memory; lower it, or give it more`);
  return inOrder(chosen);
}

/** The same with their places. */
export const sourcedOptionsOfGuest = (
  guest: NetboxVirtualMachine,
  type: GuestType,
  settings: Settings,
  problem: (text: string) => void,
): SourcedOptions => choose(sources(guest, type, settings), kinds[type].table, problem);

/** A disk or network device: what its custom fields name, then the guest's config context, then the stack's defaults. */
interface Part {
  part: { name: string; customFields: Map<string, string | undefined> };
  guest: NetboxVirtualMachine;
  section: (typeof optionSections)[number];
  table: OptionTable;
}

function partOptions({ part, guest, section, table }: Part, settings: Settings, problem: (text: string) => void) {
  const { optionPrefix } = settings.site.customFields;
  // A custom field's name has no hyphen.
  const fields = [...prefixed(part.customFields, optionPrefix)].map(([name, value]): [string, unknown] => [
    name in table ? name : name.replaceAll("_", "-"),
    value,
  ]);
  // Defaults are for every part of every guest: what a part's kind doesn't have is passed over.
  const general = (values: object) => new Map(Object.entries(values).filter(([name]) => name in table));
  return choose(
    [
      {
        name: (option) => `custom field ${optionPrefix}${option} of ${part.name}`,
        source: (option) => ({ kind: "custom field", name: `${optionPrefix}${option} of ${part.name}` }),
        values: new Map(fields),
      },
      {
        name: (option) => `proxmox.${section}.${option} of its config context`,
        source: (option) => ({ kind: "config context", name: `proxmox.${section}.${option}` }),
        values: general(Object.fromEntries(inContext(guest, section))),
      },
      ...defaultSources(guest, settings, section, general),
    ],
    table,
    problem,
  );
}

/** The keys that somebody names for a virtual disk. A default that its bus lacks is passed over; a custom field is told. */
export const diskOptionsOf = (...of: Parameters<typeof sourcedDiskOptions>): Record<string, OptionValue> | undefined =>
  inOrder(sourcedDiskOptions(...of));

/** The same with their places. */
export function sourcedDiskOptions(
  disk: NetboxDisk,
  guest: NetboxVirtualMachine,
  type: GuestType,
  settings: Settings,
  problem: (text: string) => void,
): SourcedOptions {
  if (type === "lxc")
    return partOptions({ part: disk, guest, section: "volumeOptions", table: volumeOptions }, settings, problem);
  const { optionPrefix } = settings.site.customFields;
  const bus = /^[a-z]+/.exec(disk.name)?.[0] ?? "";
  const chosen = partOptions(
    { part: disk, guest, section: "diskOptions", table: drives.table(disk.name) },
    settings,
    problem,
  );
  for (const option of [...chosen.keys()])
    if (lacking[option]?.includes(bus)) {
      if (disk.customFields.get(`${optionPrefix}${option}`) !== undefined)
        problem(
          `virtual disk ${disk.name} can't have ${option}, which ${bus} disks lack; empty that custom field, or use scsi`,
        );
      chosen.delete(option);
    }
  return chosen;
}

/** The keys that somebody names for a network device. */
export const networkOptionsOf = (
  ...of: Parameters<typeof sourcedNetworkOptions>
): Record<string, OptionValue> | undefined => inOrder(sourcedNetworkOptions(...of));

/** The same with their places. */
export function sourcedNetworkOptions(
  part: NetboxInterface,
  guest: NetboxVirtualMachine,
  type: GuestType,
  settings: Settings,
  problem: (text: string) => void,
): SourcedOptions {
  const table = type === "lxc" ? containerNetworkOptions : networkOptions;
  return partOptions({ part, guest, section: "networkOptions", table }, settings, problem);
}
