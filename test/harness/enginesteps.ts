import { expect, vi } from "vitest";
import { type StackPlan, withStackPlan } from "../../cli/plan";
import { withMarkText } from "../../providers/ownership/mark";
import { isRecord, withoutUndefined } from "../../providers/values";
import { planSteps } from "../../stacks/plan/steps";
import type { Stack, StackRun } from "../../tools/stack";

// What the simulation says of a stack beside what `pulumi preview` says of it.

type Properties = Record<string, unknown>;

/** A step as both are compared. */
interface ComparedStep {
  action: string;
  inputs: Properties;
  /** As the state has it. */
  before: Properties;
}

/** By `token::name`, without those that stay the same. */
interface ComparedSteps {
  steps: Record<string, ComparedStep>;
  unchanged: string[];
}

const secret = "4dabf18193072939515e22adb298388d";

/** Without what the wire adds, and with `[secret]` for what is encrypted in one and hidden in the other. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (!isRecord(value)) return value;
  if (secret in value) return "[secret]";
  return Object.fromEntries(Object.entries(withoutUndefined(value)).map(([key, each]) => [key, comparable(each)]));
}

function properties(all: Properties, secrets: readonly string[] = []): Properties {
  const { __provider: _provider, ...rest } = withMarkText(all);
  // A moment that is counted from now is another one in each of two runs.
  if (typeof rest.retires === "number" && rest.retires > 0) rest.retires = "counted from now";
  const hidden = secrets.filter((name) => rest[name] !== undefined).map((name) => [name, "[secret]"]);
  const made = comparable({ ...rest, ...Object.fromEntries(hidden) });
  return isRecord(made) ? made : {};
}

const actions: Record<string, string> = {
  replace: "replace",
  "create-replacement": "replace",
};

function engineSteps({ steps, unchanged }: StackRun): ComparedSteps {
  const found: ComparedSteps["steps"] = {};
  for (const { op, token, name, inputs, outputs } of steps) {
    // A replacement is several steps. This one is told by the type and name that the resource had before.
    if (op === "delete-replaced") continue;
    const id = `${token}::${name}`;
    const action = actions[op] ?? op;
    const given = action === "delete" ? {} : properties(inputs);
    const before = properties(outputs);
    found[id] = {
      action,
      inputs: { ...found[id]?.inputs, ...given },
      before: { ...found[id]?.before, ...before },
    };
  }
  return { steps: found, unchanged: [...unchanged].sort() };
}

function simulatedSteps({ result, refreshed }: StackPlan): ComparedSteps {
  const found: ComparedSteps = { steps: {}, unchanged: [] };
  for (const { token, name, action, inputs = {}, existing, resource } of planSteps(
    result.resources,
    refreshed ?? result.run.state.resources,
    result.run.state.resources,
  )) {
    const secrets = resource?.definition.secrets;
    if (action === "same") found.unchanged.push(`${token}::${name}`);
    else
      found.steps[`${token}::${name}`] = {
        action: action === "adopt" ? "create" : action,
        inputs: properties(inputs, secrets),
        before: properties(existing?.properties ?? {}, secrets),
      };
  }
  found.unchanged.sort();
  return found;
}

/** The program's plan of a stack, as `netbox-proxmox plan` makes it. */
export async function programOf(stack: Stack, drift: boolean): Promise<StackPlan> {
  const { args, env } = stack.reach;
  const [, name = "", , configFile = ""] = args;
  for (const [key, value] of Object.entries(env)) if (process.env[key] !== value) vi.stubEnv(key, value);
  try {
    return await withStackPlan({ stack: name, configFile, drift }, (plan) => plan);
  } finally {
    vi.unstubAllEnvs();
  }
}

/** As our commands tell the program. */
const refreshes = { NETBOX_PROXMOX_REFRESH: "true" };

/** What the simulation says that the engine's checks refuse. */
export const problemsOf = ({ result, refreshed }: StackPlan): string[] => {
  const recorded = result.run.state.resources;
  const steps = planSteps(result.resources, refreshed ?? recorded, recorded);
  return steps.flatMap(({ problems }) => problems.map(({ reason }) => reason));
};

/** Both are equal, resource by resource and property by property. @returns how many resources would change, or are refused */
export async function previewIsEqual(stack: Stack, drift = false): Promise<number> {
  const plan = await programOf(stack, drift);
  const run = drift
    ? await stack.with({ ...stack.reach.env, ...refreshes }).preview("--refresh", "--run-program")
    : await stack.preview();
  // The engine ends at the checks that fail, and shows nothing of the rest.
  const problems = problemsOf(plan);
  for (const reason of problems) expect(run.errors.join("\n")).toContain(reason);
  if (problems.length > 0) return problems.length;
  expect(run.errors).toEqual([]);
  expect(run.code, run.output).toBe(0);
  const simulated = simulatedSteps(plan);
  expect(simulated).toEqual(engineSteps(run));
  return Object.keys(simulated.steps).length;
}
