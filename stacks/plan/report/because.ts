import type { Because, Change } from "../change";
import { shownText } from "./shown";

// Why a change is in the plan, in words.

export interface Clock {
  /** When the plan was made, ISO 8601: the year is said where it is another one. */
  madeAt: string;
  /** `Europe/Berlin`; the machine's own where it is left out. */
  timeZone?: string;
}

/** One for each zone: making it takes longer than all that it prints. */
const forms = new Map<string | undefined, Intl.DateTimeFormat>();
function formOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = forms.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    ...{ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
    ...{ hourCycle: "h23", timeZoneName: "short", timeZone },
  });
  forms.set(timeZone, made);
  return made;
}

/** The parts of a time in a zone. */
function timeParts(date: Date, timeZone: string | undefined): (name: Intl.DateTimeFormatPartTypes) => string {
  const parts = formOf(timeZone).formatToParts(date);
  return (name) => parts.find(({ type }) => type === name)?.value ?? "";
}

const isTime = (date: Date): boolean => !Number.isNaN(date.getTime());

/** `28 Nov 14:02`; with its year where that isn't the plan's. What is no time stays as it is. */
export function printWhen(time: string, { madeAt, timeZone }: Clock): string {
  const [date, now] = [new Date(time), new Date(madeAt)];
  if (!isTime(date)) return shownText(time);
  const of = timeParts(date, timeZone);
  const year = isTime(now) && timeParts(now, timeZone)("year") === of("year") ? "" : ` ${of("year")}`;
  return `${of("day")} ${of("month")}${year} ${of("hour")}:${of("minute")}`;
}

/** `28 Nov 2026 14:05 UTC`: times of a report are in this zone. */
export function printPlanTime(time: string, timeZone: string | undefined): string {
  const date = new Date(time);
  if (!isTime(date)) return shownText(time);
  const of = timeParts(date, timeZone);
  return `${of("day")} ${of("month")} ${of("year")} ${of("hour")}:${of("minute")} ${of("timeZoneName")}`;
}

/** A reason in words, and where one reads more of it. */
export interface Reason {
  text: string;
  url?: string;
  /** The request of NetBox's that it was: what one request changed has one reason. */
  request?: string;
}

const quotedMessage = (message: string | undefined): string =>
  message === undefined || message.trim() === "" ? "" : `: "${shownText(message.trim())}"`;

/** Is it the object itself that was changed, rather than a part of it? */
const isItself = (object: string, change: Change): boolean =>
  [change.name, change.guest?.name].some(
    (name) => name !== undefined && (object === name || object.endsWith(` ${name}`)),
  );

function netboxReason(because: Extract<Because, { reason: "netbox" }>, change: Change, clock: Clock): Reason {
  const { user, time, action, object, message, url, request } = because;
  const did = {
    create: isItself(object, change) ? "" : ` added ${shownText(object)}`,
    update: isItself(object, change) ? "" : ` changed ${shownText(object)}`,
    delete: ` deleted ${shownText(object)}`,
  }[action];
  return { text: `${shownText(user)}${did}, ${printWhen(time, clock)}${quotedMessage(message)}`, url, request };
}

function driftReason({ task, serial }: Extract<Because, { reason: "drift" }>, change: Change, clock: Clock): string {
  const where = change.system === "DNS" ? "the name server" : change.system === "files" ? "the disk" : change.system;
  if (task !== undefined)
    return `changed on ${where} by ${shownText(task.user)}, ${printWhen(task.time, clock)} (task ${shownText(task.type)})`;
  const serials = serial === undefined ? "" : ` (serial ${serial.before} → ${serial.after})`;
  return `changed on ${where} by hand${serials}`;
}

/** One reason in words; undefined where it says nothing about this change alone. */
function reasonOf(because: Because, change: Change, clock: Clock): Reason | undefined {
  switch (because.reason) {
    case "netbox":
      return netboxReason(because, change, clock);
    case "setting":
      return { text: `setting ${shownText(because.key)}` };
    case "file":
      return { text: shownText(because.place) };
    case "version":
      return { text: "a new version of netbox-proxmox" };
    case "drift":
      return { text: driftReason(because, change, clock) };
    // Said once, at the top.
    case "first run":
      return undefined;
    case "unknown":
      return because.right === undefined ? { text: "reason unknown" } : undefined;
  }
}

export const isSameReason = (a: Reason, b: Reason): boolean =>
  a.text === b.text || (a.request !== undefined && a.request === b.request);

/** Why a change is in the plan; each reason once. */
export function reasonsOf(change: Change, clock: Clock): Reason[] {
  const all = (change.because ?? []).flatMap((each) => reasonOf(each, change, clock) ?? []);
  return all.filter((reason, n) => all.findIndex((each) => isSameReason(each, reason)) === n);
}

/** What is said once of all changes. */
export function sharedReasons(changes: Change[]): string[] {
  const all = changes.flatMap(({ because = [] }) => because);
  const rights = new Set(
    all.flatMap((each) => (each.reason === "unknown" && each.right !== undefined ? [shownText(each.right)] : [])),
  );
  return [
    ...(all.some(({ reason }) => reason === "first run") ? ["First run: all of it is new to this stack."] : []),
    ...[...rights].map((right) => `Who changed what in NetBox is unknown: the token lacks ${right}.`),
  ];
}
