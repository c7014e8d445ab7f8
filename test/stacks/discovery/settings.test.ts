import { describe, expect, it } from "vitest";
import { chosenClusters, discoverySchema, isChosen } from "../../../stacks/discovery/settings";
import { milliseconds } from "../../../stacks/duration";

const guest = { vmid: 150, type: "qemu" as const, node: "pve1", name: "web01", pool: "web", tags: ["prod"] };

describe("discovery's filters", () => {
  it.each([
    [{}, true],
    [{ nodes: ["pve*"], pools: ["web"], tags: ["prod"], names: ["WEB*"], vmids: ["100-199"] }, true],
    [{ vmids: [149, "151-160"] }, false],
    [{ nodes: ["pve"] }, false],
    [{ names: ["web.*"] }, false],
    [{ pools: ["db"] }, false],
    [{ tags: ["test"] }, false],
    [{ syncVms: false }, false],
    [{ syncContainers: false }, true],
  ])("%j: %s", (chosen, passes) => expect(isChosen(chosen, guest)).toBe(passes));

  it("don't choose what has no pool by its pool", () => {
    expect(isChosen({ pools: ["*"] }, { ...guest, pool: undefined })).toBe(false);
  });
});

describe("discovery's clusters", () => {
  it("are all, or those that are named, each with its own choices before the general ones", () => {
    const all = discoverySchema.parse({ readOnly: true });
    expect([...chosenClusters(all, ["a", "b"]).keys()]).toEqual(["a", "b"]);
    const named = discoverySchema.parse({ readOnly: true, tags: ["x"], clusters: { b: { readOnly: false } } });
    expect([...chosenClusters(named, ["a", "b"])]).toMatchObject([
      ["b", { readOnly: false, tags: ["x"], syncVms: true }],
    ]);
  });
});

describe("a span of time", () => {
  it.each([
    ["0m", 0],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
  ])("%s", (text, span) => expect(milliseconds(text)).toBe(span));
});
