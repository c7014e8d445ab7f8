import { type Definition, diffOf, type PropertyProblem, tokenOf } from "../../providers/resource";
import { asBefore, unknown } from "../../providers/unknown";
import { sameValue } from "../../providers/values";
import { type DeclaredResource, type Later, withoutLater } from "../declared";
import type { StateResource } from "../known";
import type { Action } from "./change";

// What Pulumi's engine would do with each resource, worked out as it does: by the diff that the resources themselves have.

type Properties = Record<string, unknown>;

/** What is to happen to one resource. */
export interface PlanStep {
  /** Its type token and logical name, which the engine tells it by. */
  token: string;
  name: string;
  action: Action | "same";
  /** As the state has it. */
  existing?: StateResource;
  resource?: DeclaredResource;
  /** What it is to be; a value that only the run will tell stands there as the engine writes it. */
  inputs?: Properties;
  /** Inputs that are not as the state has them, and make the change. */
  changed: string[];
  /** What is wrong with that. */
  problems: PropertyProblem[];
}

/**
 * @param state what is there, as it was recorded or as a refresh found it
 * @param recorded as it was recorded: the engine refreshes what the program declares, and takes away the rest as it knows it
 */
export function planSteps(
  resources: readonly DeclaredResource[],
  state: readonly StateResource[],
  recorded: readonly StateResource[] = state,
): PlanStep[] {
  const there = new Map(state.map((each) => [keyOf(each), each]));
  const undeclared = new Map(recorded.map((each) => [keyOf(each), each]));
  const outputs = new Map<DeclaredResource, (property: string) => unknown>();
  const exchange = (later: Later<unknown>): unknown => {
    const values = later.sources.map(({ of, property }) => outputs.get(of)?.(property) ?? unknown);
    return values.includes(unknown) ? unknown : later.value(values);
  };
  const steps = resources.map((resource): PlanStep => {
    const { definition, name, alias } = resource;
    const token = tokenOf(definition, resource.inputs);
    // The engine looks for the URN before it looks for an alias.
    const known = [{ token, name }, ...(alias === undefined ? [] : [alias])]
      .map(keyOf)
      .find((key) => undeclared.has(key));
    const existing = known === undefined ? undefined : there.get(known);
    const inputs = withSecretsOf(definition, withoutLater(resource.inputs, exchange), existing?.properties);
    const step = { token, name, resource, inputs, ...comparison(definition, inputs, existing) };
    if (known !== undefined) undeclared.delete(known);
    const from = step.action === "same" ? existing?.properties : inputs;
    outputs.set(resource, (property) => from?.[property]);
    return step;
  });
  const gone = [...undeclared.values()].map(
    (existing): PlanStep => ({
      token: existing.token,
      name: existing.name,
      action: "delete",
      existing,
      changed: [],
      problems: [],
    }),
  );
  return [...steps, ...gone];
}

const keyOf = ({ token, name }: { token: string; name: string }): string => `${token}::${name}`;

function comparison(
  definition: Definition,
  inputs: Properties,
  existing: StateResource | undefined,
): Pick<PlanStep, "action" | "existing" | "changed" | "problems"> {
  const state = existing?.properties ?? {};
  const problems = definition.problems?.(state, asBefore(inputs, state)) ?? [];
  if (existing === undefined) return { action: inputs.adopt === true ? "adopt" : "create", changed: [], problems };
  const { changes, replaces = [] } = diffOf(definition, state, inputs);
  if (!changes) return { action: "same", existing, changed: [], problems };
  const action = replaces.length > 0 ? "replace" : "update";
  return { action, existing, changed: changedOf(definition, state, inputs), problems };
}

/** Of the inputs that differ, those that make a change by themselves; all of them where only several together do. */
function changedOf(definition: Definition, state: Properties, inputs: Properties): string[] {
  const differing = Object.keys(inputs).filter(
    (name) => inputs[name] !== undefined && !sameValue(state[name], inputs[name]),
  );
  const asItIs = Object.fromEntries(differing.map((name) => [name, state[name]]));
  const alone = differing.filter(
    (name) => diffOf(definition, state, { ...inputs, ...asItIs, [name]: inputs[name] }).changes,
  );
  return alone.length > 0 ? alone : differing;
}

/** A state has secrets encrypted: one that comes of an output which stays is as it was. */
function withSecretsOf(
  { secrets = [] }: Pick<Definition, "secrets">,
  inputs: Properties,
  state: Properties | undefined,
): Properties {
  const hidden = secrets.filter((name) => name in inputs && inputs[name] !== unknown && state?.[name] !== undefined);
  return hidden.length === 0
    ? inputs
    : { ...inputs, ...Object.fromEntries(hidden.map((name) => [name, state?.[name]])) };
}
