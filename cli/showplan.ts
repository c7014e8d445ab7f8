import { writeFileSync } from "node:fs";
import { messageOf, UserError } from "../providers/errors";
import type { PlanReport } from "../stacks/plan/report";
import { markdownReport } from "../stacks/plan/report/markdown";
import { jsonReport } from "../stacks/plan/report/schema";
import { terminalReport } from "../stacks/plan/report/terminal";
import { printPlanPage } from "../stacks/planpage/page";
import { isPlain, say } from "./terminal";

/** Prints a plan for people, or as JSON. @param full every change of a long one */
export function printPlan(
  report: PlanReport,
  { json = false, full = false }: { json?: boolean; full?: boolean } = {},
): void {
  if (json) {
    process.stdout.write(jsonReport(report));
    return;
  }
  const form = { width: process.stdout.columns ?? 100, colour: !isPlain(), full, fullFlag: "--full" };
  for (const line of terminalReport(report, form)) say(line);
}

export interface PlanFiles {
  html?: string;
  markdown?: string;
}

/** Writes a plan for who reads it elsewhere. @throws UserError where a file can't be written */
export function writePlan(report: PlanReport, { html, markdown }: PlanFiles): void {
  if (html !== undefined) write(html, printPlanPage(report));
  if (markdown !== undefined) write(markdown, markdownReport(report));
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UserError(`The plan can't be written to ${file}: ${messageOf(error)}. Give another file.`);
  }
}
