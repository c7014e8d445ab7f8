import { redact } from "../http/redact";

// What is told to people, the same in every channel: a title, a few lines, and where to read on.

export const notifyEvents = [
  /** Something differs from what the last `up` left. */
  "drift",
  /** A run ended with an error. */
  "failed",
  /** A plan has changes, and waits for who approves it. */
  "approval",
  /** A token has to be made anew, or has expired. */
  "token",
  /** A stack that runs by a schedule had no good run for too long. */
  "late",
] as const;
export type NotifyEvent = (typeof notifyEvents)[number];

export interface Notice {
  /** `test` is what `netbox-proxmox notify --test` sends, to every channel. */
  event: NotifyEvent | "test";
  stack: string;
  /** ISO 8601. */
  time: string;
  /** `prod: 3 changes differ from the last run`. */
  title: string;
  /** What it is about, a line each. */
  lines: string[];
  /** The report, or the run. */
  url?: string;
}

/** Lines of a notice, characters of a line, and bytes of all: what the smallest channel takes (Slack 3,000, ntfy 4,096). */
const mostLines = 12;
const longestLine = 200;
const mostBytes = 2_800;
const longestTitle = 140;

/** One line without control characters: names in NetBox may hold anything, and titles stand in headers. */
function oneLine(text: string, most: number): string {
  const clean = redact(text)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
  const characters = [...clean];
  return characters.length <= most ? clean : `${characters.slice(0, most - 1).join("")}…`;
}

/** The notice as channels send it: short, on single lines, and without secrets. */
export function presentableNotice(notice: Notice): Notice {
  const lines: string[] = [];
  let bytes = 0;
  for (const line of notice.lines.slice(0, mostLines)) {
    const shown = oneLine(line, longestLine);
    bytes += Buffer.byteLength(shown) + 1;
    if (bytes > mostBytes) break;
    lines.push(shown);
  }
  const left = notice.lines.length - lines.length;
  return {
    ...notice,
    title: oneLine(notice.title, longestTitle),
    lines: left > 0 ? [...lines, `and ${left} more`] : lines,
  };
}

/** Lines and link as text. */
export const noticeBody = ({ lines, url }: Notice): string =>
  [...lines, ...(url === undefined ? [] : [url])].join("\n");

/** All of it as text. */
export const noticeText = (notice: Notice): string => [notice.title, noticeBody(notice)].filter(Boolean).join("\n");
