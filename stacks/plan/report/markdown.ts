import type { PlanReport } from "../report";
import type { Clock, Reason } from "./because";
import { type PlanGroup, planGroupsOf, shownWords } from "./groups";
import { headOf, type ReportSection, restOf, type SectionLine, sectionsOf } from "./sections";
import { counted, shownText } from "./shown";
import { summaryLine, summaryRows } from "./summary";
import type { ChangeWords } from "./words";

// A report for a pull or merge request.

/** Characters that GitHub takes in a comment: "Body is too long (maximum is 65536 characters)". */
export const githubCommentLimit = 65_536;
/** Characters that GitLab takes in a note. */
export const gitlabNoteLimit = 1_000_000;

export interface MarkdownForm {
  /** Characters that the text may have; GitHub's where it is left out. */
  limit?: number;
  /** `Europe/Berlin`; the machine's own where it is left out. */
  timeZone?: string;
  /** Where the whole report is, for what has no room. */
  fullUrl?: string;
}

/** Keeps what follows from being a mention or a reference; it takes no room. */
const apart = "&#8203;";

const entities: Record<string, string> = { "<": "&lt;", ">": "&gt;", "&": "&amp;" };
/** Names of emoji: letters, or a number that parts of an IPv6 address can be. What could be such a part is left alone. */
const emoji = /:(?=(?:100|1234|(?![\da-f]{1,4}:)[a-z0-9_+-]*[a-z][a-z0-9_+-]*):)/gi;

/**
 * A text as it is, whatever it holds: no markup, no HTML, nobody mentioned, no issue referred to, in one line of a table.
 * Mentions and references are found in what is shown, so a backslash alone does not stop them.
 */
export const escapedMarkdown = (text: string): string =>
  shownText(text)
    .replace(/[<>&]/g, (sign) => entities[sign] ?? sign)
    .replace(/[\\`*_{}[\]#|~!@$%^]/g, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/^[-+=]/, "\\$&")
    .replace(/(?<!\w)(\\[@!~%$^]|&amp;)(?=[\w"\\])|\\#(?=[\w"\\])/g, `$&${apart}`)
    .replace(emoji, `$&${apart}`);

/** A link, where the address is one of the web. */
function linked(text: string, url: string | undefined): string {
  const address = url === undefined ? undefined : webAddress(url);
  return address === undefined ? escapedMarkdown(text) : `[${escapedMarkdown(text)}](${address})`;
}

/** An address in which nothing ends the link or its cell. */
function webAddress(url: string): string | undefined {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).href.replace(
    /[()<>|\\`*_@~[\]]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** The same of a sentence with addresses in it. */
const linkedSentence = (text: string): string =>
  text
    .split(/(https?:\/\/[^\s<>()|`"']+[^\s<>()|`"'.,;:])/)
    .map((part, n) => (n % 2 === 1 ? linked(part, part) : escapedMarkdown(part)))
    .join("");

/** Parts of the text, of which those in front are kept where there is no room for all. */
class Page {
  private readonly lines: string[] = [];
  private used = 0;

  /** @param reserved what the end takes */
  constructor(
    private readonly limit: number,
    private reserved: number,
  ) {}

  has(text: string): boolean {
    return this.used + text.length + 1 <= this.limit - this.reserved;
  }

  /** @returns was there room for it? */
  put(text: string): boolean {
    if (!this.has(text)) return false;
    this.lines.push(text);
    this.used += text.length + 1;
    return true;
  }

  /** What stands at the end of every page. */
  end(text: string): string {
    this.reserved = 0;
    this.put(text);
    return `${this.lines.join("\n").trimEnd()}\n`;
  }
}

/** The report as Markdown of GitHub and GitLab. It never has more characters than the limit; then a summary, what destroys, and a count of the rest. */
export function markdownReport(
  report: PlanReport,
  { limit = githubCommentLimit, timeZone, fullUrl }: MarkdownForm = {},
): string {
  const clock: Clock = { madeAt: report.madeAt, ...(timeZone === undefined ? {} : { timeZone }) };
  const found = planGroupsOf(report, clock);
  const words = shownWords(found);
  const last = (hidden: number) => endOf(report, found.leftOut, hidden, fullUrl);
  const rowsOf = found.groups.map(groupRows);
  const whole = write(report, words, rowsOf, { limit, timeZone, summary: false, last });
  return whole ?? write(report, words, rowsOf, { limit, timeZone, summary: true, last }) ?? shortest(words, limit);
}

interface Writing {
  limit: number;
  timeZone: string | undefined;
  /** Is the summary by kinds told, as there is no room for all? */
  summary: boolean;
  /** @param hidden changes that are not shown */
  last: (hidden: number) => string;
}

/** @returns undefined where not even that has room */
function write(report: PlanReport, words: ChangeWords[], groups: string[][], writing: Writing): string | undefined {
  const { limit, timeZone, summary, last } = writing;
  const page = new Page(limit, last(words.length).length + 1);
  const { title, madeAt, remarks } = headOf(report, timeZone);
  const first = [
    `### ${escapedMarkdown(title)}`,
    "",
    `**${escapedMarkdown(summaryLine(words.map(({ change }) => change)))}**  `,
    escapedMarkdown(`made ${madeAt}`),
    "",
  ];
  if (!page.put(first.join("\n"))) return undefined;
  const fits = [...remarks.map((remark) => `> ${lineText(remark)}\n`)].every((text) => page.put(text) || summary);
  if (!fits) return undefined;
  const sections = sectionsOf(report);
  const isFirst = ({ id }: ReportSection) => id === "problems" || id === "refusals";
  for (const section of sections.filter(isFirst)) if (!putSection(page, section) && !summary) return undefined;
  if (summary) putSummary(page, words);
  const shown = putRows(page, groups);
  if (shown < words.length && !summary) return undefined;
  for (const section of sections.filter((each) => !isFirst(each)))
    if (!putSection(page, section) && !summary) return undefined;
  return page.end(last(words.length - shown));
}

/** Where a limit has no room for a head: the counts alone, in pieces that are whole. */
function shortest(words: ChangeWords[], limit: number): string {
  const line = `**${escapedMarkdown(summaryLine(words.map(({ change }) => change)))}**\n`;
  if (line.length <= limit) return line;
  const count = `${counted(words.length, "change")}\n`;
  return count.length <= limit ? count : "";
}

const lineText = ({ text, url }: SectionLine): string =>
  url === undefined ? linkedSentence(text) : `${linkedSentence(text)} ${linked("in NetBox", url)}`;

/** @returns is all of it there? */
function putSection(page: Page, { title, lines }: ReportSection): boolean {
  const items = lines.map((line) => `- ${lineText(line)}`);
  const hidden = (count: number) => `- and ${count} more`;
  const room = hidden(items.length);
  if (!page.has(`#### ${title}\n\n${items[0] ?? ""}\n${room}\n`)) return false;
  page.put(`#### ${escapedMarkdown(title)}\n`);
  let shown = 0;
  for (const item of items) {
    const isLast = shown === items.length - 1;
    if (!page.has(isLast ? `${item}\n` : `${item}\n${room}\n`)) break;
    page.put(item);
    shown++;
  }
  if (shown < items.length) page.put(hidden(items.length - shown));
  page.put("");
  return shown === items.length;
}

function putSummary(page: Page, words: ChangeWords[]): void {
  for (const { sign, title, names, isRepeated } of summaryRows(words)) {
    const listed = isRepeated
      ? ""
      : `: ${escapedMarkdown(names.slice(0, 10).join(", "))}${names.length > 10 ? ` and ${names.length - 10} more` : ""}`;
    if (!page.put(`- ${signText(sign)} ${escapedMarkdown(title)}${listed}`)) return;
  }
  page.put("");
}

const signText = (sign: string): string => (sign === "±" ? "**±**" : `**\\${sign}**`);
const tableHead = "| | What | Change | Why |\n| --- | --- | --- | --- |";

/** A group is there as a whole or not at all. @returns how many changes are shown */
function putRows(page: Page, groups: string[][]): number {
  if (groups.length === 0 || !page.put(tableHead)) return 0;
  let shown = 0;
  for (const rows of groups) {
    if (!page.put(rows.join("\n"))) break;
    shown += rows.filter((row) => !row.startsWith(headless)).length;
  }
  page.put("");
  return shown;
}

const headless = "| | **";

function groupRows({ guest, lead, lines }: PlanGroup): string[] {
  const name = guest?.name ?? "";
  const first = lead === undefined ? `${headless}${linked(name, guest?.url)}** | | |` : wordsRow(lead, false);
  return [first, ...lines.map((line) => wordsRow(line, true))];
}

function wordsRow({ change, sign, title, parts, more, effects, reasons }: ChangeWords, isFolded: boolean): string {
  const isGone = change.action === "delete" || change.action === "replace";
  const told = effects.map(({ text, isDestructive }) =>
    isDestructive ? `**${escapedMarkdown(text)}**` : `*${escapedMarkdown(text)}*`,
  );
  const said = escapedMarkdown([...parts, ...more].join(", "));
  const what = [...(isGone ? told : []), ...(said === "" ? [] : [said]), ...(isGone ? [] : told)].join("; ");
  const shown = isFolded ? `&nbsp;&nbsp;↳ ${escapedMarkdown(title)}` : `**${linked(title, change.url)}**`;
  return `| ${signText(sign)} | ${shown} | ${what} | ${reasons.map(reasonText).join("; ")} |`;
}

const reasonText = ({ text, url }: Reason): string => linked(text, url);

function endOf(report: PlanReport, leftOut: number, hidden: number, fullUrl: string | undefined): string {
  const rest = restOf(report, leftOut);
  const where = fullUrl === undefined ? "the report of the run has them all" : linked("the whole report", fullUrl);
  const more =
    hidden === 0 ? [] : [`**${counted(hidden, "change")} ${hidden === 1 ? "is" : "are"} not shown here**: ${where}.`];
  const whole = hidden === 0 && fullUrl !== undefined ? [`${linked("The whole report", fullUrl)}.`] : [];
  return [...more, ...whole, ...(rest === "" ? [] : [escapedMarkdown(rest)])].join("  \n");
}
