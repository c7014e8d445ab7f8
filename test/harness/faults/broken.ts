import { expect } from "vitest";
import { killTree } from "../../../cli/processes";
import type { WatchedCall } from "../../../lab/faults";
import type { TestSystems } from "../systems";
import { compare, foreign, given, holdings, untouched } from "./expected";
import { befall, type Prepared, prepare, type Scenario } from "./scenario";
import { type Failure, type Fate, isWrite, type Kill, Numbered } from "./ways";

// One run of the demo's guests that is broken, then run again. What the systems hold decides.

/** A run that nothing broke: its writes, the tasks among them, and what the systems hold after it. */
export interface Unbroken {
  writes: string[];
  tasks: string[];
  /** The guests that a write may be about. */
  guests: string[];
  after: string[];
}

const upArgs = ["--yes", "--skip-preview"];
const clusters = (systems: TestSystems) => [...systems.lab.proxmox.values()].map(({ cluster }) => cluster);

export async function unbroken(scenario: Scenario): Promise<Unbroken> {
  const { systems, stack } = await prepare(scenario);
  try {
    const writes = new Numbered();
    const tasks = new Numbered();
    systems.lab.faults.watch = ({ system, call }, moment) => {
      if (moment === "arrived" && isWrite(system, call)) writes.next(`${system} ${call}`);
      return undefined;
    };
    for (const cluster of clusters(systems))
      cluster.tasks.outcome = (type, id) => {
        tasks.next(`${type} ${id}`);
        return undefined;
      };
    expect((await stack.up()).errors).toEqual([]);
    const guests = (await systems.ourGuests()).map(({ name }) => name);
    return { writes: writes.all, tasks: tasks.all, guests, after: await holdings(systems) };
  } finally {
    await systems.close();
  }
}

/** What the systems hold where everything went well and one guest was decommissioned afterwards. */
export async function without(scenario: Scenario, guest: string): Promise<string[]> {
  const { systems, stack } = await prepare(scenario);
  try {
    expect((await stack.up()).errors).toEqual([]);
    await befall(systems, guest, "decommissioned");
    expect((await stack.up()).errors).toEqual([]);
    return await holdings(systems);
  } finally {
    await systems.close();
  }
}

/** How a broken run is judged. */
export interface Judgement {
  fate: Fate;
  /** Whose fate it is, where the write itself tells of none of these guests. */
  guest: string;
  guests: string[];
  wanted: (fate: Fate, guest: string) => Promise<string[]>;
  /** Does a preview with refresh have to find nothing? */
  thorough: boolean;
}

/** Kills the run at one write, runs again, and compares. @returns whether it came to that write */
export async function killed(scenario: Scenario, how: Kill, target: string, judgement: Judgement): Promise<boolean> {
  const { systems, stack } = await prepare(scenario);
  try {
    const named = await namesOf(systems);
    const strangers = await foreign(systems);
    const run = stack.start("up", upArgs);
    const writes = new Numbered();
    let hit: WatchedCall | undefined;
    let isOver = false;
    const kill = () => {
      isOver = true;
      killTree(run.pid);
    };
    systems.lab.faults.watch = (call, moment) => {
      if (isOver || !isWrite(call.system, call.call)) return undefined;
      if (moment === "done") {
        if (hit?.n !== call.n) return undefined;
        kill();
        return "drop";
      }
      if (writes.next(`${call.system} ${call.call}`) !== target) return undefined;
      hit = call;
      if (how === "killed after") return undefined;
      kill();
      return how === "killed before" ? "drop" : undefined;
    };
    await run.done;
    systems.lab.faults.watch = undefined;
    if (hit === undefined) return false;
    const about = named(`${hit.call} ${hit.body}`);
    const guest = about !== undefined && judgement.guests.includes(about) ? about : judgement.guest;
    await judge({ systems, stack }, { ...judgement, guest }, strangers, `${how}: ${target}`);
    return true;
  } finally {
    await systems.close();
  }
}

const isOfTasks = (how: Failure): boolean => how === "task fails" || how === "task never starts";

/** Breaks the run at many writes or tasks, runs again, and compares. @returns those that it came to */
export async function failed(
  scenario: Scenario,
  how: Failure,
  targets: string[],
  judgement: Judgement,
): Promise<string[]> {
  const { systems, stack } = await prepare(scenario);
  try {
    const strangers = await foreign(systems);
    const hits: string[] = [];
    const broken = new Set<number>();
    const [writes, tasks] = [new Numbered(), new Numbered()];
    const isTarget = (name: string) => targets.includes(name) && hits.push(name) > 0;
    const atOnce = { dropped: "drop", refused: 503 } as const;
    const afterwards = { unanswered: "drop", "times out": "hold" } as const;
    systems.lab.faults.watch = ({ n, system, call }, moment) => {
      if (isOfTasks(how) || !isWrite(system, call)) return undefined;
      if (moment === "done") return broken.has(n) && how in afterwards ? afterwards[how as "unanswered"] : undefined;
      if (!isTarget(writes.next(`${system} ${call}`))) return undefined;
      broken.add(n);
      return how in atOnce ? atOnce[how as "dropped"] : undefined;
    };
    for (const { tasks: of } of clusters(systems))
      if (how === "task fails")
        of.outcome = (type, id) =>
          isTarget(tasks.next(`${type} ${id}`)) ? { fails: "no space left on device" } : undefined;
      else if (how === "task never starts") of.loses = (type, id) => isTarget(tasks.next(`${type} ${id}`));
    const run = await stack.up();
    if (how === "task never starts") expect(run.errors, `${how}: ${hits.join(", ")}`).toEqual([]);
    systems.lab.set({ setup: "clear" });
    systems.lab.faults.watch = undefined;
    if (hits.length > 0) await judge({ systems, stack }, judgement, strangers, `${how}: ${hits.join(", ")}`);
    return hits;
  } finally {
    await systems.close();
  }
}

/** Which guest a call is about, by the ids and names in it. */
async function namesOf(systems: TestSystems): Promise<(text: string) => string | undefined> {
  const { clients } = systems;
  const machines = await clients.all<{ id: number; name: string }>("virtualization/virtual-machines");
  const interfaces = await clients.all<{ id: number; virtual_machine: { name: string } }>("virtualization/interfaces");
  return (text) => {
    const vmid = Number(/\/(?:qemu|lxc)\/(1\d{5}|250)\b|\bnewid=(\d+)|\bvmid=(\d+)/.exec(text)?.slice(1).find(Boolean));
    const machineId = Number(/virtual-machines\/(\d+)\//.exec(text)?.[1]);
    const interfaceId = Number(/"assigned_object_id":(\d+)/.exec(text)?.[1]);
    return (
      machines.find(({ id }) => id === vmid - 100_000 || id === machineId)?.name ??
      interfaces.find(({ id }) => id === interfaceId)?.virtual_machine.name ??
      machines.find(({ name }) => new RegExp(`\\b${name}\\.lab\\.example`).test(text))?.name
    );
  };
}

/** What there has to be where so many addresses fewer are left, and one object more. */
function besides(wanted: string[], gone: number, kept: string | undefined): string[] {
  const counted = wanted.map((line) =>
    line.replace(/^addresses (\d+)$/, (_, count) => `addresses ${Number(count) - gone}`),
  );
  return [...counted, ...(kept === undefined ? [] : [kept])].sort();
}

/** Lets fate have its way with one guest, runs again, and looks at all three systems. */
async function judge(
  { systems, stack }: Prepared,
  { fate, guest, wanted, thorough }: Judgement,
  strangers: string,
  what: string,
): Promise<void> {
  // What the systems were doing for the one that was killed goes on.
  await Promise.all(
    clusters(systems).flatMap(({ tasks }) => [...tasks.all.values()].map(({ done }) => done.catch(() => {}))),
  );
  stack.clearDeadLocks();
  const was = `${what}, then ${guest} ${fate}`;
  const gone = fate === "deleted" ? await given(systems, guest) : 0;
  const back = await befall(systems, guest, fate);
  if (back !== undefined) {
    const before = await holdings(systems);
    const out = await stack.up();
    // A guest that has the mark and left the scope is nobody's to take away; one that was not made yet is only not made.
    if (out.code !== 0) {
      expect(out.output.replace(/\s+/g, " "), was).toMatch(
        new RegExp(`${guest} \\(\\S+ VM \\d+ on pve-lab\\) has left the scope`),
      );
      compare(await holdings(systems), before, `${was}, refused`);
    }
    await back();
  }
  const kept = fate === "decommissioned" ? await untouched(systems, guest) : undefined;
  const second = await stack.up();
  expect(second.errors.join("; "), was).toBe("");
  expect(second.code, second.output).toBe(0);
  compare(await holdings(systems), besides(await wanted(fate, guest), gone, kept), was);
  expect(await foreign(systems), "what is not ours").toBe(strangers);
  if (!thorough) return;
  const again = await stack.preview("--refresh", "--expect-no-changes");
  expect(again.steps.map(({ op, name }) => `${op} ${name}`).join(", "), was).toBe("");
}
