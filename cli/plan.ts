import { Context, refreshLimit } from "../providers/context";
import { UserError } from "../providers/errors";
import { branchPage } from "../providers/netbox/branching/branches";
import { type ConfigSource, project } from "../providers/settings";
import { withReasons } from "../stacks/because";
import { changedSettings, type LastUpdate } from "../stacks/history";
import type { StateResource } from "../stacks/known";
import { driftsBetween } from "../stacks/plan/because/drift";
import type { OwnWrites } from "../stacks/plan/because/ownwrites";
import { urnOf } from "../stacks/plan/changes";
import { choiceText, type GuestChoice } from "../stacks/plan/choice";
import type { PlanReport } from "../stacks/plan/report";
import { plannedSteps, reportOfResult } from "../stacks/plan/reported";
import type { PlanStep } from "../stacks/plan/steps";
import type { ProgramResult } from "../stacks/program";
import { loadProgram } from "../stacks/programs";
import type { Settings } from "../stacks/settings";
import { configurationSource, readConfiguration, type StackChoice } from "./configuration";
import { refreshedState } from "./drift";
import { readLastUpdate, readOpenResources, readStackState } from "./stackstate";

export interface PlanChoice extends StackChoice {
  stack: string;
  /** Is what was changed by hand since the last run looked for? */
  drift: boolean;
  /** The guests that it is about; all where it is left out. */
  choice?: GuestChoice | undefined;
  /** The time that the plan goes by: now, where it is left out. */
  now?: Date;
}

/** A program that was run, and what it was run with. */
export interface StackPlan {
  program: string;
  madeAt: Date;
  context: Context;
  settings: Settings;
  /** Where the settings are from. */
  source: ConfigSource;
  result: ProgramResult;
  /** The last `up` that succeeded. */
  before: LastUpdate | undefined;
  /** The state as a refresh finds it, where one is asked for. */
  refreshed?: readonly StateResource[];
}

/**
 * Runs a stack's program without Pulumi's engine, by the stack's exported state.
 * @param work what is done with its plan while the systems can be asked
 * @throws UserError with everything that stands in the way
 */
export async function withStackPlan<T>(
  { drift, now: madeAt = new Date(), choice: guests, ...choice }: PlanChoice,
  work: (plan: StackPlan) => T | Promise<T>,
): Promise<T> {
  const source = await configurationSource(choice);
  const name = source.get("program") ?? "site";
  if (guests !== undefined && name !== "site")
    throw new UserError(
      `${choiceText(guests)} chooses guests, and a stack of the program ${name} makes none: leave it out.`,
    );
  const program = await loadProgram(name);
  const { netbox: needsNetbox, proxmox: needsProxmox, neo4j: readsNeo4j } = program.needs;
  const needs = { needsNetbox, needsProxmox, readsNeo4j };
  const { connections, settings } = await readConfiguration({ ...choice, ...needs, source });
  const context = new Context(connections);
  const state = readStackState(choice.stack);
  let last: Promise<LastUpdate | undefined> | undefined;
  const lastUpdate = () => {
    last ??= readLastUpdate(choice.stack);
    return last;
  };
  let seen: Promise<readonly StateResource[]> | undefined;
  const refreshed = () => {
    seen ??= state.then(({ resources }) =>
      refreshedState(
        context,
        resources,
        () => refreshLimit(source),
        () => readOpenResources(choice.stack),
      ),
    );
    return seen;
  };
  try {
    const host = {
      ...{
        project,
        stack: choice.stack.split("/").at(-1) ?? "",
        isDryRun: true,
        now: madeAt,
        isChosen: guests !== undefined,
      },
      state: () => state,
      lastUpdate: async () => (await lastUpdate())?.began,
      ...(drift ? { refreshed } : {}),
    };
    const result = await program.run(host, context, settings);
    const [before, now] = [await lastUpdate(), drift ? await refreshed() : undefined];
    const plan = { program: name, madeAt, context, settings, source, result, before };
    return await work(now === undefined ? plan : { ...plan, refreshed: now });
  } finally {
    await context.close();
  }
}

/**
 * What an `up` of a stack would do, and why.
 * @throws UserError with everything that stands in the way
 */
export const planStack = async (choice: PlanChoice): Promise<PlanReport> => (await planResources(choice)).report;

/** A plan as it is shown, and what it says of each resource. */
export interface ReportedPlan {
  report: PlanReport;
  /** Every resource by its URN, those that stay as they are too. */
  steps: ReadonlyMap<string, PlanStep>;
  /** Names of the stack's outputs: those that it has, and those that it will have. */
  outputs: { existing: string[]; declared: string[] };
}

/** The same with each resource. @throws UserError with everything that stands in the way */
export const planResources = (choice: PlanChoice): Promise<ReportedPlan> =>
  withStackPlan(choice, async ({ program, madeAt, context, settings, source, result, before, refreshed }) => {
    const { stack, state } = result.run;
    const planned = plannedSteps(result, refreshed);
    const isRefreshed = refreshed !== undefined;
    const report = reportOfResult(result, planned, { program, madeAt, isRefreshed, choice: choice.choice });
    const { customFields } = settings.site;
    const given = { own: noWrites(result, customFields.vmid), ...result.plan.reasons, customFields };
    const changes = await withReasons(context, report.changes, before?.began, {
      ...given,
      ...(before === undefined || Object.keys(before.config).length === 0
        ? {}
        : { changedSettings: changedSettings(before.config, source) }),
      ...(refreshed === undefined
        ? {}
        : { drifted: driftsBetween(byUrn(stack, state.resources), byUrn(stack, refreshed)) }),
    });
    const branch = context.hasNetbox ? await context.netbox.branch() : undefined;
    const from = branch && { branch: { name: branch.name, url: branchPage(context.netbox, branch) } };
    return {
      report: { ...report, ...from, changes },
      steps: new Map(planned.steps.map((step) => [urnOf(stack, step.token, step.name), step])),
      outputs: { existing: Object.keys(state.outputs ?? {}), declared: Object.keys(result.outputs) },
    };
  });

const byUrn = (stack: string, resources: readonly StateResource[]) =>
  new Map(
    resources.map(({ token, name, properties: { __provider: _provider, ...properties } }) => [
      urnOf(stack, token, name),
      properties,
    ]),
  );

/** Of a program that tells its own writes by its marks alone. */
const noWrites = ({ run }: ProgramResult, vmidField: string): OwnWrites => ({
  owns: (stack) => run.self.owns(stack),
  vmidPath: `custom_fields.${vmidField}`,
  vmids: new Map(),
  primaries: new Set(),
  promoted: new Set(),
});
