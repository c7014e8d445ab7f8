import type { NewJournalEntry } from "../../providers/netbox/extras/journal";
import type { Change, FieldChange, NetboxRef } from "./change";

// What an `up` did, as entries of NetBox's journal: one for each object that it followed.

export interface JournalRun {
  /** `project/stack`. */
  stack: string;
  /** ISO 8601. */
  time: string;
  /** The page of its report. */
  url?: string;
  /** Was a change not carried out? */
  isUndone?: (change: Change) => boolean;
}

/** Lines of an entry: what is more is counted. */
const mostLines = 40;

/** What Markdown would read as its own. */
const escaped = (text: string): string => text.replace(/[\\`*_[\]<>|#~]/g, "\\$&").replace(/\s+/g, " ");

/** A URL that ends no link. */
const linkTarget = (url: string): string =>
  url.replace(/[()<>\s]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`);

const printed = (value: unknown): string =>
  value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);

const fieldText = ({ name, before, after, isSecret = false }: FieldChange): string =>
  isSecret ? `${name} (secret)` : `${name} ${printed(before)} → ${printed(after)}`;

const words: Record<Change["action"], string> = {
  create: "created",
  adopt: "adopted",
  update: "changed",
  replace: "made anew",
  delete: "deleted",
};

/** One change in words. */
export function journalLine({ object, name, action, fields }: Change): string {
  const what = `${object} ${name} ${words[action]}`;
  return action === "update" && fields.length > 0 ? `${what}: ${fields.map(fieldText).join(", ")}` : what;
}

/** The guest whose page an URL is. */
function guestOfPage(url: string | undefined): NetboxRef[] {
  const [, id] = /\/virtualization\/virtual-machines\/(\d+)\/$/.exec(url ?? "") ?? [];
  return id === undefined ? [] : [`virtualization.virtualmachine/${Number(id)}`];
}

/** The objects whose journal tells of a change: the guest's alone where it is one of them, as that is where people look. */
function placesOf({ from: given = [], url }: Change): NetboxRef[] {
  const from = [...new Set([...given, ...guestOfPage(url)])];
  const guests = from.filter((ref) => ref.startsWith("virtualization.virtualmachine/"));
  return guests.length > 0 ? guests : from;
}

/** The guest's own object goes with it, or is gone already. */
const isOfLeaving = ({ action, effects }: Change): boolean => action === "delete" && effects.includes("removes");

/** @param line a change in words, where the report's are not at hand */
export function journalEntries(
  changes: readonly Change[],
  { stack, time, url, isUndone = () => false }: JournalRun,
  line: (change: Change) => string = journalLine,
): NewJournalEntry[] {
  const byPlace = new Map<NetboxRef, Change[]>();
  for (const change of changes) {
    if (isOfLeaving(change)) continue;
    for (const place of placesOf(change)) byPlace.set(place, [...(byPlace.get(place) ?? []), change]);
  }
  return [...byPlace].map(([place, own]) => {
    const lines = own.map((change) => `- ${isUndone(change) ? "**not done**: " : ""}${escaped(line(change))}`);
    const more = lines.length > mostLines ? [`- and ${lines.length - mostLines} more`] : [];
    const [objectType = "", id = ""] = place.split("/");
    return {
      objectType,
      objectId: Number(id),
      kind: own.some(isUndone) ? "warning" : "success",
      comments: [
        `\`up\` of ${escaped(stack)} at ${time}:`,
        "",
        ...lines.slice(0, mostLines),
        ...more,
        ...(url === undefined ? [] : ["", `[Report](${linkTarget(url)})`]),
      ].join("\n"),
    };
  });
}
