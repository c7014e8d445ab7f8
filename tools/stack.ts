import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { quietIntegrity, stateFileOf } from "../cli/integrity";
import { clearDeadLocks, noteRun } from "../cli/locks";
import { pulumiEnvironment } from "../cli/pulumi";
import { defaults, environmentFor, goesOn, repair } from "../cli/run-defaults";
import { project } from "../providers/settings";
import { isRecord } from "../providers/values";
import { projectRoot } from "./root";

const root = projectRoot();

const resourceState = z
  .object({ inputs: z.record(z.string(), z.unknown()).nullish(), outputs: z.record(z.string(), z.unknown()).nullish() })
  .nullish();
const metadata = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  old: resourceState,
  new: resourceState,
  diffs: z.array(z.string()).nullish(),
});
const engineEvent = z.object({
  resourcePreEvent: z.object({ metadata }).optional(),
  resOutputsEvent: z.object({ metadata }).optional(),
  diagnosticEvent: z.object({ message: z.string(), severity: z.string(), urn: z.string().optional() }).optional(),
  summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish() }).optional(),
});

/** A resource as the state keeps it: its secrets encrypted. */
export const keptResource = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().default(""),
  outputs: z.record(z.string(), z.unknown()).default({}),
});
const checkpoint = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(keptResource).default([]) }) }),
});

export type KeptResource = z.infer<typeof keptResource>;

/** What the engine did, or would do, with one resource of ours. */
export interface ResourceStep {
  op: string;
  /** `ProxmoxVm`. */
  type: string;
  /** `pulumi-nodejs:dynamic/proxmox:ProxmoxVm`. */
  token: string;
  name: string;
  old: Record<string, unknown>;
  new: Record<string, unknown>;
  /** What the program gives; unknown values as the engine writes them. */
  inputs: Record<string, unknown>;
  /** As the state has it. */
  outputs: Record<string, unknown>;
}

export interface StackRun {
  code: number;
  output: string;
  /** Without those that stay the same. */
  steps: ResourceStep[];
  /** Those, each as `token::name`. */
  unchanged: string[];
  /** What a refresh found otherwise than the state had it, before anything was done: with outputs alone. */
  drifted: ResourceStep[];
  /** URNs of the resources whose step was carried out. */
  done: string[];
  errors: string[];
  /** Resources by operation, as the engine's summary counts them. */
  changes: Record<string, number>;
}

export interface StackOptions {
  /** The folder of the CLI. */
  cli: string;
  name: string;
  /** An own folder for its state and configuration. */
  folder: string;
  /** The configuration, by keys without namespace; secrets by themselves, by their paths. */
  config: Record<string, unknown>;
  secrets: Record<string, string>;
  env?: NodeJS.ProcessEnv;
  /** Are the engine's events read? Writing them takes the engine's time: without them a run has no steps, errors and changes. */
  events?: boolean;
}

/** A stack of the real program, run by the real CLI on a file backend of its own. */
export class Stack {
  private readonly env: NodeJS.ProcessEnv;
  private readonly configFile: string;
  private runs = 0;

  constructor(private readonly options: StackOptions) {
    mkdirSync(join(options.folder, "state"), { recursive: true });
    this.configFile = join(options.folder, `Pulumi.${options.name}.yaml`);
    this.configure(options.config);
    this.env = {
      ...pulumiEnvironment(options.cli),
      PULUMI_BACKEND_URL: `file://${join(options.folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "lab",
      ...options.env,
    };
  }

  /** Exchanges the configuration; the secrets stay. */
  configure(config: Record<string, unknown>): void {
    const before = existsSync(this.configFile) ? (parse(readFileSync(this.configFile, "utf8")) as Configuration) : {};
    const next: Configuration = {
      ...before,
      config: Object.fromEntries(Object.entries(config).map(([key, value]) => [`${project}:${key}`, value])),
    };
    for (const path of Object.keys(this.options.secrets)) carry(before.config, next.config, pathOf(path));
    writeFileSync(this.configFile, stringify(next));
  }

  /** Makes the stack and sets its secrets, from its own folder: `stack init` writes its file where it is run. */
  async init(): Promise<StackRun> {
    copyFileSync(join(root, "Pulumi.yaml"), join(this.options.folder, "Pulumi.yaml"));
    const made = await this.inFolder("stack", "init", this.options.name);
    for (const [path, secret] of Object.entries(this.options.secrets))
      await this.inFolder(
        "config",
        "set",
        "--path",
        `${project}:${path}`,
        "--secret",
        secret,
        "--stack",
        this.options.name,
      );
    return made;
  }

  private inFolder(...args: string[]): Promise<StackRun> {
    return this.spawn([...args, "--non-interactive"], {}, this.options.folder).done;
  }

  preview(...args: string[]): Promise<StackRun> {
    return this.operate("preview", args);
  }

  up(...args: string[]): Promise<StackRun> {
    return this.operate("up", ["--yes", "--skip-preview", ...args]);
  }

  refresh(...args: string[]): Promise<StackRun> {
    return this.operate("refresh", ["--yes", "--skip-preview", ...args]);
  }

  destroy(...args: string[]): Promise<StackRun> {
    return this.operate("destroy", ["--yes", "--skip-preview", ...args]);
  }

  /** The stack's outputs as JSON; secrets are shown where `--show-secrets` is asked for. */
  async outputs(...args: string[]): Promise<unknown> {
    const words = ["stack", "output", "--json", "--stack", this.options.name, "--non-interactive", ...args];
    return JSON.parse((await this.spawn(words, {}).done).output) as unknown;
  }

  get stateFile(): string {
    return join(this.options.folder, "state", ".pulumi", "stacks", project, `${this.options.name}.json`);
  }

  /** The state as the backend keeps it: secrets encrypted. */
  exported(): string {
    return readFileSync(this.stateFile, "utf8");
  }

  /** The resources in the state, sorted. */
  resources(): KeptResource[] {
    const { resources } = checkpoint.parse(JSON.parse(this.exported())).checkpoint.latest;
    return resources.sort((a, b) => a.urn.localeCompare(b.urn));
  }

  /** The same stack, run by somebody with another environment. */
  with(env: NodeJS.ProcessEnv): Stack {
    return new Stack({ ...this.options, env });
  }

  /** What another command needs to read its configuration. */
  get reach(): { args: string[]; env: NodeJS.ProcessEnv } {
    return { args: ["--stack", this.options.name, "--config-file", this.configFile], env: this.env };
  }

  private get backend(): string {
    return join(this.options.folder, "state");
  }

  clearDeadLocks(): number {
    return clearDeadLocks(this.backend, project, this.options.name).cleared;
  }

  /** What the wrapper does before a command: locks of killed runs go, and the state of such a run is mended. */
  async recover(): Promise<void> {
    if (this.clearDeadLocks() > 0) await this.spawn(repair(this.options.name), {}).done;
  }

  remove(): void {
    rmSync(this.options.folder, { recursive: true, force: true });
  }

  /** An operation's process and its outcome: for tests that kill it. */
  start(command: string, args: string[]): { pid: number; done: Promise<StackRun> } {
    const preset = defaults[command] ?? { args: [], env: {} };
    const log = this.options.events === false ? undefined : join(this.options.folder, `events-${++this.runs}.json`);
    if (log !== undefined) writeFileSync(log, "");
    const words = [
      command,
      ...preset.args,
      ...quietIntegrity(goesOn(command), stateFileOf(this.backend, project, this.options.name)),
      ...args,
      "--non-interactive",
      "--stack",
      this.options.name,
      "--config-file",
      this.configFile,
      ...(log === undefined ? [] : ["--event-log", log]),
    ];
    const debug = log === undefined ? {} : { PULUMI_DEBUG_COMMANDS: "true" };
    const env = environmentFor(command, this.options.config.program);
    const { pid, done } = this.spawn(words, { ...env, ...debug });
    const unnote = noteRun(this.backend, project, this.options.name, pid);
    const mended = async (run: StackRun): Promise<StackRun> => {
      // Of a killed one it tells the next run that it is dead.
      if (run.code !== -1) unnote();
      if (run.code !== 0 && goesOn(command)) await this.spawn(repair(this.options.name), {}).done;
      return log === undefined ? run : { ...run, ...readEvents(log) };
    };
    return { pid, done: done.then(mended) };
  }

  private operate(command: string, args: string[]): Promise<StackRun> {
    return this.start(command, args).done;
  }

  /** In a process group of its own, so that a test can kill all of it. */
  private spawn(args: string[], env: NodeJS.ProcessEnv, cwd = root): { pid: number; done: Promise<StackRun> } {
    const child = spawn("pulumi", args, {
      cwd,
      env: { ...this.env, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const done = new Promise<StackRun>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) =>
        resolve({ code: code ?? -1, output, steps: [], unchanged: [], drifted: [], done: [], errors: [], changes: {} }),
      );
    });
    return { pid: child.pid ?? 0, done };
  }
}

interface Configuration {
  config?: Record<string, unknown>;
  [key: string]: unknown;
}

/** The steps of a path like `proxmox["pve-lab"].token`. */
const pathOf = (path: string): string[] => {
  const [first = "", ...rest] = [...path.matchAll(/\["([^"]+)"\]|([^.[\]"]+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
  return [`${project}:${first}`, ...rest];
};

/** Copies what stands at a path of one structure into another that has its surroundings. */
function carry(from: unknown, to: unknown, [step = "", ...rest]: string[]): void {
  if (!isRecord(from) || !isRecord(to) || from[step] === undefined) return;
  if (rest.length === 0) to[step] = from[step];
  else carry(from[step], to[step], rest);
}

const properties = (state: z.infer<typeof resourceState>): Record<string, unknown> => ({
  ...state?.outputs,
  ...state?.inputs,
});

/** What an operation did, by the log of its events. */
export function readEvents(
  file: string,
): Pick<StackRun, "steps" | "unchanged" | "drifted" | "done" | "errors" | "changes"> {
  const events = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const parsed = engineEvent.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    });
  const steps = new Map<string, ResourceStep>();
  const unchanged = new Set<string>();
  const drifted: ResourceStep[] = [];
  const done = new Set<string>();
  for (const { resourcePreEvent, resOutputsEvent } of events) {
    const found = (resOutputsEvent ?? resourcePreEvent)?.metadata;
    if (found === undefined || !found.type.includes(":dynamic/")) continue;
    const { op, type: token, old, new: wanted } = found;
    // A name may have colons of its own.
    const [type = "", name] = [token.split(":").pop(), found.urn.split("::").slice(3).join("::")];
    const both = { old: properties(old), new: properties(wanted) };
    const step = { op, type, token, name, ...both, inputs: wanted?.inputs ?? {}, outputs: old?.outputs ?? {} };
    if (op === "same") unchanged.add(`${token}::${name}`);
    else if (op !== "refresh") {
      steps.set(`${found.urn}/${op}`, step);
      if (resOutputsEvent !== undefined) done.add(found.urn);
    }
    const [before, after] = [old?.outputs ?? {}, wanted?.outputs ?? {}];
    if (op === "refresh" && resOutputsEvent !== undefined && JSON.stringify(before) !== JSON.stringify(after))
      drifted.push({ ...step, old: before, new: after });
  }
  return {
    steps: [...steps.values()],
    unchanged: [...unchanged],
    drifted,
    done: [...done],
    errors: events.flatMap(({ diagnosticEvent }) =>
      diagnosticEvent?.severity === "error" ? [diagnosticEvent.message.replace(/<\{%[^%]*%\}>/g, "").trim()] : [],
    ),
    changes: events.reduce<Record<string, number>>(
      (last, { summaryEvent }) => summaryEvent?.resourceChanges ?? last,
      {},
    ),
  };
}
