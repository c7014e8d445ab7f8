import type { PlanReport } from "../report";
import type { Clock } from "./because";
import { type PlanGroup, type PlanGroups, planGroupsOf, shownWords } from "./groups";
import { headOf, type ReportSection, restOf, sectionsOf } from "./sections";
import { counted, displayWidth, wrappedLines } from "./shown";
import { reasonCounts, type SummaryRow, summaryLine, summaryRows } from "./summary";
import type { ChangeWords, Sign } from "./words";

// A report for a terminal.

export interface TerminalForm {
  /** Columns. */
  width: number;
  /** May it be coloured? The caller knows NO_COLOR. */
  colour: boolean;
  /** Every line, however many there are. */
  full?: boolean;
  /** `Europe/Berlin`; the machine's own where it is left out. */
  timeZone?: string;
  /** How to see all of a long plan: `--full`. */
  fullFlag?: string;
}

/** More changes than these are told by a summary. */
export const mostListed = 40;

type Tone = "green" | "yellow" | "red" | "magenta" | "grey" | "bold";
const codes: Record<Tone, number> = { green: 32, yellow: 33, red: 31, magenta: 35, grey: 90, bold: 1 };
const signTones: Record<Sign, Tone> = { "+": "green", "~": "yellow", "-": "red", "±": "magenta" };

/** A text that is coloured as a whole once it is laid out. */
interface Piece {
  text: string;
  tone?: Tone;
  /** What stands before it; two blanks where it is left out. */
  gap?: string;
}

/** Items of a list: none is torn that fits on a line. */
const listPieces = (items: readonly string[], tone?: Tone): Piece[] =>
  items.map((item, n) => ({
    text: n < items.length - 1 ? `${item},` : item,
    ...(tone === undefined ? {} : { tone }),
    ...(n === 0 ? {} : { gap: " " }),
  }));

class Printer {
  readonly lines: string[] = [];

  constructor(private readonly form: TerminalForm) {}

  /** Pieces one behind the other, over as many lines as they take. */
  put(first: string, pieces: readonly Piece[], later: string, sign?: Sign): void {
    const width = Math.max(8, this.form.width);
    const begins = sign === undefined ? first : `${first}${sign} `;
    let shown = sign === undefined ? first : `${first}${this.coloured(sign, signTones[sign])} `;
    let used = displayWidth(begins);
    let isFresh = true;
    const next = () => {
      this.lines.push(shown.trimEnd());
      shown = later;
      used = displayWidth(later);
      isFresh = true;
    };
    for (const { text, tone, gap = "  " } of pieces) {
      const all = displayWidth(text);
      const rest = width - used - gap.length;
      // What fits on a line of its own is not torn; what doesn't begins here, where there is room for a word or two.
      if (!isFresh && all > rest && (all <= width - displayWidth(later) || rest < 24)) next();
      const between = isFresh ? "" : gap;
      const rows = wrappedLines(text, width - used - between.length, width - displayWidth(later));
      for (const [n, row] of rows.entries()) {
        if (n > 0) next();
        shown += `${n > 0 ? "" : between}${this.coloured(row, tone)}`;
        used += displayWidth(row) + (n > 0 ? 0 : between.length);
        isFresh = false;
      }
    }
    next();
  }

  blank(): void {
    if (this.lines.length > 0 && this.lines.at(-1) !== "") this.lines.push("");
  }

  private coloured(text: string, tone: Tone | undefined): string {
    return tone === undefined || !this.form.colour || text === "" ? text : `\u001b[${codes[tone]}m${text}\u001b[0m`;
  }
}

/** How much of each part a summary has room for. */
interface Room {
  /** Of a section. */
  lines: number;
  /** Lines of names in a row. */
  names: number;
  rows: number;
  reasons: number;
}
const unlimited = Number.POSITIVE_INFINITY;
const everything: Room = { lines: unlimited, names: unlimited, rows: unlimited, reasons: unlimited };
/** From the most to the least: the first that fits a screen is taken. */
const rooms: Room[] = [
  { lines: 4, names: 2, rows: 20, reasons: 5 },
  { lines: 2, names: 1, rows: 14, reasons: 3 },
  { lines: 1, names: 1, rows: 8, reasons: 2 },
  { lines: 0, names: 0, rows: 5, reasons: 1 },
];
/** Lines of a screen. */
const screen = 50;

/** The report as lines of a terminal. None is wider than it, and nothing is cut; a long one is told by a summary that fits a screen. */
export function terminalReport(report: PlanReport, form: TerminalForm): string[] {
  const clock: Clock = { madeAt: report.madeAt, ...(form.timeZone === undefined ? {} : { timeZone: form.timeZone }) };
  const found = planGroupsOf(report, clock);
  const words = shownWords(found);
  if (form.full === true || words.length <= mostListed) return reportLines(report, form, found, words);
  const rows = summaryRows(words);
  let lines: string[] = [];
  for (const room of rooms) {
    lines = reportLines(report, form, found, words, { room, rows });
    if (lines.length <= screen) break;
  }
  return lines;
}

function reportLines(
  report: PlanReport,
  form: TerminalForm,
  found: PlanGroups,
  words: readonly ChangeWords[],
  summary?: { room: Room; rows: SummaryRow[] },
): string[] {
  const printer = new Printer(form);
  const room = summary?.room ?? everything;
  putHead(printer, report, form);
  const sections = sectionsOf(report);
  const isFirst = ({ id }: ReportSection) => id === "problems" || id === "refusals";
  for (const section of sections.filter(isFirst)) putSection(printer, section, room);
  printer.blank();
  if (summary === undefined) putGroups(printer, found, form);
  else putSummary(printer, summary.rows, words, room, form);
  for (const section of sections.filter((each) => !isFirst(each))) putSection(printer, section, room);
  putEnd(printer, report, found, words, summary === undefined ? undefined : (form.fullFlag ?? "--full"));
  return printer.lines;
}

function putHead(printer: Printer, report: PlanReport, form: TerminalForm): void {
  const { title, madeAt, remarks } = headOf(report, form.timeZone);
  printer.put(
    "",
    [
      { text: title, tone: "bold" },
      { text: madeAt, tone: "grey" },
    ],
    "  ",
  );
  for (const { text, url } of remarks)
    printer.put(
      "",
      [{ text, tone: "yellow" }, ...(url === undefined ? [] : [{ text: url, tone: "grey" as const }])],
      "  ",
    );
}

const sectionTones: Record<ReportSection["tone"], Tone | undefined> = { bad: "red", warn: "yellow", quiet: undefined };

function putSection(printer: Printer, { title, tone, lines }: ReportSection, room: Room): void {
  printer.blank();
  printer.put("", [{ text: title, tone: sectionTones[tone] ?? "bold" }], "  ");
  const shown = lines.length > room.lines + 1 ? lines.slice(0, room.lines) : lines;
  for (const { text, url } of shown)
    printer.put("  ", [{ text }, ...(url === undefined ? [] : [{ text: url, tone: "grey" as const }])], "    ");
  const rest = lines.length - shown.length;
  if (rest > 0)
    printer.put(
      "  ",
      [{ text: shown.length === 0 ? counted(rest, "line") : `and ${rest} more`, tone: "grey" }],
      "    ",
    );
}

function putGroups(printer: Printer, { groups }: PlanGroups, form: TerminalForm): void {
  let last: PlanGroup | undefined;
  for (const group of groups) {
    // Guests with parts under them stand apart; the rest is a list.
    const isBlock = group.lines.length > 0 || (last?.lines.length ?? 0) > 0;
    const isOther = last?.guest !== undefined && group.guest === undefined;
    if (last !== undefined && (isBlock || isOther)) printer.blank();
    last = group;
    if (group.lead !== undefined) putWords(printer, group.lead, "", form);
    else printer.put("  ", [{ text: group.guest?.name ?? "", tone: "bold" }], "    ");
    for (const line of group.lines) putWords(printer, line, "  ", form);
  }
}

function putWords(printer: Printer, words: ChangeWords, indent: string, form: TerminalForm): void {
  const { sign, title, parts, more, effects, reasons } = words;
  const { action } = words.change;
  const isGone = action === "delete" || action === "replace";
  const effectPieces = effects.map(
    ({ text, isDestructive }): Piece => ({ text, tone: isDestructive ? "red" : "yellow" }),
  );
  const pieces: Piece[] = [
    { text: title, ...(indent === "" ? { tone: "bold" as const } : {}) },
    // What destroys is read first.
    ...(isGone ? effectPieces : []),
    ...listPieces([...parts, ...(form.full === true ? more : [])]),
    ...(isGone ? [] : effectPieces),
    ...reasons.map(({ text }): Piece => ({ text, tone: "grey" })),
  ];
  printer.put(indent, pieces, `${indent}    `, sign);
}

function putSummary(
  printer: Printer,
  rows: readonly SummaryRow[],
  words: readonly ChangeWords[],
  room: Room,
  form: TerminalForm,
): void {
  const shown = rows.length > room.rows ? rows.slice(0, room.rows - 1) : rows;
  for (const row of shown) putRow(printer, row, room, form);
  const rest = rows.slice(shown.length).reduce((sum, { names }) => sum + names.length, 0);
  if (rest > 0) printer.put("  ", [{ text: `and ${rest} changes of other kinds`, tone: "grey" }], "    ");
  const reasons = reasonCounts(words);
  if (reasons.length === 0) return;
  printer.blank();
  printer.put("", [{ text: "Why", tone: "bold" }], "  ");
  for (const { count, text } of reasons.slice(0, room.reasons))
    printer.put("  ", [{ text: `${counted(count, "change")}: ${text}` }], "    ");
  const more = reasons.length - room.reasons;
  if (more > 0) printer.put("  ", [{ text: `and ${counted(more, "other reason")}`, tone: "grey" }], "    ");
}

function putRow(printer: Printer, row: SummaryRow, room: Room, form: TerminalForm): void {
  const { sign, title, names, isDestructive, isRepeated = false } = row;
  const shown: string[] = [];
  let left = room.names * (form.width - 4) - ` and ${names.length} more`.length;
  for (const name of isRepeated ? [] : names) {
    left -= displayWidth(name) + 2;
    if (left < 0) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  const rest =
    isRepeated || shown.length === 0 || more === 0
      ? []
      : [{ text: `and ${more} more`, tone: "grey" as const, gap: " " }];
  printer.put(
    "",
    [{ text: title, ...(isDestructive ? { tone: "red" as const } : {}) }, ...listPieces(shown, "grey"), ...rest],
    "    ",
    sign,
  );
}

function putEnd(
  printer: Printer,
  report: PlanReport,
  found: PlanGroups,
  words: readonly ChangeWords[],
  flag: string | undefined,
): void {
  printer.blank();
  const rest = restOf(report, found.leftOut);
  if (rest !== "") printer.put("", [{ text: rest, tone: "grey" }], "  ");
  printer.put("", [{ text: `${summaryLine(words.map(({ change }) => change))}.`, tone: "bold" }], "  ");
  const refusals = report.policies.filter(
    ({ severity, exception }) => severity === "refuse" && exception === undefined,
  );
  const stops = [
    ...(report.problems.length === 0
      ? []
      : [`${report.problems.length} ${report.problems.length === 1 ? "problem" : "problems"}`]),
    ...(refusals.length === 0
      ? []
      : [`${refusals.length} ${refusals.length === 1 ? "refusal" : "refusals"} by policies`]),
  ];
  if (stops.length > 0)
    printer.put(
      "",
      [
        {
          text: `Up does nothing: ${stops.join(" and ")} above ${stops.length === 1 && /^1 /.test(stops[0] ?? "") ? "stands" : "stand"} in the way.`,
          tone: "red",
        },
      ],
      "  ",
    );
  if (flag !== undefined) printer.put("", [{ text: `This is a summary. ${flag} shows every change.` }], "  ");
}
