import { spawn, spawnSync } from "node:child_process";
import { project } from "../providers/settings";
import { backendFolder, clearDeadLocks } from "./locks";
import { pulumiEnvironment, pulumiFolder } from "./pulumi";
import { projectRoot } from "./root";
import { defaults, goesOn, repair } from "./run-defaults";

// `npm run up|preview|refresh|destroy`: the real CLI with this project's good defaults. Everything after `--` is pulumi's.

const root = projectRoot();

function stackOf(args: string[]): string | undefined {
  const at = args.findIndex((arg) => arg === "-s" || arg === "--stack");
  return at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith("--stack="))?.slice("--stack=".length);
}

async function main(): Promise<number> {
  const [command = "", ...args] = process.argv.slice(2);
  const preset = defaults[command];
  if (preset === undefined) throw new Error(`there is ${Object.keys(defaults).join(", ")}`);
  const folder = await pulumiFolder();
  const env: NodeJS.ProcessEnv = { ...preset.env, ...pulumiEnvironment(folder) };
  const pulumi = (...words: string[]) => spawnSync("pulumi", words, { cwd: root, env, encoding: "utf8" });
  const named = stackOf(args);
  const selected = named ?? (pulumi("stack", "--show-name", "--non-interactive").stdout.trim() || "dev");
  if (selected === "dev") {
    // The lab's stack: its secrets are fakes, and so is its passphrase.
    if (env.PULUMI_CONFIG_PASSPHRASE === undefined && env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined)
      env.PULUMI_CONFIG_PASSPHRASE = "lab";
    const made = pulumi("stack", "select", "dev", "--create", "--non-interactive");
    if (made.status !== 0) throw new Error(made.stderr.trim());
  }
  const backend = backendFolder(root, env);
  const cleared = backend === undefined ? 0 : clearDeadLocks(backend, project, selected);
  if (cleared > 0) process.stderr.write(`… a killed run's lock is cleared\n`);
  const child = spawn("pulumi", [command, ...preset.args, ...(named === undefined ? ["-s", selected] : []), ...args], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  // Ctrl-C goes to the whole group: pulumi ends what is under way and saves its state, and we wait for it.
  process.on("SIGINT", () => {});
  const code = await new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? 1)));
  if (code !== 0 && goesOn(command)) {
    const mended = pulumi(...repair(selected));
    if (mended.status !== 0) process.stderr.write(`… the state could not be checked: ${mended.stderr.trim()}\n`);
  }
  return code;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
