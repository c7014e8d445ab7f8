import * as pulumi from "@pulumi/pulumi";
import { staleBuild } from "./providers/build";
import { readConnections } from "./providers/connections";
import { Context } from "./providers/context";
import { messageOf, UserError } from "./providers/errors";
import { printProblems } from "./providers/settings";
import { runInEngine } from "./stacks/engine";
import { loadProgram } from "./stacks/programs";
import { plainSecrets, readSettings, unknownKeys } from "./stacks/settings";

// The SDK takes a stack trace for every promise, and one that it sends on to the state for every resource, for which it lifts
// the limit itself: together more than half of a large program's time. V8 takes none where the limit is no plain number.
Object.defineProperty(Error, "stackTraceLimit", { get: () => 0, set: () => {} });

// The SDK writes every answer of the engine into its debug log as it is, with the secrets of tokens in the clear, where somebody
// asks for it (`--debug`, an event log); and each of these lines is a call to the engine, asked for or not.
Reflect.set(pulumi.log, "debug", async () => {});

async function run(): Promise<Record<string, unknown>> {
  const stale = staleBuild();
  if (stale !== undefined) throw new UserError(stale);
  const project = pulumi.getProject();
  const unknown = unknownKeys(Object.keys(pulumi.runtime.allConfig()), project);
  if (unknown.length > 0) throw new UserError(printProblems(unknown));
  const config = new pulumi.Config();
  const name = config.get("program") ?? "site";
  const program = await loadProgram(name);
  const { needs } = program;
  const source = { get: (key: string) => config.get(key) };
  const connections = readConnections(source, process.env, {
    needsProxmox: needs.proxmox,
    needsNetbox: needs.netbox,
    readsNeo4j: needs.neo4j,
  });
  const { proxmox = {}, passwords = {} } = "value" in connections ? connections.value : {};
  const settings = readSettings(source, Object.keys(proxmox), passwords);
  const problems = [
    ...plainSecrets(pulumi.runtime.allConfig(), process.env.PULUMI_CONFIG_SECRET_KEYS, project),
    ...("problems" in connections ? connections.problems : []),
    ...("problems" in settings ? settings.problems : []),
  ];
  if (problems.length > 0 || "problems" in connections || "problems" in settings)
    throw new UserError(printProblems(problems));
  return runInEngine(program, new Context(connections.value), settings.value);
}

export = async (): Promise<Record<string, unknown>> => {
  try {
    return await run();
  } catch (error) {
    // RunError's text is shown without a stack.
    throw new pulumi.RunError(messageOf(error));
  }
};
