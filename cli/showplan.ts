import type { PlanReport } from "../stacks/plan/report";
import { printJson, say } from "./terminal";

/** Prints a plan for people, or as JSON. */
export function printPlan(report: PlanReport, { json = false }: { json?: boolean; full?: boolean } = {}): void {
  if (json) printJson(report);
  else for (const { action, object, name } of report.changes) say(`${action} ${object} ${name}`);
}
