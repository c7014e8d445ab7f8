import { z } from "zod";
import { messageOf } from "../providers/errors";
import { limitsReached } from "../stacks/plan/limits";
import type { StackRun } from "../tools/stack";
import { askPulumi } from "./configuration";
import { type RunMetrics, writeMetrics } from "./metrics";
import { approvalNotice, driftNotice, failedNotice, type NamedStack, type RunNotice, tell } from "./notify";
import { programOfStack } from "./stackfile";
import { difference, symbols, titleOfStep } from "./steps";
import { remark } from "./terminal";

// What follows an operation: who wants to know is told, and its metrics are written. Neither fails it.

/** An operation of a pipeline, a timer or `serve`, when it has ended. */
export interface EndedRun {
  operation: "preview" | "up" | "drift";
  succeeded: boolean;
  /** Milliseconds since 1970. */
  began: number;
  /** What it would do, did, or found to differ: a line each. Nothing where nobody watched. */
  changes?: string[];
  /** What was found to differ before an `up` mended it: a line each. */
  drifted?: string[];
  errors?: string[];
}

/** The run as people are told it. @param operation what it was for: drift is a preview of its own */
export function endedRun(operation: EndedRun["operation"], run: StackRun, began: number, succeeded: boolean): EndedRun {
  const line = (step: StackRun["steps"][number]) =>
    [symbols[step.op] ?? step.op, titleOfStep(step), difference(step)].filter((part) => part !== "").join(" ");
  return {
    operation,
    succeeded,
    began,
    changes: run.steps.map(line),
    drifted: run.drifted.map(line),
    errors: run.errors,
  };
}

/** What of a run people want to know. */
export function noticesOf(stack: string, run: EndedRun): RunNotice[] {
  const { operation, succeeded, changes = [], drifted = [], errors = [] } = run;
  if (!succeeded) return [failedNotice(stack, operation, errors)];
  if (operation === "preview") return changes.length > 0 ? [approvalNotice(stack, changes)] : [];
  const differs = operation === "drift" ? changes : drifted;
  return differs.length > 0 ? [driftNotice(stack, differs)] : [];
}

const exportedState = z.object({
  deployment: z.object({
    resources: z
      .array(
        z.looseObject({
          outputs: z.looseObject({ pending: z.array(z.string()).optional().catch(undefined) }).optional(),
        }),
      )
      .default([]),
  }),
});

/** How many guests have changes that wait for a start, by what `pulumi stack export` prints. */
export const waitingRestarts = (state: unknown): number =>
  exportedState.parse(state).deployment.resources.filter(({ outputs }) => (outputs?.pending ?? []).length > 0).length;

/** The metrics of a run: what it didn't look at is left out. */
export function metricsOf(
  stack: string,
  program: string,
  run: EndedRun,
  endedAt: number,
  waiting?: number,
): RunMetrics {
  const { operation, succeeded, began, changes, errors } = run;
  const drift = !succeeded ? undefined : operation === "drift" ? changes?.length : operation === "up" ? 0 : undefined;
  return {
    stack,
    program,
    operation,
    endedAt: Math.round(endedAt / 1000),
    duration: (endedAt - began) / 1000,
    succeeded,
    ...(drift === undefined ? {} : { drift }),
    ...(waiting === undefined ? {} : { waitingRestarts: waiting }),
    ...(errors === undefined ? {} : { limitsReached: limitsReached(errors) }),
  };
}

/** The metrics of a run with what the stack's configuration and state say. */
async function gatheredMetrics(choice: NamedStack, run: EndedRun, endedAt: number): Promise<RunMetrics> {
  const { stack } = choice;
  const program = await programOfStack(choice);
  const asksState = run.operation === "up" && run.changes !== undefined && program === "site";
  const state = asksState
    ? await askPulumi(`The state of stack ${stack}`, ["stack", "export", "--stack", stack]).catch((error: unknown) => {
        remark(`How many restarts of ${stack} wait is not known: ${messageOf(error)}`);
        return undefined;
      })
    : undefined;
  return metricsOf(stack, program, run, endedAt, state === undefined ? undefined : waitingRestarts(state));
}

export interface AfterRunOptions {
  /** The file of `--metrics`. */
  metrics?: string | undefined;
  /** Is nobody to be told of this one? */
  isQuiet?: boolean;
  /** Is given the metrics of a run, as `serve` answers with them. */
  keep?: (metrics: RunMetrics) => void;
}

/** Tells whom the stack's channels name, and writes metrics where they are asked for. What fails of it is a warning. */
export async function afterRun(choice: NamedStack, run: EndedRun, options: AfterRunOptions): Promise<void> {
  const endedAt = Date.now();
  const { metrics, keep, isQuiet = false } = options;
  if (!isQuiet) for (const notice of noticesOf(choice.stack, run)) await tell(choice, notice);
  if (metrics === undefined && keep === undefined) return;
  try {
    const found = await gatheredMetrics(choice, run, endedAt);
    keep?.(found);
    if (metrics !== undefined) await writeMetrics(metrics, found);
  } catch (error) {
    remark(`The metrics of ${choice.stack} were not written: ${messageOf(error)}`);
  }
}
