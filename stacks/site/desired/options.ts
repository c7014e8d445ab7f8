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
import type { Settings } from "../../settings";
import type { optionSections } from "../settings";
import { contextOf } from "./guestsettings";

/** Who may name an option, the first one wins. */
interface Source {
  /** As the user calls it. */
  name: (option: string) => string;
  values: Map<string, unknown>;
}

/** The options of a kind of guest, and the section of the settings that names them. */
const kinds = {
  qemu: { table: guestOptions, section: "options" },
  lxc: { table: containerOptions, section: "containerOptions" },
} as const;

function sources(guest: NetboxVirtualMachine, type: GuestType, settings: Settings): Source[] {
  const { optionPrefix } = settings.site.customFields;
  const { section } = kinds[type];
  const fields = new Map<string, unknown>();
  if (guest.startOnBoot === "on") fields.set("onboot", 1);
  if (guest.startOnBoot === "off") fields.set("onboot", 0);
  // PVE counts whole cores; a fraction of them is a limit.
  if (guest.vcpus !== undefined && !Number.isInteger(guest.vcpus)) fields.set("cpulimit", guest.vcpus);
  return [
    { name: (option) => `its field for ${option}`, values: fields },
    { name: (option) => `custom field ${optionPrefix}${option}`, values: prefixed(guest.customFields, optionPrefix) },
    { name: (option) => `proxmox.${section}.${option} of its config context`, values: inContext(guest, section) },
    {
      name: (option) => `netbox-proxmox:defaults.${section}.${option}`,
      values: new Map(Object.entries(settings.defaults(guest.clusterName ?? "")[section] ?? {})),
    },
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
function choose(all: Source[], table: OptionTable, problem: (text: string) => void): Map<string, OptionValue> {
  const chosen = new Map<string, OptionValue>();
  for (const { name, values } of all)
    for (const [option, value] of values) {
      if (chosen.has(option) || value === null || value === undefined || value === "") continue;
      const given = typeof value === "boolean" ? Number(value) : value;
      if (typeof given !== "string" && typeof given !== "number") {
        problem(`${name(option)} holds no plain value; write ${optionExample(option, table)}`);
        continue;
      }
      const wrong = optionProblem(option, given, table);
      const tidy = tidyOption(option, given, table);
      if (wrong !== undefined || tidy === undefined) problem(`${name(option)}: ${wrong}`);
      else chosen.set(option, tidy);
    }
  return chosen;
}

const inOrder = (chosen: Map<string, OptionValue>): Record<string, OptionValue> | undefined =>
  chosen.size === 0 ? undefined : Object.fromEntries([...chosen].sort(([a], [b]) => (a < b ? -1 : 1)));

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
  const chosen = choose(sources(guest, type, settings), kinds[type].table, problem);
  const balloon = chosen.get("balloon");
  if (typeof balloon === "number" && guest.memory !== undefined && balloon > guest.memory)
    problem(`a balloon of ${balloon} MiB is more than its ${guest.memory} MB of memory; lower it, or give it more`);
  return inOrder(chosen);
}

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
      { name: (option) => `custom field ${optionPrefix}${option} of ${part.name}`, values: new Map(fields) },
      {
        name: (option) => `proxmox.${section}.${option} of its config context`,
        values: general(Object.fromEntries(inContext(guest, section))),
      },
      {
        name: (option) => `netbox-proxmox:defaults.${section}.${option}`,
        values: general(settings.defaults(guest.clusterName ?? "")[section] ?? {}),
      },
    ],
    table,
    problem,
  );
}

/** The keys that somebody names for a virtual disk. A default that its bus lacks is passed over; a custom field is told. */
export function diskOptionsOf(
  disk: NetboxDisk,
  guest: NetboxVirtualMachine,
  type: GuestType,
  settings: Settings,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined {
  if (type === "lxc")
    return inOrder(
      partOptions({ part: disk, guest, section: "volumeOptions", table: volumeOptions }, settings, problem),
    );
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
  return inOrder(chosen);
}

/** The keys that somebody names for a network device. */
export const networkOptionsOf = (
  part: NetboxInterface,
  guest: NetboxVirtualMachine,
  type: GuestType,
  settings: Settings,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined => {
  const table = type === "lxc" ? containerNetworkOptions : networkOptions;
  return inOrder(partOptions({ part, guest, section: "networkOptions", table }, settings, problem));
};
