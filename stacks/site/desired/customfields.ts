import { nearest } from "../../../providers/nearest";
import { isRecord } from "../../../providers/values";
import type { CustomFieldNames } from "../../netbox/customfields";
import { readFields } from "../../netbox/schema";
import type { Change } from "../../plan/change";
import type { Doubt } from "../../plan/limits";
import type { NetboxFacts, Problem, Site } from "./types";

// A custom field that NetBox doesn't have reads like one that is empty on every object: that must take nothing away.

type Key = Exclude<keyof CustomFieldNames, "optionPrefix">;

/** Custom fields that the settings name and that can't be read. @param named the keys of site.customFields that the settings themselves give */
export function customFieldProblems(netbox: NetboxFacts, names: CustomFieldNames, named: string[]): Problem[] {
  const keys = readKeys.filter((key) => named.includes(key));
  const problems = keys.flatMap((key): Problem[] => {
    const name = names[key];
    const why = unreadable(netbox, key, name);
    return why === undefined ? [] : [`netbox-proxmox:site.customFields.${key} names ${why}`];
  });
  const isUsed = netbox.customFields.some(({ name }) => name.startsWith(names.optionPrefix));
  if (named.includes("optionPrefix") && !isUsed)
    problems.push(
      `netbox-proxmox:site.customFields.optionPrefix is ${names.optionPrefix}, and no custom field of NetBox at ${netbox.url} begins so, or the token may not see it (extras.view_customfield): correct the prefix, or add the custom fields.`,
    );
  return problems;
}

const readKeys = Object.keys(readFields) as Key[];

/** Why a custom field can't be read; undefined where it can. */
function unreadable(netbox: NetboxFacts, key: Key, name: string): string | undefined {
  const { objectTypes } = readFields[key];
  const there = netbox.customFields.find((field) => field.name === name);
  if (there !== undefined) {
    const lacking = objectTypes.filter((type) => !there.objectTypes.includes(type));
    return lacking.length === 0
      ? undefined
      : `${name}, which NetBox at ${netbox.url} has for ${there.objectTypes.join(", ") || "nothing"} and not for ${lacking.join(", ")}: add that object type to the custom field, or name another one.`;
  }
  if (holdsValues(netbox, name))
    return `${name}, which the token may not read: NetBox at ${netbox.url} gives its values and not the custom field itself. Give the token extras.view_customfield for it.`;
  const own = netbox.customFields.filter((field) => objectTypes.some((type) => field.objectTypes.includes(type)));
  const near = nearest(
    name,
    own.map((field) => field.name),
  );
  const meant = near === undefined ? "" : `: is ${near} meant?`;
  return `${name}, and NetBox at ${netbox.url} has no such custom field, or the token may not see it (extras.view_customfield)${meant === "" ? ":" : meant} ${meant === "" ? "correct" : "Correct"} the setting, or add the custom field in NetBox.`;
}

/** NetBox names every custom field of an object among its values, whoever asks. */
const holdsValues = ({ guests, interfaces, disks, addresses, prefixes }: NetboxFacts, name: string): boolean =>
  [guests, interfaces, disks, addresses, prefixes].some((all) =>
    all.some(({ customFields }) => customFields.has(name)),
  );

/** Changes that look like the loss of a custom field: NetBox hasn't one that goes by its usual name, and what it gave goes. */
export function customFieldDoubts({ netbox, settings, state }: Site): Doubt[] {
  const names = settings.site.customFields;
  const isMissing = (key: Key) => !holdsValues(netbox, names[key]) && unreadable(netbox, key, names[key]) !== undefined;
  const lost = (key: Key) =>
    `NetBox at ${netbox.url} has no custom field ${names[key]} (netbox-proxmox:site.customFields.${key}), or the token may not see it`;
  const doubts: Doubt[] = [];
  // Where config contexts ask for addresses, nobody needs the field.
  if (
    isMissing("allocateFrom") &&
    !netbox.guests.some(({ context }) => isRecord(context) && context.allocate_from !== undefined)
  )
    doubts.push({ effect: "releases", why: lost("allocateFrom"), explains: () => true });
  // Where roles tell containers from virtual machines, neither.
  if (isMissing("type") && !netbox.guests.some(({ role }) => role === "proxmox-lxc"))
    doubts.push({ effect: "rebuilds", why: lost("type"), explains: changesKind });
  if (isMissing("dnsAliases")) {
    // One of no guest is netbox-dns's own.
    const aliases = new Set(
      state.resources.flatMap(({ type, properties: { name, records, owner } }) =>
        type === "Bind9Record" && isRecord(records) && records.CNAME !== undefined && hasGuests(owner)
          ? [String(name).replace(/\.$/, "")]
          : [],
      ),
    );
    doubts.push({ effect: "removesNames", why: lost("dnsAliases"), explains: ({ name }) => aliases.has(name) });
  }
  return doubts;
}

const hasGuests = (owner: unknown): boolean =>
  isRecord(owner) && Array.isArray(owner.guests) && owner.guests.length > 0;

const changesKind = ({ fields }: Change): boolean => fields.some(({ name }) => name === "type");
