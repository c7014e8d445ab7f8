import { Context, refreshLimit } from "../providers/context";
import { branchPage } from "../providers/netbox/branching/branches";
import { project } from "../providers/settings";
import { withoutUndefined } from "../providers/values";
import { withReasons } from "../stacks/because";
import { changedSettings, type LastUpdate } from "../stacks/history";
import type { StateResource } from "../stacks/known";
import { driftsBetween } from "../stacks/plan/because/drift";
import type { OwnWrites } from "../stacks/plan/because/ownwrites";
import { urnOf } from "../stacks/plan/changes";
import type { PlanReport } from "../stacks/plan/report";
import { reportOfResult } from "../stacks/plan/reported";
import type { ProgramResult } from "../stacks/program";
import { loadProgram } from "../stacks/programs";
import { configurationSource, readConfiguration, type StackChoice } from "./configuration";
import { refreshedState } from "./drift";
import { readLastUpdate, readStackState } from "./stackstate";

export interface PlanChoice extends StackChoice {
  stack: string;
  /** Is what was changed by hand since the last run looked for? */
  drift: boolean;
}

/**
 * What an `up` of a stack would do, without Pulumi's engine: by the stack's exported state.
 * @throws UserError with everything that stands in the way
 */
export async function planStack({ drift, ...choice }: PlanChoice): Promise<PlanReport> {
  const madeAt = new Date();
  const source = await configurationSource(choice);
  const name = source.get("program") ?? "site";
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
    seen ??= state.then(({ resources }) => refreshedState(context, resources, () => refreshLimit(source)));
    return seen;
  };
  try {
    const host = {
      ...{ project, stack: choice.stack.split("/").at(-1) ?? "", isDryRun: true },
      state: () => state,
      lastUpdate: async () => (await lastUpdate())?.began,
      ...(drift ? { refreshed } : {}),
    };
    const result = await program.run(host, context, settings);
    const seenNow = drift ? await refreshed() : undefined;
    const report = reportOfResult(result, withoutUndefined({ program: name, madeAt, refreshed: seenNow }));
    const { customFields } = settings.site;
    const drifted = driftsBetween(byUrn(result, result.run.state.resources), byUrn(result, seenNow ?? []));
    const given = { own: noWrites(result, customFields.vmid), ...result.plan.reasons, customFields };
    const before = await lastUpdate();
    const changes = await withReasons(context, report.changes, before?.began, {
      ...given,
      ...(before === undefined || Object.keys(before.config).length === 0
        ? {}
        : { changedSettings: changedSettings(before.config, source) }),
      ...(seenNow === undefined ? {} : { drifted }),
    });
    const branch = context.hasNetbox ? await context.netbox.branch() : undefined;
    const from = branch && { branch: { name: branch.name, url: branchPage(context.netbox, branch) } };
    return { ...report, ...from, changes };
  } finally {
    await context.close();
  }
}

const byUrn = ({ run }: ProgramResult, resources: readonly StateResource[]) =>
  new Map(
    resources.map(({ token, name, properties: { __provider: _provider, ...properties } }) => [
      urnOf(run.stack, token, name),
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
