import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { project } from "../providers/settings";
import { projectRoot } from "../tools/root";
import { withBranch } from "./branch";
import { configurationOfFile, printedConfiguration, stackConfig, stackFileTexts, stateCounts } from "./counts";
import { isToBeMended, mendedText, quietIntegrity, stateFileOf, unmendedText } from "./integrity";
import { backendFolder, clearDeadLocks, heldText, noteRun } from "./locks";
import { killTree } from "./processes";
import { pulumiEnvironment, pulumiFolder, withLabPassphrase } from "./pulumi";
import { defaults, environmentFor, goesOn, makesSecrets, repair, withRefresh } from "./run-defaults";

const root = projectRoot();

/** What an option is given: `--stack a`, `--stack=a`. */
export function optionOf(args: string[], ...names: string[]): string | undefined {
  const at = args.findIndex((arg) => names.includes(arg));
  if (at >= 0) return args[at + 1];
  const whole = args.find((arg) => names.some((name) => arg.startsWith(`${name}=`)));
  return whole?.slice(whole.indexOf("=") + 1);
}

export const stackOf = (args: string[]): string | undefined => optionOf(args, "-s", "--stack");

export const configFileOf = (args: string[]): string | undefined => optionOf(args, "--config-file");

/** Does a file backend hold a stack's state? */
const isThere = (backend: string | undefined, stack: string): boolean =>
  backend !== undefined && existsSync(join(backend, ".pulumi", "stacks", project, `${stack}.json`));

/** Puts a state in order that still names what is gone, and says so. Changes nothing where all is well. */
function mend(
  pulumi: (...words: string[]) => { status: number | null; stderr: string },
  stack: string,
  stateFile: string | undefined,
): void {
  const wasBroken = isToBeMended(stateFile);
  const { status, stderr } = pulumi(...repair(stack));
  if (status !== 0 || isToBeMended(stateFile)) process.stderr.write(`… ${unmendedText(stack, stderr)}\n`);
  else if (wasBroken) process.stderr.write(`… ${mendedText}\n`);
}

/** How much the CLI is asked to log: `-v=9`, `-v 9`, `--verbose=9`. */
export function verbosityOf(args: string[]): number {
  const at = args.findIndex((arg) => arg === "-v" || arg === "--verbose");
  const text = at >= 0 ? args[at + 1] : args.find((arg) => /^(-v|--verbose)=?\d+$/.test(arg));
  return Number(/(\d+)$/.exec(text ?? "")?.[1] ?? 0);
}

/** The stack that a command is about, and how Pulumi is asked about it. */
interface SelectedStack {
  /** As it is named, or selected. */
  name: string;
  /** Do the arguments name it? */
  isNamed: boolean;
  env: NodeJS.ProcessEnv;
  pulumi(...words: string[]): { status: number | null; stdout: string; stderr: string };
  /** The folder of a file backend. */
  backend: string | undefined;
}

/** The stack that arguments name, or that is selected; the lab's is made where it isn't there. */
export async function selectStack(args: string[], more: NodeJS.ProcessEnv = {}): Promise<SelectedStack> {
  const folder = await pulumiFolder();
  const plain: NodeJS.ProcessEnv = { ...pulumiEnvironment(folder), ...more };
  const asked = (env: NodeJS.ProcessEnv, words: string[]) =>
    spawnSync("pulumi", words, { cwd: root, env, encoding: "utf8", maxBuffer: 1_000_000_000 });
  const named = stackOf(args);
  const current = named ?? asked(plain, ["stack", "--show-name", "--non-interactive"]).stdout.trim();
  const name = current || "dev";
  const env = withLabPassphrase(plain, name);
  const pulumi = (...words: string[]) => asked(env, words);
  const backend = backendFolder(root, env);
  if (name === "dev" && (current === "" || !isThere(backend, "dev"))) {
    const made = pulumi("stack", "select", "dev", "--create", "--non-interactive");
    if (made.status !== 0) throw new Error(made.stderr.trim());
  }
  return { name, isNamed: named !== undefined, env, pulumi, backend };
}

/**
 * One operation of the real CLI with this project's good defaults: a plan is refreshed first, locks of killed runs are cleared before it, and the state of
 * one that went on past an error is mended after it. @param shown where its output goes; kept, it is given back as well, and hidden, only that
 */
export async function operate(
  command: string,
  given: string[],
  shown: "inherit" | "kept" | "hidden",
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const { args, env: ofBranch } = withBranch(command, given, { ...process.env, ...more });
  const preset = defaults[command];
  if (preset === undefined) throw new Error(`there is ${Object.keys(defaults).join(", ")}`);
  const { name: selected, isNamed, env, pulumi, backend } = await selectStack(args, { ...more, ...ofBranch });
  if (backend !== undefined) {
    const { cleared, held } = clearDeadLocks(backend, project, selected);
    if (held.length > 0 && command !== "preview") throw new Error(heldText(selected, held));
    if (cleared > 0) {
      process.stderr.write(`… a killed run's lock is cleared\n`);
      // A run with checkpoints may have been killed between two that belong together.
      pulumi(...repair(selected));
    }
  }
  const stateFile = stateFileOf(backend, project, selected);
  // The one who should have mended it was killed before it came to that.
  if (isToBeMended(stateFile)) mend(pulumi, selected, stateFile);
  // A start of Pulumi for what stands in a file would be a tenth of a preview.
  const texts = stackFileTexts(selected, configFileOf(args));
  const config =
    (texts && configurationOfFile(texts.text, texts.project)) ??
    printedConfiguration(pulumi("config", "--stack", selected, "--json", "--non-interactive").stdout.trim());
  const { program, hasShare } = stackConfig(config, env);
  if (makesSecrets(program) && verbosityOf(args) >= 9)
    throw new Error("From -v=9 on Pulumi's own log prints secrets in the clear: use -v=8, or --debug, for this stack.");
  if (hasShare) {
    const state = pulumi("stack", "export", "--stack", selected, "--non-interactive").stdout;
    env.NETBOX_PROXMOX_STATE_COUNTS = JSON.stringify(stateCounts(state));
  }
  const refreshed = withRefresh(command, args);
  if (refreshed.leftOut)
    process.stderr.write(
      "… without a refresh: what was changed by hand since the last run is neither shown nor mended, nor made again where it is gone\n",
    );
  const integrity = quietIntegrity(goesOn(command), stateFile);
  const words = [command, ...preset.args, ...integrity, ...(isNamed ? [] : ["-s", selected]), ...refreshed.args];
  // Both are there before Pulumi is: a signal that comes while it starts would leave it behind. Ctrl-C goes to the whole group:
  // Pulumi ends what is under way and saves its state, and we wait for it.
  const wait = () => {};
  process.on("SIGINT", wait);
  // What ends services and jobs goes to this process alone: Pulumi is asked to end as by Ctrl-C, and killed the second time.
  let asked = false;
  const end = () => {
    if (asked && child.pid !== undefined) killTree(child.pid);
    else child.kill("SIGINT");
    asked = true;
  };
  process.on("SIGTERM", end);
  const child = spawn("pulumi", words, {
    cwd: root,
    env: { ...environmentFor(command, program), ...refreshed.env, ...env },
    stdio: shown === "inherit" ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  const unnote = backend === undefined || pid === undefined ? () => {} : noteRun(backend, project, selected, pid);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (shown === "kept") process.stdout.write(chunk);
    });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      // Of a killed one it tells the next run that it is dead.
      if (status !== null) unnote();
      resolve(status ?? 1);
    });
  }).finally(() => {
    process.off("SIGINT", wait);
    process.off("SIGTERM", end);
  });
  if (code !== 0 && goesOn(command)) mend(pulumi, selected, stateFile);
  return { code, output };
}
