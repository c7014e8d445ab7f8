import type { StateResource } from "../known";
import type { ProgramResult } from "../program";
import { changesFrom, urnOf } from "./changes";
import { choiceText, type GuestChoice } from "./choice";
import { chosenSteps } from "./chosen";
import type { PlanReport } from "./report";
import { planSteps } from "./steps";

// What a program is about to do, as its report.

/** What a report says besides of how it was made. */
export interface ReportedRun {
  program: string;
  madeAt: Date;
  /** The state as a refresh found it; as it was recorded where it is left out. */
  refreshed?: readonly StateResource[];
  /** The guests that it is about; all where it is left out. */
  choice?: GuestChoice | undefined;
}

export function reportOfResult(
  { plan, run, resources }: ProgramResult,
  { program, madeAt, refreshed, choice }: ReportedRun,
): PlanReport {
  const all = planSteps(resources, refreshed ?? run.state.resources, run.state.resources);
  const steps = choice === undefined ? all : chosenSteps(all, choice);
  const describe =
    plan.describe ??
    ((each) =>
      changesFrom(each, { stack: run.stack, netboxUrl: run.self.netboxUrl, guests: new Map<number, string>() }));
  const problems = steps.flatMap(({ name, problems: found }) => found.map(({ reason }) => `${name}: ${reason}`));
  // Orphans and limits go by the whole.
  const changes = describe(all);
  // One that had another name or kind before has two.
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
    isRefreshed: refreshed !== undefined,
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
