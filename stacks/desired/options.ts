import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../providers/netbox/schemas";
import {
  diskOptions,
  guestOptions,
  lacking,
  networkOptions,
  type OptionTable,
  type OptionValue,
  optionExample,
  optionProblem,
  tidyOption,
} from "../../providers/proxmox/options";
import type { GuestDefaults, Settings } from "../settings";

/** Who may name an option, the first one wins. */
interface Source {
  /** As the user calls it. */
  name: (option: string) => string;
  values: Map<string, unknown>;
}

function sources(guest: NetboxVirtualMachine, settings: Settings): Source[] {
  const { optionPrefix } = settings.site.customFields;
  const fields = new Map<string, unknown>();
  if (guest.startOnBoot === "on") fields.set("onboot", 1);
  if (guest.startOnBoot === "off") fields.set("onboot", 0);
  // PVE counts whole cores; a fraction of them is a limit.
  if (guest.vcpus !== undefined && !Number.isInteger(guest.vcpus)) fields.set("cpulimit", guest.vcpus);
  const context: unknown = guest.localContext.proxmox;
  const inContext = isRecord(context) && isRecord(context.options) ? context.options : {};
  return [
    { name: (option) => `its field for ${option}`, values: fields },
    { name: (option) => `custom field ${optionPrefix}${option}`, values: prefixed(guest.customFields, optionPrefix) },
    { name: (option) => `proxmox.options.${option} of its config context`, values: new Map(Object.entries(inContext)) },
    {
      name: (option) => `netbox-proxmox:defaults.options.${option}`,
      values: new Map(Object.entries(settings.defaults(guest.clusterName ?? "").options ?? {})),
    },
  ];
}

/** Custom fields with a prefix, by the rest of their names. */
const prefixed = (fields: Map<string, string | undefined>, prefix: string): Map<string, unknown> =>
  new Map(
    [...fields].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]),
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
export function optionsOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined {
  const chosen = choose(sources(guest, settings), guestOptions, problem);
  const balloon = chosen.get("balloon");
  if (typeof balloon === "number" && guest.memory !== undefined && balloon > guest.memory)
    problem(`a balloon of ${balloon} MiB is more than its ${guest.memory} MB of memory; lower it, or give it more`);
  return inOrder(chosen);
}

/** A part of a guest: what its custom fields name, then the stack's defaults. */
function partOptions(
  part: { name: string; customFields: Map<string, string | undefined> },
  prefix: string,
  defaults: { key: string; values: object | undefined },
  table: OptionTable,
  problem: (text: string) => void,
): Map<string, OptionValue> {
  return choose(
    [
      {
        name: (option) => `custom field ${prefix}${option} of ${part.name}`,
        values: prefixed(part.customFields, prefix),
      },
      {
        name: (option) => `netbox-proxmox:defaults.${defaults.key}.${option}`,
        values: new Map(Object.entries(defaults.values ?? {})),
      },
    ],
    table,
    problem,
  );
}

/** The keys that somebody names for a virtual disk. A default that its bus lacks is passed over; a custom field is told. */
export function diskOptionsOf(
  disk: NetboxDisk,
  settings: Settings,
  defaults: GuestDefaults,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined {
  const { optionPrefix } = settings.site.customFields;
  const bus = /^[a-z]+/.exec(disk.name)?.[0] ?? "";
  const chosen = partOptions(
    disk,
    optionPrefix,
    { key: "diskOptions", values: defaults.diskOptions },
    diskOptions,
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
  vmInterface: NetboxInterface,
  settings: Settings,
  defaults: GuestDefaults,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined =>
  inOrder(
    partOptions(
      vmInterface,
      settings.site.customFields.optionPrefix,
      { key: "networkOptions", values: defaults.networkOptions },
      networkOptions,
      problem,
    ),
  );
