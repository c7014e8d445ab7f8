import { unknown } from "../../../providers/unknown";
import { isRecord } from "../../../providers/values";
import type { Action, Change, FieldChange } from "../change";
import { type Clock, type Reason, reasonsOf } from "./because";
import { type EffectWords, effectWordsOf, isGuestChange, whereOf } from "./effectwords";
import { guestSaid, saidOfGuest } from "./guestwords";
import { propertyOf, resourceTypeOf } from "./properties";
import { shownText } from "./shown";
import { anything, type ChangePart, inBrackets, printScalar } from "./wording";

// One change in the words of a person.

export type Sign = "+" | "~" | "-" | "±";
export const signs: Record<Action, Sign> = { create: "+", adopt: "+", update: "~", replace: "±", delete: "-" };

export interface ChangeWords {
  change: Change;
  sign: Sign;
  /** `web01`, `address 10.0.0.5/24 of net0`. */
  title: string;
  /** What is made, what changes, or what goes. */
  parts: string[];
  /** What a new one has besides. */
  more: string[];
  effects: EffectWords[];
  reasons: Reason[];
}

/** Properties that say to whom or where something belongs, which its name or its guest says already. */
const silent = new Set([
  ...["mark", "stack", "netboxUrl", "owner", "key", "zoneId", "interfaceId", "family", "ordinal", "addressId", "label"],
  ...["objectId", "madeByUs", "overwrite", "adopted", "adoptedGuests", "adopt", "derived", "field", "vrfId", "type"],
  ...["generation", "rotation", "recipe", "revision", "checksum", "algorithm", "conflicts", "removal"],
]);

const sideOf = ({ before, after, isSecret }: FieldChange, side: "before" | "after"): unknown =>
  isSecret === true ? undefined : side === "before" ? before : after;

/** The properties of one side of a change. */
const properties = ({ fields }: Change, side: "before" | "after"): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap((field) => {
      const value = sideOf(field, side);
      return value === undefined ? [] : [[field.name, value]];
    }),
  );

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  value === unknown ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** A property of something that is made or goes: `TTL 300 s`, `primary`. */
function said(change: Change, name: string, value: unknown): string[] {
  if (isEmpty(value)) return [];
  const [label, wording] = propertyOf(change, name);
  if (value === true) return [label === "" ? name : label];
  const text = wording.says(value);
  return text === "" || text === "none" ? [] : [label === "" ? text : `${label} ${inBrackets(text)}`];
}

/** Is it in the name already? */
const isInName = ({ name }: Change, value: unknown): boolean =>
  (typeof value === "string" || typeof value === "number") &&
  ` ${name.replaceAll("!", " ")} `.includes(` ${String(value).replace(/\.$/, "")} `);

/** What is made, or what goes, by all its properties but those that say nothing to a person. */
function allSaid(change: Change, side: "before" | "after", skipped: readonly string[] = []): string[] {
  return Object.entries(properties(change, side))
    .filter(([name, value]) => !silent.has(name) && !skipped.includes(name) && !isInName(change, value))
    .flatMap(([name, value]) => said(change, name, value));
}

/** An address that is made or goes. */
function addressSaid(change: Change, side: "before" | "after"): string[] {
  const { address, from, given, primary, dnsName } = properties(change, side);
  const [isNew, isKnown] = [side === "after", typeof address === "string" && address !== unknown];
  const sources = Array.isArray(from) && from.length > 0 ? propertyOf(change, "from")[1].says(from) : "";
  return [
    ...(isNew && !isKnown ? [`the next free one${sources === "" ? "" : ` of ${sources}`}`] : []),
    ...(isKnown && !change.name.includes(String(address)) ? [printScalar(address)] : []),
    ...(isNew && given === true ? ["chosen in NetBox"] : []),
    ...(!isNew && given === true ? ["stays in NetBox, where a person chose it"] : []),
    ...(isNew && primary === true ? ["primary"] : []),
    ...(isNew && !isEmpty(dnsName) ? [`DNS name ${printScalar(dnsName)}`] : []),
    ...(!isNew && given === false && !change.effects.includes("releases") ? ["goes back to its prefix"] : []),
  ];
}

/** A name that is made or goes: `A 10.0.0.5, PTR`. */
function nameSaid(change: Change, side: "before" | "after"): string[] {
  const { records, reverse, ttl, server } = properties(change, side);
  const of = isRecord(records) ? Object.entries(records) : [];
  return [
    ...of.map(([type, values]) => `${shownText(type)} ${anything.says(values)}`),
    ...(Array.isArray(reverse) && reverse.length > 0 ? ["with PTR"] : []),
    ...(side === "after" && ttl !== undefined ? [`TTL ${printScalar(ttl)} s`] : []),
    ...(server === undefined ? [] : [`on ${printScalar(server)}`]),
  ];
}

/** What is made. */
function madeParts(change: Change): { parts: string[]; more: string[] } {
  const { action } = change;
  const all = properties(change, "after");
  if (isGuestChange(change)) {
    const kind = resourceTypeOf(change) === "ProxmoxContainer" ? "container" : "VM";
    if (action === "adopt") {
      return {
        parts: [`takes over the ${kind}${whereOf(change)} as it is, and writes nothing but its mark`],
        more: [],
      };
    }
    const [first = "", ...others] = guestSaid(all);
    return {
      parts: [first === "" ? `new ${kind}` : `new ${kind}: ${first}`, ...others],
      more: allSaid(change, "after", saidOfGuest),
    };
  }
  const type = resourceTypeOf(change);
  const taken = action === "adopt" ? ["takes it over as it is"] : [];
  if (type === "NetboxIpAllocation") return { parts: [...taken, ...addressSaid(change, "after")], more: [] };
  if (type === "Bind9Record") return { parts: [...taken, ...nameSaid(change, "after")], more: [] };
  if (type === "NetboxDnsRecord") return { parts: [...taken, ...recordSaid(change, "after")], more: [] };
  if (type === "NetboxPromotion") return { parts: ["becomes active"], more: [] };
  if (type === "NetboxGuest") return { parts: [...taken, ...said(change, "vmid", all.vmid)], more: [] };
  return { parts: [...taken, ...allSaid(change, "after")], more: [] };
}

const recordSaid = (change: Change, side: "before" | "after"): string[] => {
  const { value, zone } = properties(change, side);
  return [
    ...(isEmpty(value) ? [] : [printScalar(value)]),
    ...(zone === undefined ? [] : [`in the zone ${printScalar(zone)}`]),
  ];
};

/** What goes. */
function goneParts(change: Change): string[] {
  const type = resourceTypeOf(change);
  const all = properties(change, "before");
  if (isGuestChange(change)) {
    return change.effects.includes("removes") ? [] : [`deletes it${whereOf(change)}`];
  }
  if (type === "NetboxIpAllocation") return addressSaid(change, "before");
  if (type === "Bind9Record") return nameSaid(change, "before");
  if (type === "NetboxDnsRecord") return recordSaid(change, "before");
  if (type === "NetboxGuest") return ["deleted if its status is decommissioning, else only its VMID is cleared"];
  if (type === "ProxmoxSnapshot") return ["its safety snapshots are deleted", ...said(change, "kept", all.kept)];
  return allSaid(change, "before");
}

/** What changes, each part once. */
function changedParts(change: Change): ChangePart[] {
  const isRenamed = change.fields.some(({ name }) => name === "dnsName");
  const parts = change.fields.flatMap((field) => {
    // What it replaces stands beside the new name.
    if (field.name === "renames" && isRenamed) return [];
    const [label, wording] = propertyOf(change, field.name);
    const path = field.name;
    if (field.isSecret === true) return [{ path, text: `${label === "" ? field.name : label} changes` }];
    const isUnknown = field.after === undefined && field.isRemoved !== true;
    return wording.changed({ label, path }, field.before, isUnknown ? unknown : field.after);
  });
  return parts.filter(({ text }, n) => parts.findIndex((each) => each.text === text) === n);
}

/** `address 10.0.0.5/24 of net0`: under its guest, without the guest's name. @param isFolded does it stand under its guest? */
function changeTitle(change: Change, isFolded: boolean): string {
  const { object, name, guest } = change;
  if (isGuestChange(change) && !isFolded) return shownText(name);
  const within = guest === undefined || !isFolded ? name : withoutGuest(name, guest.name);
  // `snapshots of web01` says what it is.
  if (within.split(" ").some((word) => word === object || word === `${object}s`) || within.includes(` ${object}`))
    return shownText(within);
  return shownText(within === "" ? object : `${object} ${within}`);
}

const withoutGuest = (name: string, guest: string): string => {
  if (name === guest) return "";
  if (name.startsWith(`${guest} `)) return `of ${name.slice(guest.length + 1)}`;
  return name.endsWith(` of ${guest}`) ? name.slice(0, -guest.length - 4) : name.replace(` of ${guest} `, " of ");
};

/** A change in words. */
export function wordsOf(change: Change, clock: Clock, isFolded = false): ChangeWords {
  const { action } = change;
  const { effects, isSaid } = effectWordsOf(change);
  const base = {
    change,
    sign: signs[action],
    title: changeTitle(change, isFolded),
    effects,
    reasons: reasonsOf(change, clock),
  };
  if (action === "create" || action === "adopt") return { ...base, ...madeParts(change) };
  if (action === "delete") return { ...base, parts: goneParts(change), more: [] };
  const changed = changedParts(change).filter(({ path }) => !isSaid(path));
  const parts = changed.map(({ text }) => text);
  if (action === "replace" && !effects.some(({ effect }) => effect === "rebuilds"))
    return { ...base, parts: ["deleted and made anew", ...parts], more: [] };
  return { ...base, parts: parts.length > 0 || effects.length > 0 ? parts : ["written again"], more: [] };
}
