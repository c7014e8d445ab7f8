import { describe, expect, it } from "vitest";
import { type CapacityFacts, type CapacityGuest, capacityOf, capacityWarnings } from "../../../stacks/plan/capacity";

const guest = (vmid: number, node: string, memory: number, more: Partial<CapacityGuest> = {}): CapacityGuest => ({
  ...{ vmid, node, memory, runs: true, cores: 2, disks: [] },
  ...more,
});
const nodes = (...memories: number[]) => memories.map((memory, n) => ({ node: "abc"[n] ?? "", memory, cpus: 8 }));
const facts = (more: Partial<CapacityFacts>): CapacityFacts => ({
  ...{ cluster: "pve", nodes: [], storages: [], before: [], after: [] },
  ...more,
});
const memoryOf = (of: CapacityFacts) =>
  capacityOf(of)
    .filter(({ kind }) => kind === "node memory")
    .map(({ name, before, after, warning }) => [name, before, after, warning]);

describe("what a plan leaves", () => {
  it("is counted by the guests that run, before and after", () => {
    const before = [guest(1, "a", 1000), guest(2, "a", 500, { runs: false }), guest(3, "b", 700)];
    const after = [guest(1, "b", 2000), guest(2, "a", 500), guest(4, "", 900)];
    const rows = capacityOf(facts({ nodes: nodes(8000, 8000), before, after }));
    expect(
      rows.map(({ kind, name, unit, total, before: was, after: is }) => [kind, name, unit, total, was, is]),
    ).toEqual([
      ["node memory", "a", "MiB", 8000, 1000, 500],
      ["node memory", "b", "MiB", 8000, 700, 2000],
      ["node CPU", "a", "cores", 8, 2, 2],
      ["node CPU", "b", "cores", 8, 2, 2],
    ]);
    expect(capacityWarnings(rows)).toEqual([]);
  });

  it("warns where a node could not fail any more, with what would fit nowhere", () => {
    const before = [guest(1, "a", 3000), guest(2, "b", 3000)];
    const after = [...before, guest(3, "a", 2000)];
    const of = facts({ nodes: nodes(8000, 4000), before, after });
    expect(memoryOf(of)).toEqual([
      ["a", 3000, 5000, "were it to fail, 5000 MiB of its guests' memory would fit on no other node"],
      ["b", 3000, 3000, undefined],
    ]);
    expect(capacityWarnings(capacityOf(of))).toEqual([
      "pve, node a: were it to fail, 5000 MiB of its guests' memory would fit on no other node.",
    ]);
    // It was so before: the row says it, and no run is warned of it.
    const same = capacityOf({ ...of, before: after });
    expect(same[0]?.warning).toBeDefined();
    expect(capacityWarnings(same)).toEqual([]);
  });

  it("lets the guests of a failing node go to several others, and knows no other of a node that is alone", () => {
    const after = [guest(1, "a", 3000), guest(2, "a", 3000), guest(3, "b", 1000), guest(4, "c", 1000)];
    expect(memoryOf(facts({ nodes: nodes(8000, 4000, 4000), after })).map(([, , , warning]) => warning)).toEqual([
      ...[undefined, undefined, undefined],
    ]);
    // Together they would fit, each of them does not.
    const large = [guest(1, "a", 6000), guest(3, "b", 1000), guest(4, "c", 1000)];
    expect(memoryOf(facts({ nodes: nodes(8000, 4000, 4000), after: large }))[0]?.[3]).toMatch(/6000 MiB/);
    expect(memoryOf(facts({ nodes: nodes(8000), after: [guest(1, "a", 7000)] }))[0]?.[3]).toBeUndefined();
    expect(memoryOf(facts({ nodes: nodes(8000), after: [guest(1, "a", 9000)] }))[0]?.[3]).toBe(
      "its guests have 9000 MiB, and it has 8000",
    );
  });

  it("counts a shared storage once, and one of each node by itself", () => {
    const storage = (node: string, name: string, shared: boolean, used: number) => ({
      ...{ node, storage: name, shared, total: 100, used },
    });
    const storages = [
      ...[storage("a", "ceph", true, 40), storage("b", "ceph", true, 40)],
      ...[storage("a", "local", false, 10), storage("b", "local", false, 95.55)],
    ];
    const disk = (name: string, size: number) => ({ disks: [{ storage: name, size }] });
    const before = [guest(1, "a", 0, disk("ceph", 8)), guest(2, "a", 0, disk("ceph", 16))];
    const after = [
      ...[guest(1, "a", 0, disk("ceph", 20)), guest(3, "b", 0, disk("local", 8))],
      guest(4, "a", 0, disk("ceph", 90)),
    ];
    const rows = capacityOf(facts({ storages, before, after }));
    expect(rows.map(({ name, before: was, after: is, warning }) => [name, was, is, warning])).toEqual([
      ["ceph", 40, 126, "its disks may take 126 GiB, and it has 100"],
      ["a/local", 10, 10, undefined],
      ["b/local", 95.6, 103.6, "its disks may take 103.6 GiB, and it has 100"],
    ]);
    expect(capacityWarnings(rows)).toHaveLength(2);
    // Thin disks that hold nothing yet.
    const thin = [guest(1, "a", 0, disk("ceph", 150))];
    expect(capacityOf(facts({ storages: storages.slice(0, 1), before: thin, after: thin }))[0]?.warning).toBe(
      "the disks of this stack's guests may grow to 150 GiB, and it has 100",
    );
  });
});
