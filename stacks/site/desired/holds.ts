import type { Deletion, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { guestTitle, guestUrl } from "../../../providers/ownership/mark";
import { isBuilt } from "../../netbox/statuses";
import { endOf } from "../../plan/enddate";
import { listedNames } from "../../plan/listed";
import type { PolicyResult } from "../../plan/report";
import type { SiteSettings } from "../settings";
import type { Evidence, Undeclared } from "./removals";
import type { NetboxFacts } from "./types";

// Hands off: a guest with the hold tag is neither made, changed nor removed, whatever else NetBox says of it.

/** A guest that is held. */
export interface Hold {
  id: number;
  name: string;
  /** Is there something of it that is held? */
  isMade: boolean;
  /** The text of its end, as NetBox has it. */
  until: string | undefined;
  /** Would it be removed were it not held: is it decommissioning, or deleted in NetBox? */
  isGoing: boolean;
}

type HoldSettings = Pick<SiteSettings, "holdTag" | "customFields">;

/**
 * The guests that are held: by their tags in NetBox, or, where somebody deleted one, by the tags that it had then.
 * @param undeclared built guests that NetBox's list has not, or not as built
 * @param tagName what NetBox calls the tag, where that was looked up: the change log has names
 */
export function holdsOf(
  { guests }: Pick<NetboxFacts, "guests">,
  { undeclared, evidence }: { undeclared: Undeclared[]; evidence: Evidence },
  made: ReadonlySet<number>,
  settings: HoldSettings,
  tagName?: string,
): Map<number, Hold> {
  const holds = new Map<number, Hold>();
  for (const guest of guests) {
    if (!guest.tags.includes(settings.holdTag)) continue;
    // One that is not made and not to be made has nothing to hold.
    if (!isBuilt(guest.status) && !made.has(guest.id)) continue;
    holds.set(guest.id, holdOf(guest, made, settings));
  }
  for (const { netboxId, name } of undeclared) {
    const { guest, deletion } = evidence.get(netboxId) ?? {};
    if (guest?.tags.includes(settings.holdTag)) holds.set(netboxId, holdOf(guest, made, settings));
    else if (guest === undefined && deletion !== undefined && hadTag(deletion, settings, tagName))
      holds.set(netboxId, {
        ...{ id: netboxId, name, isMade: true, isGoing: true },
        until: deletion.customFields.get(settings.customFields.holdUntil),
      });
  }
  return holds;
}

const holdOf = (
  { id, name, status, customFields: values }: NetboxVirtualMachine,
  made: ReadonlySet<number>,
  { customFields }: HoldSettings,
): Hold => ({
  ...{ id, name, isMade: made.has(id), until: values.get(customFields.holdUntil) },
  isGoing: status === "decommissioning",
});

/** The change log names tags; a slug is made from its name unless somebody wrote another. */
const hadTag = ({ tagNames }: Deletion, { holdTag }: HoldSettings, tagName: string | undefined): boolean =>
  tagNames.some((name) => name === tagName || name === holdTag || slugOf(name) === holdTag);

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .trim()
    .replace(/[\s-]+/g, "-");

/** What is said of the guests that are held: one row each, and a warning of those whose end has come, or is no date. */
export function heldResults(
  holds: ReadonlyMap<number, Hold>,
  { settings, netboxUrl, now }: { settings: HoldSettings; netboxUrl: string; now: Date },
): { results: PolicyResult[]; warnings: string[]; notes: string[] } {
  const results: PolicyResult[] = [];
  const warnings: string[] = [];
  const notes: string[] = [];
  const { holdTag: tag } = settings;
  for (const hold of [...holds.values()].sort((a, b) => a.id - b.id)) {
    const mark = { netboxUrl, netboxId: hold.id };
    const { isAmiss, message } = saidOf(hold, settings, now);
    (isAmiss ? warnings : notes).push(`${guestTitle({ name: hold.name, mark })} ${message}.`);
    results.push({
      ...{ policy: "hold", severity: "warn", object: "guest", name: hold.name, url: guestUrl(mark), message },
      ...(isAmiss ? {} : { exception: { tag, ...(hold.until === undefined ? {} : { until: hold.until }) } }),
    });
  }
  return { results, warnings, notes };
}

function saidOf(
  { isMade, isGoing, until }: Hold,
  { holdTag, customFields: { holdUntil: field } }: HoldSettings,
  now: Date,
): { isAmiss: boolean; message: string } {
  const going = isGoing ? ", though NetBox says that it goes" : "";
  const what = isMade ? `it is neither changed nor removed${going}` : "it is not made";
  const held = `is held by the tag ${holdTag}`;
  const end = endOf(until, now);
  switch (end.state) {
    case "none":
      return { isAmiss: false, message: `${held}, and has no end date in ${field}: ${what}` };
    case "ahead":
      return { isAmiss: false, message: `${held} until ${end.until}: ${what}` };
    case "over":
      return {
        isAmiss: true,
        message: `${held}, whose end was ${end.until}: ${what}; take the tag away, or set a later date in ${field}`,
      };
    case "unreadable":
      return {
        isAmiss: true,
        message: `${held}, and its end "${end.text}" in ${field} is no date: ${what}; write the date as YYYY-MM-DD`,
      };
  }
}

/** What keeps a destroy from beginning: it goes by the state, and would take held guests away. */
export function holdsInTheWay(
  holds: ReadonlyMap<number, Hold>,
  netboxUrl: string,
  { holdTag }: HoldSettings,
): string[] {
  const made = [...holds.values()].filter(({ isMade }) => isMade);
  if (made.length === 0) return [];
  const names = made.map(({ id, name }) => guestTitle({ name, mark: { netboxUrl, netboxId: id } }));
  const [are, them] = names.length === 1 ? ["is", "it"] : ["are", "each of them"];
  return [
    `a destroy would remove ${listedNames(names)}, which ${are} held by the tag ${holdTag}: take the tag off ${them} in NetBox first`,
  ];
}
