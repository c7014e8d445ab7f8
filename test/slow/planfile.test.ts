import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// What was approved is what is applied: `preview --save-plan`, then `up --plan`, by the real CLI.

const guests = [1, 2, 3]
  .map(
    (n) =>
      `- { name: g${n}, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.${n + 20}/24, dnsName: g${n}.lab.example }] }] }`,
  )
  .join("\n");

describe("a plan file", () => {
  let systems: TestSystems;
  let stack: Stack;
  let file: string;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guests), {}, "lab");
    const defaults = { ...(systems.config().defaults as object), snapshotBefore: ["memory"] };
    stack = await systems.stack({ site: { protect: false, maxRemovals: 1 }, defaults });
    file = join(systems.folder, "plan.json");
    expect((await stack.up()).errors).toEqual([]);
  }, 120_000);
  afterAll(() => systems.close());

  /** As `npm run preview` and `npm run up` run it. */
  function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; said: string }> {
    const words = ["dist/cli/run.js", command, ...stack.reach.args, ...args];
    const child = spawn(process.execPath, words, {
      cwd: projectRoot(),
      env: { ...process.env, ...stack.reach.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? -1, said }));
    });
  }
  const save = (env: NodeJS.ProcessEnv = {}) => run("preview", ["--save-plan", file], env);
  const apply = (...args: string[]) => run("up", ["--plan", file, "--yes", ...args]);

  const setMemory = async (name: string, memory: number) => {
    const { id } = await systems.clients.vm(name);
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory });
  };
  const machine = (name: string) => {
    const { guests: all } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has it");
    return [...all.values()].find((each) => each.name === name) ?? expect.unreachable(`${name} is there`);
  };

  it("is applied as it was approved: after midnight, and where an output of the stack moved", async () => {
    await setMemory("g1", 1024);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    const saved = await save({ NETBOX_PROXMOX_NOW: yesterday });
    expect(saved.code, saved.said).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // The engine would now expect another output than the stack has.
    const plan = JSON.parse(readFileSync(file, "utf8")) as {
      resourcePlans: Record<string, { goal?: { type: string; outputDiff: object } }>;
    };
    const [own] = Object.values(plan.resourcePlans).filter(({ goal }) => goal?.type === "pulumi:pulumi:Stack");
    if (own?.goal === undefined) return expect.unreachable("the plan has the stack");
    own.goal.outputDiff = { updates: { guests: { g1: "elsewhere" } } };
    writeFileSync(file, JSON.stringify(plan));
    const applied = await apply();
    expect(applied.code, applied.said).toBe(0);
    const made = stack.resources().find(({ urn }) => urn.endsWith("ProxmoxVm::g1"));
    expect(made?.outputs.memory).toBe(1024);
    expect(await stack.outputs()).toMatchObject({ guests: { 1: { name: "g1", pending: ["memory"] } } });
    const day = yesterday.slice(0, 10).replaceAll("-", "");
    expect([...machine("g1").snapshots.keys()].join(" ")).toMatch(new RegExp(`before-${day}-`));
  }, 180_000);

  it("that does not hold any more is told in one sentence, and nothing is changed", async () => {
    await setMemory("g1", 2048);
    const saved = await save();
    expect(saved.code, saved.said).toBe(0);
    await setMemory("g1", 1536); // another value
    machine("g2").config.set("memory", 700); // changed by hand
    const { id } = await systems.clients.vm("g3");
    await systems.clients.netbox("DELETE", `virtualization/virtual-machines/${id}/`);
    const [inventory, state] = [await systems.inventory(), stack.exported()];
    const applied = await apply();
    expect(applied.code).toBe(1);
    expect(applied.said).toMatch(
      /^The plan of \d{4}-\d\d-\d\d \d\d:\d\d UTC does not hold any more, and nothing was changed: /m,
    );
    expect(applied.said).toMatch(/VM g1 \(http\S+\): memory is to be 1536, and the plan has 2048/);
    expect(applied.said).toMatch(/VM g2 \(http\S+\) is to be changed \(memory 700 → 512\), which is not in the plan/);
    expect(applied.said).toMatch(/VM g3 \(http\S+\) is to be deleted, which is not in the plan/);
    expect(await systems.inventory()).toBe(inventory);
    expect(stack.exported()).toBe(state);
  }, 180_000);

  it("is not written where the plan is refused, nor is an older one left there", async () => {
    for (const name of ["g1", "g2"])
      await systems.clients.netbox("DELETE", `virtualization/virtual-machines/${(await systems.clients.vm(name)).id}/`);
    expect(existsSync(file)).toBe(true);
    const older = readFileSync(file);
    const saved = await save();
    expect(saved.code).toBe(1);
    expect(existsSync(file)).toBe(false);
    // With --yes and the older plan, too.
    writeFileSync(file, older);
    const before = await systems.inventory();
    expect((await apply()).code).toBe(1);
    expect(await systems.inventory()).toBe(before);
  }, 180_000);

  it("goes with neither another refresh nor options that the report does not know", async () => {
    expect((await apply("--no-refresh")).said).toBe(
      "The plan was made with a refresh, and `up` does the same: leave --no-refresh out.\n",
    );
    expect((await apply("--target", "x")).said).toMatch(/^--target does not go with --plan, .* or add --raw/);
    writeFileSync(file, JSON.stringify({ manifest: {}, resourcePlans: {} }));
    expect((await apply()).said).toMatch(/was written by Pulumi alone, .* or give `up` --raw too\.\n$/);
  });
});
