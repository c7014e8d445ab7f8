import type { StateResource } from "../known";
import type { ProgramResult } from "../program";
import type { Change } from "./change";
import { changesFrom, urnOf } from "./changes";
import { choiceText, type GuestChoice } from "./choice";
import { chosenSteps } from "./chosen";
import type { PlanReport } from "./report";
import { type PlanStep, planSteps } from "./steps";

// What a program is about to do, as its report.

/** What the engine would do with each resource, and what that is to a person. */
export interface PlannedSteps {
  steps: PlanStep[];
  changes: Change[];
}

/** What a run's program is about to do. @param refreshed the state as a refresh found it; as it was recorded where it is left out */
export function plannedSteps(
  { plan, run, resources }: ProgramResult,
  refreshed: readonly StateResource[] | undefined,
): PlannedSteps {
  if (plan.planned !== undefined) return plan.planned;
  const { stack, self, state } = run;
  const steps = planSteps(resources, refreshed ?? state.resources, state.resources);
  return { steps, changes: changesFrom(steps, { stack, netboxUrl: self.netboxUrl, guests: new Map() }) };
}

/** What a report says besides of how it was made. */
export interface ReportedRun {
  program: string;
  madeAt: Date;
  /** Does it show what was changed by hand since the last run? */
  isRefreshed: boolean;
  /** The guests that it is about; all where it is left out. */
  choice?: GuestChoice | undefined;
}

export function reportOfResult(
  { plan, run }: Pick<ProgramResult, "plan" | "run">,
  { steps: all, changes }: PlannedSteps,
  { program, madeAt, isRefreshed, choice }: ReportedRun,
): PlanReport {
  const steps = choice === undefined ? all : chosenSteps(all, choice);
  const problems = steps.flatMap(({ name, problems: found }) => found.map(({ reason }) => `${name}: ${reason}`));
  // Orphans and limits go by the whole. One that had another name or kind before has two.
  const urns = new Set(
    steps.flatMap(({ existing, ...step }) =>
      [step, ...(existing === undefined ? [] : [existing])].map(({ token, name }) => urnOf(run.stack, token, name)),
    ),
  );
  const [own, others] = [
    changes.filter(({ urn = "" }) => urns.has(urn)),
    changes.filter(({ urn = "" }) => !urns.has(urn)),
  ];
  return {
    format: 1,
    stack: run.stack,
    program,
    madeAt: madeAt.toISOString(),
    isRefreshed,
    ...(choice === undefined
      ? { changes }
      : { changes: own, chosen: { by: choiceText(choice), urns: [...urns], others: others.length } }),
    unchanged: steps.filter(({ action }) => action === "same").length,
    problems: [...(plan.refused ?? []), ...problems],
    warnings: plan.warnings ?? [],
    notes: [...(plan.notes ?? []), ...(choice === undefined ? [] : [othersText(choice, others.length)])],
    policies: plan.policies ?? [],
    capacity: plan.capacity ?? [],
  };
}

const othersText = (choice: GuestChoice, others: number): string =>
  `${choiceText(choice)} leaves ${others === 1 ? "1 change" : `${others} changes`} of others out; they, and what interrupted runs left, wait for the next \`up\` without it.`;
