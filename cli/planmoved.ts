import { hasUnknown } from "../providers/unknown";
import { isRecord, sameValue } from "../providers/values";
import type { Change } from "../stacks/plan/change";
import type { ReportedPlan } from "./plan";
import type { ApprovedChange, EnginePlan } from "./planfile";

// What moved between a plan that was approved and what a run would do now, in words.

type Titled = Pick<ApprovedChange, "object" | "name" | "url">;
type Field = ApprovedChange["fields"][number];

const titleOf = ({ object, name, url }: Titled): string => `${object} ${name}${url === undefined ? "" : ` (${url})`}`;

const passive: Record<string, string> = {
  create: "created",
  adopt: "adopted",
  update: "changed",
  replace: "replaced",
  delete: "deleted",
};
const done = (action: string): string => passive[action] ?? action;

/** A value as a sentence has it. */
function shown(value: unknown): string {
  if (value === undefined) return "unknown";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

/** What a change does, in brackets behind it: `memory 512 → 700`. */
const fieldsText = (fields: readonly Field[]): string =>
  fields.length === 0
    ? ""
    : ` (${fields
        .slice(0, 4)
        .map(({ name, before, after, isSecret }) => (isSecret ? name : `${name} ${shown(before)} → ${shown(after)}`))
        .join(", ")}${fields.length > 4 ? ", …" : ""})`;

const keyOf = ({ urn, ...change }: Pick<Change, "urn"> & Titled): string => urn ?? titleOf(change);
const isSame = (a: unknown, b: unknown): boolean =>
  sameValue(JSON.parse(JSON.stringify(a ?? null)), JSON.parse(JSON.stringify(b ?? null)));
/** Are both values given, or both unknown, and the same? A secret is left to the engine, which knows it. */
const agree = (a: Field, b: Field): boolean => a.isSecret === true || b.isSecret === true || isSame(a.after, b.after);

/**
 * What a run would do besides what was approved, or otherwise. What was done already, by an `up` that was interrupted or by hand, is
 * no more than was approved. @returns a part of a sentence for each object
 */
export function movedSince(approved: readonly ApprovedChange[], plan: ReportedPlan): string[] {
  const before = new Map(approved.map((change) => [keyOf(change), change]));
  const now = new Map(plan.report.changes.map((change) => [keyOf(change), change]));
  const moved = [...now].flatMap(([key, change]) => besides(before.get(key), change, plan));
  const lost = [...before].flatMap(([key, change]) => (now.has(key) ? [] : notDone(change, plan)));
  return guestsFirst([...moved, ...lost]);
}

const ofGuest = /^(VM|container) /;
/** What is told first is a guest itself, not what belongs to it. */
const guestsFirst = (parts: readonly string[]): string[] =>
  [...parts].sort((a, b) => Number(ofGuest.test(b)) - Number(ofGuest.test(a)));

function besides(approved: ApprovedChange | undefined, change: Change, plan: ReportedPlan): string[] {
  const title = titleOf(change);
  const fields: Field[] = change.fields.map(({ before, after, ...field }) => ({ ...field, before, after }));
  if (approved === undefined) {
    const told = change.action === "update" ? fieldsText(fields) : "";
    return [`${title} is to be ${done(change.action)}${told}, which is not in the plan`];
  }
  if (approved.action !== change.action)
    return [`${title} is to be ${done(change.action)}, and the plan has it ${done(approved.action)}`];
  if (change.action === "delete") return [];
  const wanted = new Map(approved.fields.map((field) => [field.name, field]));
  const others = fields.flatMap((field) => {
    const own = wanted.get(field.name);
    if (own === undefined) return [`${field.name} is to be ${shown(field.after)}, which is not in the plan`];
    return agree(own, field) ? [] : [otherwise(field.name, field.after, own.after)];
  });
  const effects = change.effects.filter((effect) => !approved.effects.includes(effect));
  const parts = [
    ...others,
    ...left(approved, new Set(fields.map(({ name }) => name)), plan),
    ...effects.map((effect) => `it ${effect === "removesNames" ? "removes names" : effect} now`),
  ];
  return parts.length === 0 ? [] : [`${title}: ${parts.join(", ")}`];
}

const otherwise = (name: string, is: unknown, was: unknown): string =>
  `${name} is to be ${shown(is)}, and the plan has ${shown(was)}`;

/** Approved values that are not what they are to be now. */
function left({ urn = "", fields }: ApprovedChange, changed: ReadonlySet<string>, { steps }: ReportedPlan): string[] {
  const inputs = steps.get(urn)?.inputs ?? {};
  return fields.flatMap(({ name, after, isSecret }) => {
    if (changed.has(name) || isSecret === true || after === undefined || hasUnknown(after)) return [];
    return hasUnknown(inputs[name]) || isSame(inputs[name], after) ? [] : [otherwise(name, inputs[name], after)];
  });
}

/** An approved change that a run would not make: fine where it is made already. */
function notDone(approved: ApprovedChange, plan: ReportedPlan): string[] {
  const title = titleOf(approved);
  if (approved.urn === undefined) return [];
  const step = plan.steps.get(approved.urn);
  if (approved.action === "delete") return step === undefined ? [] : [`${title} stays, and the plan has it deleted`];
  if (step === undefined) return [`${title} is wanted no more, and the plan has it ${done(approved.action)}`];
  const others = left(approved, new Set(), plan);
  return others.length === 0 ? [] : [`${title}: ${others.join(", ")}`];
}

/** What the engine would do with a resource, as our own steps call it. */
function actionOf(steps: readonly string[]): string {
  if (steps.some((step) => /replace/.test(step))) return "replace";
  return ["delete", "create", "update"].find((step) => steps.includes(step)) ?? "same";
}

/**
 * Where a report and the plan of the engine that was made after it differ: in what is done with a resource, or in a value that both
 * know. @returns a part of a sentence for each object
 */
export function engineDifferences(engine: EnginePlan, { report, steps }: ReportedPlan): string[] {
  const changes = new Map(report.changes.map((change) => [change.urn ?? "", change]));
  const urns = new Set([
    ...steps.keys(),
    ...Object.keys(engine.resourcePlans).filter((urn) => urn.includes(":dynamic/")),
  ]);
  return [...urns].flatMap((urn) => {
    const planned = engine.resourcePlans[urn];
    const change = changes.get(urn);
    const step = steps.get(urn);
    const title = change === undefined ? urn.split("::").slice(-2).join(" ") : titleOf(change);
    const own = step?.action === "adopt" ? "create" : (step?.action ?? "same");
    const theirs = actionOf(planned?.steps ?? []);
    if (own !== theirs) return [`${title} is ${told(own)} in the report, and ${told(theirs)} by Pulumi`];
    if (own === "same" || own === "delete") return [];
    const { adds = {}, updates = {} } = planned?.goal?.inputDiff ?? {};
    const values: Record<string, unknown> = { ...adds, ...updates };
    const others = Object.entries(values).filter(([name, value]) => {
      const ours = step?.inputs?.[name];
      return isPlain(value) && name !== "__provider" && !hasUnknown(ours) && !isSame(ours, value);
    });
    return others.length === 0 ? [] : [`${title} gets another ${others.map(([name]) => name).join(", ")} by Pulumi`];
  });
}

const told = (action: string): string => (action === "same" ? "left as it is" : done(action));

/** Is a value of a plan file neither secret nor unknown, nor has it such parts? */
function isPlain(value: unknown): boolean {
  if (hasUnknown(value)) return false;
  if (Array.isArray(value)) return value.every(isPlain);
  return !isRecord(value) || (!(signature in value) && Object.values(value).every(isPlain));
}

/** Pulumi marks values that are no plain JSON by this member. */
const signature = "4dabf18193072939515e22adb298388d";

/** Names of properties in what the engine says of a resource that violates its plan: `properties changed: =~memory[{768}]`. */
export function propertiesIn(message: string): string[] {
  const told = message.split("properties changed: ")[1];
  return told === undefined ? [] : [...told.matchAll(/(?:^|, )[-+~=]{2}(\w+)/g)].map(([, name = ""]) => name);
}
