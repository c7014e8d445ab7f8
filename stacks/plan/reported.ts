import type { StateResource } from "../known";
import type { ProgramResult } from "../program";
import { changesFrom } from "./changes";
import type { PlanReport } from "./report";
import { planSteps } from "./steps";

// What a program is about to do, as its report.

/** What a report says besides of how it was made. */
export interface ReportedRun {
  program: string;
  madeAt: Date;
  /** The state as a refresh found it; as it was recorded where it is left out. */
  refreshed?: readonly StateResource[];
}

export function reportOfResult(
  { plan, run, resources }: ProgramResult,
  { program, madeAt, refreshed }: ReportedRun,
): PlanReport {
  const steps = planSteps(resources, refreshed ?? run.state.resources);
  const describe =
    plan.describe ??
    ((all) => changesFrom(all, { stack: run.stack, netboxUrl: run.self.netboxUrl, guests: new Map<number, string>() }));
  const problems = steps.flatMap(({ name, problems: all }) => all.map(({ reason }) => `${name}: ${reason}`));
  return {
    format: 1,
    stack: run.stack,
    program,
    madeAt: madeAt.toISOString(),
    isRefreshed: refreshed !== undefined,
    changes: describe(steps),
    unchanged: steps.filter(({ action }) => action === "same").length,
    problems: [...(plan.refused ?? []), ...problems],
    warnings: plan.warnings ?? [],
    notes: plan.notes ?? [],
    policies: plan.policies ?? [],
    capacity: plan.capacity ?? [],
  };
}
