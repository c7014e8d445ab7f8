import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../providers/context";
import { DynamicResource } from "../providers/dynamic";
import { presentable } from "../providers/errors";
import { Semaphore } from "../providers/semaphore";
import { runTime } from "./clock";
import { type DeclaredResource, type Later, withoutLater } from "./declared";
import { lastUpdateOf } from "./history";
import { knownOutputs } from "./outputs";
import { chosenVariable } from "./plan/choice";
import type { DefinedProgram, ProgramHost } from "./program";
import { refusal } from "./refusal";
import type { Settings } from "./settings";
import { stateOfAnswer } from "./state";

// What a program works out, given to Pulumi's engine.

/** Runs a program of the stack that Pulumi runs. @returns the stack's outputs */
export async function runInEngine(
  program: DefinedProgram,
  context: Context,
  settings: Settings,
): Promise<Record<string, unknown>> {
  // An open connection would keep the process from ending.
  const { plan, resources, outputs } = await program
    .run(engineHost(), context, settings)
    .finally(() => context.close());
  if (plan.refused !== undefined && plan.refused.length > 0) throw refusal(plan.refused);
  for (const warning of plan.warnings ?? []) await pulumi.log.warn(presentable(warning));
  for (const note of plan.notes ?? []) await pulumi.log.info(presentable(note));
  return knownOutputs(await declareAll(resources, outputs));
}

const stackName = () => `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;

const engineHost = (): ProgramHost => ({
  project: pulumi.getProject(),
  stack: pulumi.getStack(),
  isDryRun: pulumi.runtime.isDryRun(),
  now: runTime(),
  isChosen: process.env[chosenVariable] === "true",
  // The engine's own invoke, behind the SDKs' stack queries: it needs no resource in the plan, and knows what a killed run wrote
  // down and what it didn't.
  state: async () =>
    stateOfAnswer(await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: stackName() })),
  lastUpdate: () => lastUpdateOf(stackName()),
});

/** Resources that are registered at one time: the SDK holds much in memory for each that waits for its answer. */
const window = 1280;

/** Declares resources in their order. @returns the outputs, with Pulumi's own in place of later values */
async function declareAll(resources: DeclaredResource[], outputs: object): Promise<Record<string, unknown>> {
  const made = new Map<DeclaredResource, DynamicResource>();
  const exchange = (later: Later<unknown>): pulumi.Output<unknown> => {
    const sources = later.sources.map(({ of, property }) => outputOf(made.get(of), property));
    const output = pulumi.all(sources).apply((values) => later.value(values));
    return later.isSecret ? pulumi.secret(output) : output;
  };
  const places = new Semaphore(window);
  for (const each of resources)
    await new Promise<void>((started, failed) => {
      places
        .run(() => {
          const { definition, name, inputs, after, alias, protect } = each;
          const resource = new DynamicResource(definition, name, withoutLater(inputs, exchange), {
            dependsOn: after.flatMap((other) => made.get(other) ?? []),
            aliases: alias === undefined ? [] : [{ name: alias.name, type: alias.token }],
            protect,
          });
          made.set(each, resource);
          started();
          return registered(resource);
        })
        .catch(failed);
    });
  return withoutLater({ ...outputs }, exchange);
}

function outputOf(resource: DynamicResource | undefined, property: string): pulumi.Output<unknown> {
  const output: unknown = resource && Reflect.get(resource, property);
  return pulumi.Output.isInstance(output) ? output : pulumi.output(undefined);
}

/** Resolves when the engine has answered a resource's registration: in an `up`, when it is there. */
const registered = (resource: pulumi.Resource): Promise<void> =>
  new Promise((resolve) => resource.urn.apply(() => resolve()));
