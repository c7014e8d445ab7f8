import { spawnSync } from "node:child_process";
import { z } from "zod";
import { apiToken, type Connections, readConnections, suffix } from "../providers/connections";
import { UserError } from "../providers/errors";
import {
  type ConfigSource,
  type Environment,
  printProblems,
  project,
  type SettingProblem,
} from "../providers/settings";
import { readSettings, type Settings } from "../stacks/settings";
import { projectRoot } from "../tools/root";
import { sourceByFile } from "./configfile";
import { clusterOfEnvironment, withKnownNames } from "./environment";
import { askUser, isAttended } from "./prompt";
import { pulumiEnvironment, pulumiFolder, withLabPassphrase } from "./pulumi";

export interface StackChoice {
  stack?: string;
  /** As `pulumi --config-file` has it. */
  configFile?: string;
  /** Which of the clusters' named tokens is used, in place of the program's own. */
  key?: string;
}

/** What a command of the CLI prints, which is JSON. @param what it reads, for the message */
export async function askPulumi(what: string, words: string[]): Promise<unknown> {
  const read = spawnSync("pulumi", [...words, "--non-interactive"], {
    cwd: projectRoot(),
    env: withLabPassphrase(pulumiEnvironment(await pulumiFolder()), words[words.indexOf("--stack") + 1]),
    encoding: "utf8",
    // Node.js kills what prints more than 1 MB, which a state soon does.
    maxBuffer: 1_000_000_000,
  });
  if (read.status !== 0) throw new UserError(`${what} can't be read: ${read.stderr.trim().split("\n")[0]}`);
  return JSON.parse(read.stdout);
}

const values = z.record(z.string(), z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }));

/** The configuration of a stack, as its program would read it; the environment alone where no stack is named. */
export async function configurationSource(
  { stack, configFile }: StackChoice,
  env: Environment = withKnownNames(process.env),
): Promise<ConfigSource> {
  if (stack === undefined) {
    const cluster = clusterOfEnvironment(env);
    return { get: (key) => (key === "proxmox" && cluster ? JSON.stringify({ [cluster]: {} }) : undefined) };
  }
  const byFile = sourceByFile(stack, configFile, env);
  if (byFile !== undefined) return byFile;
  const words = ["config", "--show-secrets", "--json", "--stack", stack];
  const file = configFile === undefined ? [] : ["--config-file", configFile];
  const all = values.parse(await askPulumi(`The configuration of stack ${stack}`, [...words, ...file]));
  return {
    get: (key) => {
      const found = all[`${project}:${key}`];
      return found?.objectValue === undefined ? found?.value : JSON.stringify(found.objectValue);
    },
  };
}

type ConnectionsRead = ReturnType<typeof readConnections>;

/** What a command does not begin without. */
export interface CommandNeeds {
  needsProxmox?: boolean;
  needsNetbox?: boolean;
  readsNeo4j?: boolean;
}

/** Connections and settings of a stack, the environment first. @throws UserError with all that is wrong with them */
export async function readConfiguration({
  needsProxmox = true,
  needsNetbox = true,
  readsNeo4j = false,
  source: given,
  ...options
}: StackChoice & CommandNeeds & { source?: ConfigSource }): Promise<{ connections: Connections; settings: Settings }> {
  const env = withKnownNames(process.env);
  const source = given ?? (await configurationSource(options, env));
  const connections = await withAnswers(source, env, { needsProxmox, needsNetbox, readsNeo4j });
  const clusters = "value" in connections ? Object.keys(connections.value.proxmox) : [];
  const settings = readSettings(source, clusters);
  const found = [connections, settings].flatMap((read) => ("problems" in read ? read.problems : []));
  const problems = options.stack === undefined ? found.map(byEnvironment) : found;
  if ("problems" in connections || "problems" in settings) throw new UserError(printProblems(problems));
  const chosen = options.key === undefined ? connections.value : withKey(connections.value, options.key, env);
  for (const [name, { insecure }] of Object.entries(chosen.proxmox))
    if (insecure) process.stderr.write(`${name} is reached without checking its certificate: pin it by fingerprint.\n`);
  return { connections: chosen, settings: settings.value };
}

/** What fills a key where no stack is named. */
const variables: [RegExp, string][] = [
  [/:netbox\.url$/, "NETBOX_SERVER_URL"],
  [/:netbox\.token$/, "NETBOX_API_TOKEN"],
  [/:proxmox$/, "PROXMOX_VE_ENDPOINT"],
  [/:proxmox\b.*\.url$/, "PROXMOX_VE_ENDPOINT"],
  [/:proxmox\b.*\.token$/, "PROXMOX_VE_API_TOKEN"],
  [/:neo4j\.url$/, "NEO4J_URI"],
  [/:neo4j\.password$/, "NEO4J_PASSWORD"],
];

/** A problem with the remedy of who named no stack. */
function byEnvironment(problem: SettingProblem): SettingProblem {
  const variable = variables.find(([key]) => key.test(problem.key))?.[1];
  return variable === undefined ? problem : { ...problem, remedy: `set ${variable}, or name a stack with --stack` };
}

const missingToken = /^netbox-proxmox:(netbox\.token|proxmox(?:\["(.+)"\]|\.([\w]+))\.token)$/;

/** The connections; what they lack of tokens is asked for, where somebody sits at the terminal. */
async function withAnswers(source: ConfigSource, env: Environment, needs: CommandNeeds): Promise<ConnectionsRead> {
  const read = readConnections(source, env, needs);
  if ("value" in read || !isAttended()) return read;
  const missing = read.problems.map(({ key, problem }) => (problem === "is missing" ? missingToken.exec(key) : null));
  return missing.every((each) => each !== null) ? asked(source, env, needs, missing) : read;
}

async function asked(
  source: ConfigSource,
  env: Environment,
  needs: CommandNeeds,
  missing: RegExpExecArray[],
): Promise<ConnectionsRead> {
  const answers: Record<string, string> = {};
  for (const [, , quoted, plain] of missing) {
    const cluster = quoted ?? plain;
    if (cluster === undefined) answers.NETBOX_API_TOKEN = await askUser("Token of NetBox: ", { secret: true });
    else
      answers[`PROXMOX_VE_API_TOKEN_${suffix(cluster)}`] = await askUser(
        `Token of ${cluster} (USER@REALM!TOKENID=SECRET): `,
        { secret: true },
      );
  }
  return readConnections(source, { ...env, ...answers }, needs);
}

/** The clusters by another of their tokens. @throws UserError where one has none of that name */
function withKey(connections: Connections, key: string, env: Environment): Connections {
  const proxmox = Object.entries(connections.proxmox).map(
    ([name, { user: _user, password: _password, ...cluster }]) => {
      const variable = `PROXMOX_VE_API_TOKEN_${suffix(`${name}_${key}`)}`;
      const token = env[variable] ?? cluster.keys?.[key];
      if (token === undefined)
        throw new UserError(
          `${name} has no key ${key} (${Object.keys(cluster.keys ?? {}).join(", ") || "none is named"}): set netbox-proxmox:proxmox["${name}"].keys["${key}"] (pulumi config set --secret), or ${variable}.`,
        );
      if (!apiToken.safeParse(token).success)
        throw new UserError(`${variable} is no token: write USER@REALM!TOKENID=SECRET.`);
      return [name, { ...cluster, token }] as const;
    },
  );
  return { ...connections, proxmox: Object.fromEntries(proxmox) };
}
