import { spawnSync } from "node:child_process";
import { z } from "zod";
import { type Connections, readConnections } from "../providers/connections";
import { UserError } from "../providers/errors";
import { type ConfigSource, printProblems, project } from "../providers/settings";
import { readSettings, type Settings } from "../stacks/settings";
import { pulumiEnvironment, pulumiFolder } from "../tools/pulumi";
import { projectRoot } from "../tools/root";

export interface StackOptions {
  stack?: string;
  /** As `pulumi --config-file` has it. */
  configFile?: string;
}

/** What a command of the CLI prints as JSON. @param what it reads, for the message */
export async function askPulumi(what: string, words: string[]): Promise<unknown> {
  const read = spawnSync("pulumi", [...words, "--json", "--non-interactive"], {
    cwd: projectRoot(),
    env: pulumiEnvironment(await pulumiFolder()),
    encoding: "utf8",
  });
  if (read.status !== 0) throw new UserError(`${what} can't be read: ${read.stderr.trim().split("\n")[0]}`);
  return JSON.parse(read.stdout);
}

const values = z.record(z.string(), z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }));

/** The configuration of a stack, as its program would read it; the environment alone where no stack is named. */
async function sourceOf({ stack, configFile }: StackOptions): Promise<ConfigSource> {
  if (stack === undefined) return { get: () => undefined };
  const words = ["config", "--show-secrets", "--stack", stack];
  const file = configFile === undefined ? [] : ["--config-file", configFile];
  const all = values.parse(await askPulumi(`The configuration of stack ${stack}`, [...words, ...file]));
  return {
    get: (key) => {
      const found = all[`${project}:${key}`];
      return found?.objectValue === undefined ? found?.value : JSON.stringify(found.objectValue);
    },
  };
}

/** Connections and settings of a stack, the environment first. @throws UserError with all that is wrong with them */
export async function configuration({
  needsProxmox = true,
  needsNetbox = true,
  ...options
}: StackOptions & { needsProxmox?: boolean; needsNetbox?: boolean }): Promise<{
  connections: Connections;
  settings: Settings;
}> {
  const source = await sourceOf(options);
  const connections = readConnections(source, process.env, { needsProxmox, needsNetbox });
  const clusters = "value" in connections ? Object.keys(connections.value.proxmox) : [];
  const settings = readSettings(source, clusters);
  const problems = [connections, settings].flatMap((read) => ("problems" in read ? read.problems : []));
  if ("problems" in connections || "problems" in settings) throw new UserError(printProblems(problems));
  return { connections: connections.value, settings: settings.value };
}
