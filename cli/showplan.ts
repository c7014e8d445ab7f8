import type { PlanReport } from "../stacks/plan/report";
import { jsonReport } from "../stacks/plan/report/schema";
import { terminalReport } from "../stacks/plan/report/terminal";
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
