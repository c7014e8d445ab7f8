import type { CapacityRow, PlanReport, PolicyResult } from "../report";
import { printPlanTime, sharedReasons } from "./because";
import { counted, inOrder, shownText } from "./shown";

// What a report says besides its changes.

/** One line of a section. */
export interface SectionLine {
  text: string;
  url?: string;
}

const plain = (texts: readonly string[]): SectionLine[] => texts.map((text) => ({ text: shownText(text) }));

/** Policies that stop the plan, or warn; exceptions are told with them. */
export const policyLines = (policies: readonly PolicyResult[], severity: PolicyResult["severity"]): SectionLine[] =>
  policies
    .filter((each) => each.severity === severity && each.exception === undefined)
    .map(policyLine)
    .sort((a, b) => inOrder(a.text, b.text));

/** What a policy would say, had the object not been excepted by a tag. */
export const exceptionLines = (policies: readonly PolicyResult[]): SectionLine[] =>
  policies.filter(({ exception }) => exception !== undefined).map(policyLine);

function policyLine({ policy, object, name, url, message, exception }: PolicyResult): SectionLine {
  const until = exception?.until === undefined ? "" : ` until ${exception.until}`;
  const excepted = exception === undefined ? "" : `; excepted by the tag ${exception.tag}${until}`;
  return {
    text: shownText(`${object} ${name}: ${message} (policy ${policy}${excepted})`),
    ...(url === undefined ? {} : { url }),
  };
}

/** Rows of the capacity that change or warn. */
export const shownCapacity = (rows: readonly CapacityRow[]): CapacityRow[] =>
  rows.filter(({ before, after, warning }) => before !== after || warning !== undefined);

const round = (value: number): string => String(Math.round(value * 10) / 10);
const percentOf = (part: number, total: number): number => (total <= 0 ? 0 : Math.round((part / total) * 100));

/** A row of the capacity in words: `pve1 memory 48 → 56 of 64 GiB, 88 %`. */
export function capacityText({ kind, cluster, name, unit, total, before, after, warning }: CapacityRow): string {
  const factor = unit === "MiB" && total >= 1024 ? 1024 : 1;
  const [there, wanted, all] = [before, after, total].map((value) => round(value / factor));
  const what = { "node memory": "memory", "node CPU": "CPU", storage: "storage" }[kind];
  const change = there === wanted ? wanted : `${there} → ${wanted}`;
  const of = `${change} of ${all} ${factor === 1024 ? "GiB" : unit}, ${percentOf(after, total)} %`;
  return shownText(`${name} ${what} ${of} (${cluster})${warning === undefined ? "" : `: ${warning}`}`);
}

/** The share that is taken after the plan, 0 to 1, for a bar; more where it is overcommitted. */
export const capacityShare = ({ total, after }: CapacityRow): number => (total <= 0 ? 0 : after / total);

/** What stands at the top of a report. */
export interface ReportHead {
  /** `Plan of netbox-proxmox/site, 28 Nov 2026 14:05 UTC`. */
  title: string;
  madeAt: string;
  /** What one has to know of how it was made. */
  remarks: SectionLine[];
}

export function headOf(report: PlanReport, timeZone: string | undefined): ReportHead {
  const { stack, program, madeAt, isRefreshed, branch, changes } = report;
  const made = printPlanTime(madeAt, timeZone);
  const remarks: SectionLine[] = [
    ...(branch === undefined
      ? []
      : [
          {
            text: `Read from the branch ${shownText(branch.name)} of NetBox: this is what merging it would do. A branch is never applied.`,
            url: branch.url,
          },
        ]),
    ...(isRefreshed
      ? []
      : [{ text: "Made without a refresh: what was changed by hand since the last run does not show." }]),
    ...plain(sharedReasons(changes)),
  ];
  const known = stack.endsWith(`/${program}`) ? "" : ` (program ${program})`;
  return { title: shownText(`Plan of ${stack}${known}`), madeAt: made, remarks };
}

export interface ReportSection {
  id: "problems" | "refusals" | "warnings" | "exceptions" | "capacity" | "notes";
  title: string;
  tone: "bad" | "warn" | "quiet";
  lines: SectionLine[];
}

/** What is told besides the changes: what stands in the way first. */
export function sectionsOf(report: PlanReport): ReportSection[] {
  const { problems, warnings, notes, policies, capacity } = report;
  const all: ReportSection[] = [
    {
      id: "problems",
      title: `${counted(problems.length, "problem")}: while there ${problems.length === 1 ? "is one" : "are any"}, up does nothing`,
      tone: "bad",
      lines: plain(problems),
    },
    { id: "refusals", title: "Refused by policies", tone: "bad", lines: policyLines(policies, "refuse") },
    {
      id: "warnings",
      title: "Warnings",
      tone: "warn",
      lines: [...policyLines(policies, "warn"), ...plain(warnings)],
    },
    {
      id: "capacity",
      title: "Capacity after it",
      tone: "quiet",
      lines: plain(shownCapacity(capacity).map(capacityText)),
    },
    { id: "exceptions", title: "Excepted from policies", tone: "quiet", lines: exceptionLines(policies) },
    { id: "notes", title: "Notes", tone: "quiet", lines: plain(notes) },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

/** `37 resources stay as they are.` */
export function restOf({ unchanged }: Pick<PlanReport, "unchanged">, leftOut: number): string {
  const stay =
    unchanged === 0
      ? []
      : [
          `${counted(unchanged, "resource")} ${unchanged === 1 ? "stays" : "stay"} as ${unchanged === 1 ? "it is" : "they are"}`,
        ];
  const serve =
    leftOut === 0
      ? []
      : [`${counted(leftOut, "change")} of the program's own records ${leftOut === 1 ? "is" : "are"} not listed`];
  const text = [...stay, ...serve].join("; ");
  return text === "" ? "" : `${text}.`;
}
