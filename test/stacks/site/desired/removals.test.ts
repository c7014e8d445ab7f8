import { describe, expect, it } from "vitest";
import { allowedOf } from "../../../../providers/missing";
import { virtualMachine } from "../../../../providers/netbox/schemas";
import { readSettings } from "../../../../stacks/settings";
import { judge, type Undeclared } from "../../../../stacks/site/desired/removals";

const settings = readSettings(
  { get: (key) => (key === "site" ? '{"maxRemovals":2,"scope":{"tags":["prod"]}}' : undefined) },
  [],
);
if ("problems" in settings) throw new Error("the settings are meant to be valid");
const { site } = settings.value;

const guest = (netboxId: number): Undeclared => ({
  netboxId,
  name: `g${netboxId}`,
  cluster: "pve",
  vmid: 100 + netboxId,
  type: "qemu",
  netboxUrl: "https://nb",
});
const vm = (id: number, status: string, cluster = "pve", tags: string[] = ["prod"]) =>
  virtualMachine.parse({
    id,
    name: `g${id}`,
    status: { value: status },
    cluster: { id: 1, name: cluster },
    platform: null,
    vcpus: null,
    memory: null,
    description: "",
    comments: "",
    tags: tags.map((slug) => ({ slug })),
    primary_ip4: null,
    primary_ip6: null,
    local_context_data: null,
    custom_fields: {},
  });

const deletion = {
  isDeletion: true,
  objectType: "",
  objectId: 2,
  user: "alice",
  time: "2026-11-24 09:30",
  tagNames: [],
  customFields: new Map(),
};

describe("a built guest that is not declared", () => {
  it("goes only when NetBox says decommissioning, or who deleted it", () => {
    const decision = judge(
      [guest(1), guest(2)],
      new Map([
        [1, { guest: vm(1, "decommissioning") }],
        [2, { deletion }],
      ]),
      { inScope: 5, site },
    );
    expect(decision.removals.map(({ netboxId, reason }) => `${netboxId} ${reason}`)).toEqual([
      "1 decommissioning",
      "2 deleted in NetBox by alice on 2026-11-24 09:30",
    ]);
    expect(decision.refusals).toEqual([]);
  });

  it("stays when NetBox doesn't show it and nobody is known to have deleted it, unless that is meant", () => {
    const unexplained = (changes: object) =>
      judge([guest(1), guest(2)], new Map([[1, {}]]), { inScope: 5, site: { ...site, ...changes } });
    expect(unexplained({}).removals).toEqual([]);
    expect(unexplained({}).refusals).toEqual([
      expect.stringMatching(
        /^g1 \(https:\/\/nb\/virtualization\/virtual-machines\/1\/, VMID 101 on pve\), g2 .* are not in NetBox any more, .* restored from a back-up/,
      ),
    ]);
    expect(unexplained({ missing: "remove" })).toMatchObject({
      refusals: [],
      removals: [{ name: "g1" }, { name: "g2" }],
    });
  });

  const judged = (found: ReturnType<typeof vm>) =>
    judge([guest(1)], new Map([[1, { guest: found }]]), { inScope: 5, site });

  it.each([
    [vm(1, "planned"), /is planned in NetBox, but was built already/],
    [vm(1, "active", "other"), /was moved to cluster other/],
    [vm(1, "active", "pve", []), /has left the scope of this stack \(tag prod\)/],
  ])("is left out in any other case", (found, words) => {
    const { removals, left, refusals } = judged(found);
    expect([...removals, ...refusals]).toEqual([]);
    expect(left).toMatchObject([{ guests: [1], text: expect.stringMatching(words) }]);
    expect(left[0]?.text).toContain("https://nb/virtualization/virtual-machines/1/");
  });

  it("stops the run when NetBox has it, and its list lacks it", () => {
    const { removals, left, refusals } = judged(vm(1, "active"));
    expect([removals, left]).toEqual([[], []]);
    expect(refusals.join()).toMatch(/virtual-machines\/1\/.* was missing from its list: run again/);
  });

  it("stops the run when NetBox shows nothing at all", () => {
    const gone = (ids: number[]) => new Map(ids.map((id) => [id, { deletion }]));
    expect(judge([guest(1)], gone([1]), { inScope: 0, site }).refusals.join()).toMatch(/shows no guest at all/);
  });

  it("counts by number or percentage", () => {
    expect(allowedOf(5, 1000)).toBe(5);
    expect(allowedOf("10%", 95)).toBe(10);
    expect(allowedOf("0%", 95)).toBe(0);
  });
});
