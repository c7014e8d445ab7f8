import { groupBy } from "../../providers/values";
import type { CapacityRow } from "./report";

// What a plan leaves on nodes and storages. Memory and CPUs are counted as guests that run are configured with them, not as they
// use them: the same in a plan and in the run after it.

/** A node that answers. */
export interface CapacityNode {
  node: string;
  /** MiB. */
  memory: number;
  /** Undefined where Proxmox VE doesn't say. */
  cpus: number | undefined;
}

/** A storage that can hold guests' disks, once for each of its nodes. */
export interface CapacityStorage {
  node: string;
  storage: string;
  shared: boolean;
  /** GiB. */
  total: number;
  used: number;
}

/** A guest before or after the plan. */
export interface CapacityGuest {
  vmid: number;
  /** Empty where Proxmox VE chooses it. */
  node: string;
  runs: boolean;
  /** MiB. */
  memory: number;
  cores: number;
  /** GiB by disk; none of guests that nobody knows the disks of: they are in what the storage says is used. */
  disks?: { storage: string; size: number }[];
}

export interface CapacityFacts {
  cluster: string;
  nodes: CapacityNode[];
  storages: CapacityStorage[];
  before: CapacityGuest[];
  after: CapacityGuest[];
}

/** The rows of a cluster: its nodes' memory and CPUs, and its storages. */
export function capacityOf(facts: CapacityFacts): CapacityRow[] {
  return [...memoryRows(facts), ...cpuRows(facts), ...storageRows(facts)];
}

/** Sentences of what the plan makes worse than it was. */
export const capacityWarnings = (rows: CapacityRow[]): string[] =>
  rows.flatMap(({ kind, cluster, name, warning, before, after }) =>
    warning === undefined || after <= before
      ? []
      : [`${cluster}, ${kind === "storage" ? "storage" : "node"} ${name}: ${warning}.`],
  );

const sum = (numbers: number[]): number => numbers.reduce((all, each) => all + each, 0);
const on = (guests: CapacityGuest[], node: string): CapacityGuest[] =>
  guests.filter((guest) => guest.runs && guest.node === node);

function memoryRows({ cluster, nodes, before, after }: CapacityFacts): CapacityRow[] {
  return nodes.map(({ node: name, memory: total }): CapacityRow => {
    const [then, now] = [before, after].map((guests) => sum(on(guests, name).map(({ memory }) => memory)));
    const row = { kind: "node memory" as const, cluster, name, unit: "MiB" as const, total };
    const problem =
      (now ?? 0) > total ? `its guests have ${now} MiB, and it has ${total}` : failureProblem(name, nodes, after);
    return { ...row, before: then ?? 0, after: now ?? 0, ...(problem === undefined ? {} : { warning: problem }) };
  });
}

/** Why the guests of a node would not fit on the others, were it to fail; undefined where they would, or where there is no other. */
function failureProblem(failing: string, nodes: CapacityNode[], guests: CapacityGuest[]): string | undefined {
  const others = nodes.filter(({ node }) => node !== failing);
  if (others.length === 0) return undefined;
  const free = others.map(({ node, memory }) => memory - sum(on(guests, node).map((guest) => guest.memory)));
  const homeless = on(guests, failing).sort((a, b) => b.memory - a.memory);
  let left = 0;
  // The largest first, each to where most is free: what has no place so has none, or hardly any.
  for (const { memory } of homeless) {
    const best = free.indexOf(Math.max(...free));
    const room = free[best] ?? 0;
    if (memory <= room) free[best] = room - memory;
    else left += memory;
  }
  return left === 0 ? undefined : `were it to fail, ${left} MiB of its guests' memory would fit on no other node`;
}

function cpuRows({ cluster, nodes, before, after }: CapacityFacts): CapacityRow[] {
  return nodes.flatMap(({ node: name, cpus: total }): CapacityRow[] => {
    if (total === undefined) return [];
    const [then = 0, now = 0] = [before, after].map((guests) => sum(on(guests, name).map(({ cores }) => cores)));
    return [{ kind: "node CPU", cluster, name, unit: "cores", total, before: then, after: now }];
  });
}

function storageRows({ cluster, storages, before, after }: CapacityFacts): CapacityRow[] {
  const places = groupBy(storages, ({ node, storage, shared }) => (shared ? storage : `${node}/${storage}`));
  return [...places].flatMap(([name, [first]]): CapacityRow[] => {
    if (first === undefined) return [];
    const { node, storage, shared, total, used } = first;
    const allocated = (guests: CapacityGuest[]) =>
      sum(
        guests
          .filter((guest) => shared || guest.node === node)
          .flatMap(({ disks = [] }) => disks.flatMap((disk) => (disk.storage === storage ? [disk.size] : []))),
      );
    const [then, now] = [allocated(before), allocated(after)];
    // A disk that is made may be filled, and one that goes is counted as if it had been.
    const next = Math.max(0, used + now - then);
    const row = { kind: "storage" as const, cluster, name, unit: "GiB" as const, total: rounded(total) };
    const warning =
      next > total
        ? `its disks may take ${rounded(next)} GiB, and it has ${rounded(total)}`
        : now > total
          ? `the disks of this stack's guests may grow to ${rounded(now)} GiB, and it has ${rounded(total)}`
          : undefined;
    return [{ ...row, before: rounded(used), after: rounded(next), ...(warning === undefined ? {} : { warning }) }];
  });
}

const rounded = (gibibytes: number): number => Math.round(gibibytes * 10) / 10;
