import { expect } from "vitest";
import type { Moment } from "../lab/faults";
import { killTree, type Stack } from "../tools/stack";
import { demoSeed, World } from "./world";

// One run of the demo's guests that is broken at one of its writes, then run again. The verdict is what the systems hold.

/** Kills of the whole process group: before the write has an effect, while it has it, after it and before its answer. */
export const kills = ["killed before", "killed while", "killed after"] as const;
/** What goes wrong instead of a kill: no connection, no answer, an answer of 503. */
export const failures = ["dropped", "unanswered", "refused"] as const;
export type How = (typeof kills)[number] | (typeof failures)[number];

/** What happens in NetBox before the broken run, and between it and the next. */
export interface Scenario {
  name: string;
  /** Is everything built before the run that is broken? */
  built: boolean;
  before: (world: World) => Promise<void>;
  between: (world: World) => Promise<void>;
}

const patch = async (world: World, name: string, body: object) => {
  const { id } = await world.consoles.vm(name);
  await world.consoles.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
};
const nothing = async () => {};

async function changes(world: World): Promise<void> {
  await patch(world, "web01", { memory: 4096, comments: "changed" });
  await patch(world, "app01", { status: "decommissioning" });
  await patch(world, "batch01", { status: "active" });
  await patch(world, "next01", { status: "active" });
  await patch(world, "ns01", { status: "offline" });
  const { id } = await world.consoles.vm("app02");
  await world.consoles.netbox("DELETE", `virtualization/virtual-machines/${id}/`);
}

/** Guests that a broken run began are not wanted any more when the next one comes. */
async function unwanted(world: World): Promise<void> {
  await patch(world, "app03", { status: "decommissioning" });
  const { id } = await world.consoles.vm("db02");
  await world.consoles.netbox("DELETE", `virtualization/virtual-machines/${id}/`);
}

export const scenarios: Scenario[] = [
  { name: "create", built: false, before: nothing, between: nothing },
  { name: "create, then some unwanted", built: false, before: nothing, between: unwanted },
  { name: "update and delete", built: true, before: changes, between: nothing },
];

const isWrite = (system: string, call: string) =>
  system === "bind9" ? call.startsWith("nsupdate") : !call.startsWith("GET ") && !call.includes("/access/");

interface Prepared {
  world: World;
  stack: Stack;
}

async function prepare({ built, before }: Scenario): Promise<Prepared> {
  const world = await World.open(demoSeed(), { clone: 20, start: 10 }, "lab");
  const stack = await world.stack({ site: { protect: false, maxRemovals: 10 } });
  if (built) expect((await stack.up()).errors).toEqual([]);
  await before(world);
  return { world, stack };
}

/** What has to be the same however a run went: guests with their status, how many addresses and records of each kind. */
async function holdings(world: World): Promise<string[]> {
  const guests = (await world.consoles.guests()).map(
    ({ vmid, type, name, status }) => `${type} ${vmid} ${name} ${status}`,
  );
  const addresses = await world.consoles.addresses();
  const hosts = addresses.map(({ address }) => address.split("/")[0]);
  expect(new Set(hosts).size, "no address twice").toBe(hosts.length);
  const ours = (await world.ourAddresses()).map(
    ({ assigned_object_id: on, address }) => `address ${on} ${address.includes(":")}`,
  );
  expect(new Set(ours).size, "one of each family an interface").toBe(ours.length);
  const records = (await world.newRecords()).map((line) => line.split(" "));
  // Which of two guests gets the first free address is nobody's promise, so PTRs are only counted.
  const names = records.map(([name = "", type = ""]) =>
    name.endsWith(".arpa.") ? `record ${type}` : `record ${name} ${type}`,
  );
  const machines = (
    await world.consoles.all<{ name: string; status: { value: string } }>("virtualization/virtual-machines")
  ).map(({ name, status }) => `netbox ${name} ${status.value}`);
  return [...guests, ...ours, ...names, ...machines, `addresses ${addresses.length}`].sort();
}

async function foreign(world: World): Promise<string> {
  return JSON.stringify(
    (await world.consoles.guests())
      .filter(({ vmid }) => vmid <= 9100 && vmid !== 250)
      .map(({ vmid, config }) => [vmid, config]),
  );
}

/** The writes of a run that nothing breaks, and what the systems hold after it. */
export async function unbroken(scenario: Scenario): Promise<{ writes: string[]; after: string[] }> {
  const { world, stack } = await prepare(scenario);
  try {
    const writes: string[] = [];
    world.lab.faults.watch = (system, call, moment) => {
      if (moment === "arrived" && isWrite(system, call)) writes.push(`${system} ${call}`);
      return false;
    };
    expect((await stack.up()).errors).toEqual([]);
    world.lab.faults.watch = undefined;
    await scenario.between(world);
    expect((await stack.up()).errors).toEqual([]);
    return { writes, after: await holdings(world) };
  } finally {
    await world.close();
  }
}

/** Breaks the run at its nth write (from 0), runs again, and compares. @returns the write, or nothing where there were fewer */
export async function broken(scenario: Scenario, how: How, at: number, after: string[]): Promise<string | undefined> {
  const { world, stack } = await prepare(scenario);
  try {
    const strangers = await foreign(world);
    const run = stack.start("up", ["--yes", "--skip-preview"]);
    let count = -1;
    let hit: string | undefined;
    let isOver = false;
    const kill = (): true => {
      isOver = true;
      killTree(run.pid);
      return true;
    };
    world.lab.faults.watch = (system, call, moment: Moment) => {
      if (isOver || !isWrite(system, call)) return false;
      if (moment === "done") {
        if (hit !== `${system} ${call}`) return false;
        if (how === "killed after") return kill();
        isOver = how === "unanswered";
        return isOver;
      }
      count++;
      if (count !== at) return false;
      hit = `${system} ${call}`;
      if (how === "killed before") return kill();
      if (how === "killed while") return !kill();
      isOver = how === "dropped" || how === "refused";
      return how === "refused" ? 503 : isOver;
    };
    await run.done;
    world.lab.faults.watch = undefined;
    if (hit === undefined) return undefined;
    // What the systems were doing for the one that was killed goes on.
    await Promise.all(
      [...world.lab.proxmox.values()].map(({ cluster }) =>
        Promise.all([...cluster.tasks.all.values()].map(({ done }) => done.catch(() => {}))),
      ),
    );
    stack.clearDeadLocks();
    await scenario.between(world);
    const second = await stack.up();
    expect(second.errors).toEqual([]);
    expect(second.code, second.output).toBe(0);
    const held = await holdings(world);
    const lost = after.filter((line) => !held.includes(line)).map((line) => `- ${line}`);
    const more = held.filter((line) => !after.includes(line)).map((line) => `+ ${line}`);
    expect([...lost, ...more].join(", "), `after ${hit}`).toBe("");
    expect(held.length, "nothing doubled").toBe(after.length);
    expect(await foreign(world), "what is not ours").toBe(strangers);
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(again.steps.map(({ op, name }) => `${op} ${name}`)).toEqual([]);
    return hit;
  } finally {
    await world.close();
  }
}
