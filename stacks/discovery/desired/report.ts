import { z } from "zod";
import { tableLines } from "../../plan/table";
import type { ReportRow } from "./types";

const changes = [
  "new",
  "merged",
  "changed",
  "same",
  "gone",
  "conflicting",
  "handed over",
  "managed",
  "unreachable",
] as const;

/** What a run of discovery found: a file of JSON. */
export interface Report {
  /** ISO 8601. */
  ran: string;
  /** Since the run before, in words; nothing at the first. */
  sinceLastRun?: string;
  /** How often it is to run, as the settings say. */
  interval?: string;
  /** Clusters that were only looked at. */
  readOnly: string[];
  counts: Record<ReportRow["change"], number>;
  /** Everything but what is as it was. */
  rows: ReportRow[];
}

export function reportOf(
  rows: ReportRow[],
  now: Date,
  last: Date | undefined,
  interval: string | undefined,
  readOnly: string[],
): Report {
  const count = (change: ReportRow["change"]): [ReportRow["change"], number] => [
    change,
    rows.filter((each) => each.change === change).length,
  ];
  const none = {
    new: 0,
    merged: 0,
    changed: 0,
    same: 0,
    gone: 0,
    conflicting: 0,
    "handed over": 0,
    managed: 0,
    unreachable: 0,
  };
  const counts = { ...none, ...Object.fromEntries(changes.map(count)) };
  return {
    ran: `${now.toISOString().slice(0, 19)}Z`,
    ...(last === undefined ? {} : { sinceLastRun: printSpan(now.getTime() - last.getTime()) }),
    ...(interval === undefined ? {} : { interval }),
    readOnly,
    counts,
    rows: rows.filter(({ change, details }) => change !== "same" || details.length > 0),
  };
}

/** When the run before was, by the outputs that versions before this one kept. */
export const lastRunOf = (outputs: unknown): Date | undefined => {
  const parsed = z.object({ report: z.object({ ran: z.string() }) }).safeParse(outputs);
  return parsed.success ? new Date(parsed.data.report.ran) : undefined;
};

const printSpan = (milliseconds: number): string => {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
};

/** Rows that a terminal is given. */
const most = 200;

/** The report as a table. */
export function printReport({ counts, rows, readOnly, sinceLastRun }: Report): string {
  const said = changes.filter((change) => counts[change] > 0).map((change) => `${counts[change]} ${change}`);
  const head = `Discovery: ${said.join(", ") || "nothing there"}${sinceLastRun === undefined ? "" : `; last run ${sinceLastRun} ago`}${readOnly.length === 0 ? "" : `; read only: ${readOnly.join(", ")}`}`;
  const cells = rows
    .slice(0, most)
    .map(({ change, cluster, vmid, name, details }) => [
      change,
      cluster,
      vmid === undefined ? "" : String(vmid),
      name,
      details.join("; "),
    ]);
  const lines = tableLines(cells).map((line) => `  ${line}`);
  const more = rows.length > most ? [`  and ${rows.length - most} more: set netbox-proxmox:discovery.reportFile`] : [];
  return [head, ...lines, ...more].join("\n");
}
