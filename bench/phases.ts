import { spawn } from "node:child_process";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pulumiEnvironment } from "../cli/pulumi";
import type { Latency } from "../lab";
import type { LoggedCall } from "../lab/log";
import { labConfig, labEnvironment, zonesOf } from "../tools/labstack";
import { projectRoot } from "../tools/root";
import { Stack, type StackRun } from "../tools/stack";
import { SystemClients } from "../tools/systemclients";
import { type Cost, metered } from "./meter";
import { LabProcess, templatesByPlatform } from "./systems";

export const phaseNames = [
  "up from nothing",
  "no-change preview",
  "plan by the command",
  "plan --drift by the command",
  "preview --refresh",
  "up changing 1 %",
  "refresh",
  "destroy",
] as const;
export type PhaseName = (typeof phaseNames)[number];
export const discoveryPhases = ["discovery", "discovery again", "discovery --refresh"] as const;
export type DiscoveryPhase = (typeof discoveryPhases)[number];
type System = LoggedCall["system"];

/** What one operation cost. */
export interface Phase extends Cost {
  phase: PhaseName | "floor of up" | "bare preview" | DiscoveryPhase;
  guests: number;
  latency: "none" | "realistic";
  /** Resources of the stack. */
  resources: number;
  /** Bytes. */
  state: number;
  requests: Record<System, number>;
  /** By endpoint, ids left out: the most frequent first. */
  endpoints: Record<string, number>;
  greatest: Record<System, number>;
}

/** A call without what differs from guest to guest. */
const endpointOf = ({ system, method, path }: LoggedCall): string => {
  const bare = path
    .replace(/\?.*/, "")
    .replace(/UPID[^/]*/, "UPID")
    .replace(/^pve-lab/, "")
    .replace(/\/pve\d+\b/, "/NODE")
    .replace(/\/900\d(?=\/|$)/, "/TEMPLATE")
    .replace(/\/\d+(?=\/|$)/g, "/ID");
  return `${system} ${method} ${system === "bind9" ? "" : bare}`.trim();
};

export interface TestSystems {
  lab: LabProcess;
  stack: Stack;
  clients: SystemClients;
  config: Record<string, unknown>;
  env: Record<string, string>;
  folder: string;
  cli: string;
}

export async function openSystems(lab: LabProcess, cli: string, folder: string): Promise<TestSystems> {
  const zones = zonesOf(lab.seed);
  const base = labConfig(lab.endpoints, zones);
  const config = {
    ...base,
    defaults: { ...(base.defaults as object), templates: templatesByPlatform, storage: "ceph" },
    site: { protect: false, maxRemovals: "100%" },
  };
  const env = labEnvironment(lab.endpoints);
  const options = { cli, name: "bench", folder: join(folder, "stack"), config, secrets: {}, env, events: false };
  const stack = new Stack(options);
  await stack.init();
  return { lab, stack, clients: new SystemClients(lab.endpoints, zones), config, env, folder, cli };
}

/** What went wrong, out of what may be long. */
export const excerpt = (output: string): string => {
  const errors = output.split("\n").filter((line) => line.includes("error:") || line.includes("Unable to"));
  return (errors.length > 0 ? errors.slice(0, 10).join("\n") : output).slice(-3000);
};

/** One measured piece of work. @throws with what it printed, where it failed */
async function measure(
  { lab, stack }: TestSystems,
  about: Pick<Phase, "phase" | "guests" | "latency">,
  start: () => { pid: number; done: Promise<StackRun> },
): Promise<Phase> {
  await lab.forgetCalls();
  const { pid, done } = start();
  const { result, cost } = await metered(pid, done);
  if (result.code !== 0) throw new Error(`${about.phase} failed:\n${excerpt(result.output)}`);
  const { calls, greatest } = await lab.calls();
  const requests = { netbox: 0, proxmox: 0, bind9: 0, node: 0 };
  const endpoints = new Map<string, number>();
  for (const call of calls) {
    requests[call.system]++;
    endpoints.set(endpointOf(call), (endpoints.get(endpointOf(call)) ?? 0) + 1);
  }
  return {
    ...about,
    ...cost,
    resources: stack.resources().length,
    state: statSync(stack.stateFile).size,
    requests,
    endpoints: Object.fromEntries([...endpoints].sort(([, a], [, b]) => b - a)),
    greatest,
  };
}

/** The life of a site, each part of it measured. */
export async function* measureLife(
  systems: TestSystems,
  guests: number,
  latency: Phase["latency"],
  waits: Latency,
): AsyncGenerator<Phase> {
  const { lab, stack, clients } = systems;
  const yes = ["--yes", "--skip-preview"];
  // As a pipeline runs it.
  const operate = (phase: PhaseName, command: string, args: string[]) =>
    measure(systems, { phase, guests, latency }, () => stack.start(command, [...args, "--suppress-outputs"]));
  await lab.setLatency(waits);
  yield await operate("up from nothing", "up", yes);
  yield await operate("no-change preview", "preview", ["--expect-no-changes"]);
  const plan = (phase: PhaseName, args: string[]) =>
    measure(systems, { phase, guests, latency }, () => startedPlan(stack, args));
  yield await plan("plan by the command", []);
  yield await plan("plan --drift by the command", ["--drift"]);
  yield await operate("preview --refresh", "preview", ["--refresh", "--expect-no-changes"]);
  const ids = (await clients.all<{ id: number }>("virtualization/virtual-machines", "")).slice(
    0,
    Math.ceil(guests / 100),
  );
  for (const { id } of ids) await clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 3072 });
  yield await operate("up changing 1 %", "up", yes);
  yield await operate("refresh", "refresh", yes);
  yield await operate("destroy", "destroy", yes);
}

/** Guests that NetBox knows nothing of, read into it: the first time, again, and with a look at what was made. */
export async function* measureDiscovery(
  systems: TestSystems,
  guests: number,
  latency: Phase["latency"],
  waits: Latency,
): AsyncGenerator<Phase> {
  const { lab, stack } = systems;
  stack.configure({ ...systems.config, program: "discovery" });
  const operate = (phase: DiscoveryPhase, command: string, args: string[]) =>
    measure(systems, { phase, guests, latency }, () => stack.start(command, [...args, "--suppress-outputs"]));
  await lab.setLatency(waits);
  yield await operate("discovery", "up", ["--yes", "--skip-preview"]);
  yield await operate("discovery again", "preview", ["--expect-no-changes"]);
  yield await operate("discovery --refresh", "preview", ["--refresh", "--expect-no-changes"]);
}

/** A process with what it prints, as an operation of a stack has it. */
export function started(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): { pid: number; done: Promise<StackRun> } {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  const done = new Promise<StackRun>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ code: code ?? -1, output, steps: [], unchanged: [], drifted: [], done: [], errors: [], changes: {} }),
    );
  });
  return { pid: child.pid ?? 0, done };
}

/** `netbox-proxmox plan`, as it is installed: with anything to change it ends otherwise than with 0. */
function startedPlan({ reach }: Stack, args: string[]): { pid: number; done: Promise<StackRun> } {
  const root = projectRoot();
  const words = [join(root, "tools", "netbox-proxmox.cjs"), "plan", ...reach.args, ...args];
  return started(process.execPath, words, { cwd: root, env: { ...process.env, ...reach.env } });
}

/** The same calls as `up` from nothing, by a bare script, on the site that `destroy` left empty. */
export async function measureFloor(
  systems: TestSystems,
  guests: number,
  latency: Phase["latency"],
  waits: Latency,
): Promise<Phase> {
  await systems.lab.setLatency(waits);
  const root = projectRoot();
  const args = [join(root, "dist", "bench", "floor.js"), JSON.stringify(systems.config)];
  const options = { cwd: root, env: { ...process.env, ...systems.env } };
  return measure(systems, { phase: "floor of up", guests, latency }, () => started(process.execPath, args, options));
}

/** The no-change preview of a program that declares as many bare resources. */
export async function measureBare(systems: TestSystems, guests: number, resources: number): Promise<Phase> {
  const folder = join(systems.folder, "bare");
  mkdirSync(folder, { recursive: true });
  const root = projectRoot();
  const project = { name: "bare", runtime: { name: "nodejs", options: { typescript: false } }, main: "index.js" };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(project));
  writeFileSync(
    join(folder, "index.js"),
    `require(${JSON.stringify(join(root, "dist", "bench", "bareprogram.js"))});\n`,
  );
  writeFileSync(join(folder, "package.json"), "{}");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "state"));
  const env: NodeJS.ProcessEnv = {
    ...pulumiEnvironment(systems.cli),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "lab",
    PULUMI_SKIP_CHECKPOINTS: "true",
    BENCH_GUESTS: String(guests),
    BENCH_RESOURCES: String(Math.round((resources - 2) / guests)),
  };
  const pulumi = (...args: string[]) => started("pulumi", [...args, "--non-interactive"], { cwd: folder, env });
  for (const args of [
    ["stack", "init", "bare"],
    ["up", "--yes", "--skip-preview", "--stack", "bare"],
  ]) {
    const made = await pulumi(...args).done;
    if (made.code !== 0) throw new Error(`the bare program failed:\n${excerpt(made.output)}`);
  }
  return measure(systems, { phase: "bare preview", guests, latency: "none" }, () =>
    pulumi("preview", "--stack", "bare", "--expect-no-changes"),
  );
}
