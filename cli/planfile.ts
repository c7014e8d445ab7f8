import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../providers/errors";
import { unknown } from "../providers/unknown";
import { isRecord } from "../providers/values";
import type { PlanReport } from "../stacks/plan/report";

// A plan file: the one that Pulumi writes, with the report that was approved beside it. Pulumi reads it too, and passes the report over.

const diff = z.looseObject({
  adds: z.record(z.string(), z.unknown()).optional(),
  updates: z.record(z.string(), z.unknown()).optional(),
  deletes: z.array(z.string()).optional(),
});
const goal = z.looseObject({ type: z.string(), inputDiff: diff.default({}), outputDiff: diff.default({}) });
const resourcePlan = z.looseObject({
  /** There is none of what is deleted. */
  goal: goal.nullish(),
  steps: z.array(z.string()).default([]),
});
const enginePlan = z.looseObject({
  manifest: z.looseObject({}),
  resourcePlans: z.record(z.string(), resourcePlan).default({}),
});
/** What Pulumi's engine holds an update to, by the resources' URNs. */
export type EnginePlan = z.infer<typeof enginePlan>;

const approvedChange = z.looseObject({
  urn: z.string().optional(),
  object: z.string(),
  name: z.string(),
  url: z.string().optional(),
  action: z.string(),
  fields: z.array(
    z.looseObject({
      name: z.string(),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
      isSecret: z.boolean().optional(),
    }),
  ),
  effects: z.array(z.string()),
});
export type ApprovedChange = z.infer<typeof approvedChange>;

const approvedReport = z.looseObject({
  format: z.literal(1),
  stack: z.string(),
  madeAt: z.iso.datetime(),
  isRefreshed: z.boolean(),
  changes: z.array(approvedChange),
});
/** What was shown to who approved it. */
export type ApprovedReport = z.infer<typeof approvedReport>;

const planFile = enginePlan.extend({ netboxProxmox: approvedReport });
const anyPlan = z.looseObject({ resourcePlans: z.unknown() });

export interface PlanFile {
  report: ApprovedReport;
  engine: EnginePlan;
}

/** What Pulumi wrote. */
export const readEnginePlan = (file: string): EnginePlan => enginePlan.parse(JSON.parse(readFileSync(file, "utf8")));

/** Writes a plan for its owner's eyes alone. What resources put out is left out of it: Pulumi only notes it there, and holds nothing to it. */
export function writePlanFile(file: string, engine: EnginePlan, report: PlanReport): void {
  const resourcePlans = Object.fromEntries(
    Object.entries(engine.resourcePlans).map(([urn, { state: _state, ...plan }]) => [urn, plan]),
  );
  // A file that is there keeps its rights.
  rmSync(file, { force: true });
  const text = JSON.stringify({ ...engine, resourcePlans, netboxProxmox: report }, undefined, 2);
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
}

/** @throws UserError where there is no plan of this program in it */
export function readPlanFile(file: string): PlanFile {
  const again = `make a plan with \`preview --save-plan ${file}\``;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new UserError(
      isMissing ? `There is no plan file ${file}: ${again}.` : `${file} can't be read as a plan file: ${again}.`,
    );
  }
  const { data } = planFile.safeParse(content);
  if (data !== undefined) {
    const { netboxProxmox: report, ...engine } = data;
    return { report, engine };
  }
  throw new UserError(
    anyPlan.safeParse(content).success && !(isRecord(content) && "netboxProxmox" in content)
      ? `${file} was written by Pulumi alone, without the report that people approve: ${again}, or give \`up\` --raw too.`
      : `${file} is no plan file of this version: ${again}.`,
  );
}

/**
 * The plan with outputs of the stack that may become what they will: they follow from what is done, and the engine would end
 * without a word where one differs (docs/decisions/054). @param outputs by name: those that the stack has, and those that it will have
 */
export function withFreeOutputs(
  engine: EnginePlan,
  { existing, declared }: { existing: readonly string[]; declared: readonly string[] },
): EnginePlan {
  const free = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, unknown]));
  const adds = free(declared.filter((name) => !existing.includes(name)));
  const outputDiff = { adds, updates: free(existing) };
  const resourcePlans = Object.entries(engine.resourcePlans).map(([urn, plan]) => {
    const { goal } = plan;
    return [urn, goal?.type === "pulumi:pulumi:Stack" ? { ...plan, goal: { ...goal, outputDiff } } : plan] as const;
  });
  return { ...engine, resourcePlans: Object.fromEntries(resourcePlans) };
}
