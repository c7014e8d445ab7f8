import type { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import { guestOptions, type OptionValue, optionProblem, tidyOption } from "../../providers/proxmox/options";
import type { Settings } from "../settings";

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
  const custom = [...guest.customFields]
    .filter(([name]) => name.startsWith(optionPrefix))
    .map(([name, value]): [string, unknown] => [name.slice(optionPrefix.length), value]);
  const context: unknown = guest.localContext.proxmox;
  const inContext = isRecord(context) && isRecord(context.options) ? context.options : {};
  return [
    { name: (option) => `its field for ${option}`, values: fields },
    { name: (option) => `custom field ${optionPrefix}${option}`, values: new Map(custom) },
    { name: (option) => `proxmox.options.${option} of its config context`, values: new Map(Object.entries(inContext)) },
    {
      name: (option) => `netbox-proxmox:defaults.options.${option}`,
      values: new Map(Object.entries(settings.defaults(guest.clusterName ?? "").options ?? {})),
    },
  ];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The PVE options that somebody names for a guest: NetBox's own fields, then custom fields, then its config context, then the
 * stack's defaults. What nobody names stays as the template has it.
 */
export function optionsOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
  problem: (text: string) => void,
): Record<string, OptionValue> | undefined {
  const chosen = new Map<string, OptionValue>();
  for (const { name, values } of sources(guest, settings))
    for (const [option, value] of values) {
      if (chosen.has(option) || value === null || value === undefined || value === "") continue;
      const given = typeof value === "boolean" ? Number(value) : value;
      if (typeof given !== "string" && typeof given !== "number") {
        problem(`${name(option)} holds no plain value; write ${guestOptions[option]?.example ?? "a text or a number"}`);
        continue;
      }
      const wrong = optionProblem(option, given);
      const tidy = tidyOption(option, given);
      if (wrong !== undefined || tidy === undefined) problem(`${name(option)}: ${wrong}`);
      else chosen.set(option, tidy);
    }
  const { balloon } = Object.fromEntries(chosen);
  if (typeof balloon === "number" && guest.memory !== undefined && balloon > guest.memory)
    problem(`a balloon of ${balloon} MiB is more than its ${guest.memory} MB of memory; lower it, or give it more`);
  return chosen.size === 0 ? undefined : Object.fromEntries([...chosen].sort(([a], [b]) => (a < b ? -1 : 1)));
}
