import { expect } from "vitest";
import { killTree } from "../../../cli/processes";
import { withRefresh } from "../../../cli/run-defaults";
import type { Stack, StackRun } from "../../../tools/stack";
import { seedWith, TestSystems } from "../systems";
import { compare, foreign, holdings } from "./expected";
import { isWrite, leavesLocks } from "./ways";

// One command that is broken, then another one, or the same. What the systems hold decides.

/** Pulumi's commands; refresh and destroy run the program, or work by the state alone (`--run-program=false`). */
const commands = ["up", "refresh", "refresh by state", "destroy", "destroy by state"] as const;
type Command = (typeof commands)[number];

/** What is to be done to a world: `up` from nothing, and with guests to change, remove and add. */
const firsts = ["up from nothing", "up with changes", "refresh", "refresh by state", "destroy", "destroy by state"];
type First = (typeof firsts)[number];

/** Tasks on Proxmox VE fail; what was asked for is done and not answered; the whole process tree is killed; tasks are never started. */
const breaks = ["tasks fail", "answers are lost", "killed", "tasks never start"] as const;
type Break = (typeof breaks)[number];

export interface Pair {
  first: First;
  how: Break;
  second: Command;
  /** Counted from zero: the place in the run at which it is broken. */
  place: number;
}

const isOfTasks = (how: Break): boolean => how.startsWith("tasks ");
const isRefresh = (first: First): boolean => first.startsWith("refresh");
/** The calls of a run that goes well are more than the last of these: writes, or any where it only reads. */
const places = [1, 6, 12];

/** Each of the places with each break of each command. A refresh starts no task. */
export const pairs: Pair[] = firsts.flatMap((first, f) =>
  breaks
    .filter((how) => !isRefresh(first) || !isOfTasks(how))
    .flatMap((how, h) =>
      commands.map((second, s) => ({ first, how, second, place: places[(f + h + s) % places.length] ?? 1 })),
    ),
);

export const titleOf = ({ first, how, place, second }: Pair): string =>
  `${first}: ${how} from call ${place} on; then ${second}`;

/** With an address that is allocated, with one that a person gave, and a container; one that goes and one that comes. */
const seed = () =>
  seedWith(`
- name: one
  interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: 10.71.0.0/24 } }]
- name: two
  interfaces: [{ name: net0, vlan: 71, addresses: [10.71.0.90/24] }]
- name: three
  vcpus: 1
  memory: 512
  role: Proxmox LXC
  disks: [{ name: rootfs, size: 4096 }]
  interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: 10.71.0.0/24 } }]
  customFields:
    { proxmox_lxc_templates: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", proxmox_vm_storage: ceph }
- name: goes
  interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: 10.71.0.0/24 } }]
- name: comes
  status: planned
  interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: 10.71.0.0/24 } }]
`);

interface World {
  systems: TestSystems;
  stack: Stack;
  /** What is not this stack's. */
  strangers: string;
}

async function open(first: First): Promise<World> {
  const systems = await TestSystems.open(seed(), { clone: 20, start: 10 }, "lab");
  const { netbox, proxmox, bind9 } = systems.config() as Record<"netbox" | "proxmox" | "bind9", object>;
  const patient = (all: object) =>
    Object.fromEntries(Object.entries(all).map(([name, settings]) => [name, { ...settings, requestTimeout: 8 }]));
  const stack = await systems.stack({
    site: { protect: false, maxRemovals: 3 },
    netbox: { ...netbox, requestTimeout: 8 },
    proxmox: patient(proxmox),
    bind9: patient(bind9),
  });
  const strangers = await foreign(systems);
  if (first !== "up from nothing") expect((await stack.up()).errors).toEqual([]);
  const patch = async (name: string, body: object) =>
    systems.clients.netbox("PATCH", `virtualization/virtual-machines/${(await systems.clients.vm(name)).id}/`, body);
  if (first === "up with changes") {
    await patch("one", { memory: 4096, comments: "changed" });
    await patch("goes", { status: "decommissioning" });
    await patch("comes", { status: "active" });
  }
  return { systems, stack, strangers };
}

/** What the systems hold where nothing breaks. */
const unbroken = new Map<boolean, Promise<string[]>>();

function wantedAfter(first: First): Promise<string[]> {
  const changed = first === "up with changes";
  const found = unbroken.get(changed) ?? wanted(changed ? first : "up from nothing");
  unbroken.set(changed, found);
  return found;
}

async function wanted(first: First): Promise<string[]> {
  const { systems, stack } = await open(first);
  try {
    expect((await stack.up()).errors).toEqual([]);
    return await holdings(systems);
  } finally {
    await systems.close();
  }
}

function start(stack: Stack, first: First | Command): ReturnType<Stack["start"]> {
  const [command = "", by] = first.split(" ");
  const args = ["--yes", "--skip-preview", ...(by === "by" ? ["--run-program=false"] : [])];
  return stack.start(command, withRefresh(command, args).args);
}

/** Runs a pair on systems of its own. @throws where the second command fails, or the systems end as they should not */
export async function repeated(pair: Pair): Promise<void> {
  const { first, second } = pair;
  const what = titleOf(pair);
  const world = await open(first);
  const { systems, stack, strangers } = world;
  try {
    const broken = await breaking(world, pair);
    expect(broken.code, `${what}: the first ended well\n${broken.output}`).not.toBe(0);
    await asTold(stack, second, what);
    // What a run that broke made is nothing to the state, which is all that the other goes by.
    if (second === "destroy") await expectNothing(world, what);
    if (second !== "up") await asTold(stack, "up", what);
    compare(await holdings(systems), await wantedAfter(first), what);
    const after = await stack.preview("--refresh", "--expect-no-changes");
    expect(after.errors.join("; "), what).toBe("");
    expect(after.steps.map(({ op, name }) => `${op} ${name}`).join(", "), what).toBe("");
    expect(await foreign(systems), "what is not ours").toBe(strangers);
  } finally {
    await systems.close();
  }
}

/** Runs a command; one that is refused is run again as its text says. */
async function asTold(stack: Stack, command: Command, what: string, mayRunAgain = true): Promise<StackRun> {
  const done = await start(stack, command).done;
  const refusal = done.errors.join(" ").replace(/\s+/g, " ");
  if (/an interrupted run made .* run `up`, .* then `destroy` again/.test(refusal)) {
    expect((await start(stack, "up").done).errors.join("; "), `${what}, up as told`).toBe("");
    return asTold(stack, command, what);
  }
  // What the state forgot may have its address on Proxmox VE only, and another guest has it in NetBox.
  if (mayRunAgain && /run again to take another one/.test(refusal)) return asTold(stack, command, what, false);
  expect(refusal, what).toBe("");
  expect(done.code, `${what}\n${done.output}`).toBe(0);
  return done;
}

async function expectNothing({ systems, stack }: World, what: string): Promise<void> {
  expect(await systems.ourGuests(), what).toEqual([]);
  expect(await systems.newRecords(), what).toEqual([]);
  expect(await systems.ourAddresses(), what).toEqual([]);
  expect(stack.resources(), what).toEqual([]);
}

/** A first command that is broken, and what the wrapper does of it before the next one. */
async function breaking({ systems, stack }: World, { first, how, place }: Pair): Promise<StackRun> {
  const { lab } = systems;
  const clusters = [...lab.proxmox.values()].map(({ cluster }) => cluster);
  let [calls, tasks] = [0, 0];
  const isTurn = () => ++tasks > Math.ceil(place / 6);
  for (const { tasks: of } of clusters)
    if (how === "tasks fail") of.outcome = () => (isTurn() ? { fails: "no space left on device" } : undefined);
    else if (how === "tasks never start") of.loses = (type) => isTurn() && !leavesLocks(type);
  const counted = new Set<number>();
  const { pid, done } = start(stack, first);
  lab.faults.watch = ({ n, system, call }, moment) => {
    if (isOfTasks(how) || !(isRefresh(first) || isWrite(system, call))) return undefined;
    if (moment === "arrived") {
      if (calls++ >= place) counted.add(n);
      return undefined;
    }
    if (!counted.has(n)) return undefined;
    if (how === "killed") killTree(pid);
    return "drop";
  };
  const ended = await done;
  lab.faults.watch = undefined;
  for (const { tasks: of } of clusters) Object.assign(of, { outcome: () => undefined, loses: () => false });
  // What the systems were doing for the one that was killed goes on.
  await Promise.all(clusters.flatMap(({ tasks: of }) => [...of.all.values()].map((task) => task.done.catch(() => {}))));
  await stack.recover();
  return ended;
}
