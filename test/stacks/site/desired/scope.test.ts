import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInScope, type OtherStack, overlaps, printScope, type Scoped } from "../../../../stacks/site/desired/scope";
import { splitGuests, stackNames } from "../../../../stacks/site/desired/split";

const guest = (fields: Partial<Scoped> = {}): Scoped => ({
  id: 1,
  name: "web01",
  clusterName: "pve",
  site: "ber",
  tenant: "acme",
  tags: ["web"],
  ...fields,
});

describe("a scope", () => {
  it.each([
    [{}, true],
    [{ clusters: ["pve", "other"] }, true],
    [{ clusters: ["other"] }, false],
    [{ sites: ["ber"], tenants: ["acme"] }, true],
    [{ sites: ["ber"], tenants: ["other"] }, false],
    [{ tags: ["db", "web"] }, true],
    [{ tags: ["db"] }, false],
  ])("%j holds a guest: %s", (scope, expected) => {
    expect(isInScope(guest(), scope)).toBe(expected);
  });

  it("of sites or tenants holds no guest without one", () => {
    expect(isInScope(guest({ site: undefined }), { sites: ["ber"] })).toBe(false);
    expect(isInScope(guest({ tenant: undefined }), { tenants: ["acme"] })).toBe(false);
  });

  it("is told in words", () => {
    expect(printScope({ sites: ["ber", "muc"], tags: ["web"] })).toBe("site ber or muc and tag web");
  });
});

describe("two stacks", () => {
  const otherStack = (fields: Partial<OtherStack> = {}): OtherStack => ({
    stack: "other",
    file: "Pulumi.other.yaml",
    netboxUrl: "https://nb",
    clusters: ["pve"],
    scope: {},
    ...fields,
  });

  it("of one guest are told with its name, its page and the other's scope", () => {
    expect(overlaps([guest()], "https://nb", [otherStack({ scope: { tags: ["web"] } })])).toEqual([
      "web01 (https://nb/virtualization/virtual-machines/1/) is in the scope of stack other (Pulumi.other.yaml: tag web), too: narrow netbox-proxmox:site.scope of one of the two, or remove that file if the stack is no more",
    ]);
  });

  it("of which one names no NetBox may share it", () => {
    const [problem] = overlaps([guest()], "https://nb", [otherStack({ netboxUrl: undefined })]);
    expect(problem).toContain("every guest of its clusters");
  });

  it.each<[string, Partial<OtherStack>]>([
    ["another NetBox", { netboxUrl: "https://nb2" }],
    ["another cluster", { clusters: ["pve2"] }],
    ["another site", { scope: { sites: ["muc"] } }],
  ])("of %s share nothing", (_what, fields) => {
    expect(overlaps([guest()], "https://nb", [otherStack(fields)])).toEqual([]);
  });

  it("with many guests in common are told with some of them", () => {
    const many = Array.from({ length: 30 }, (_, id) => guest({ id, name: `g${id}` }));
    expect(overlaps(many, "https://nb", [otherStack()])[0]).toMatch(/g11 \(\S+\) and 18 more are in the scope/);
  });
});

const optional = <T>(values: T[]) => fc.constantFrom(undefined, ...values);
const anyGuests = fc
  .array(
    fc.record({
      clusterName: fc.constantFrom("c1", "c2", "c3"),
      site: optional(["ber", "muc", "ham"]),
      tenant: optional(["a", "b"]),
      tags: fc.subarray(["s-1", "s-2", "web"]),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((all) => all.map((fields, id) => guest({ ...fields, id, name: `g${id}` })));

describe("a split", () => {
  it("puts every guest into just one stack, whatever the guests", () => {
    fc.assert(
      fc.property(
        anyGuests,
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(undefined, "clusters" as const, "sites" as const, "tenants" as const, "tags" as const),
        (guests, most, by) => {
          const { parts } = splitGuests(guests, most, { ...(by ? { by } : {}), tagPrefix: "s-" });
          for (const each of guests) expect(parts.filter(({ scope }) => isInScope(each, scope))).toHaveLength(1);
          for (const { scope, guests: count } of parts)
            expect(guests.filter((each) => isInScope(each, scope))).toHaveLength(count);
          expect(new Set(stackNames("prod", parts)).size).toBe(parts.length);
        },
      ),
    );
  });

  it("takes few stacks, divides further what is too large, and says what can't be divided", () => {
    const of = (count: number, fields: Partial<Scoped>, first: number) =>
      Array.from({ length: count }, (_, n) => guest({ ...fields, id: first + n }));
    const guests = [
      ...of(900, { clusterName: "big", site: "ber" }, 1),
      ...of(300, { clusterName: "big", site: "muc" }, 2000),
      ...of(400, { clusterName: "small1" }, 3000),
      ...of(500, { clusterName: "small2" }, 4000),
      ...of(1500, { clusterName: "one", site: "ber", tenant: "acme" }, 5000),
    ];
    const { parts, notes } = splitGuests(guests, 1000, {});
    expect(parts).toEqual([
      { scope: { clusters: ["big"], sites: ["ber"] }, guests: 900 },
      { scope: { clusters: ["big"], sites: ["muc"] }, guests: 300 },
      { scope: { clusters: ["one"] }, guests: 1500 },
      { scope: { clusters: ["small2", "small1"] }, guests: 900 },
    ]);
    expect(notes).toEqual([expect.stringMatching(/^1500 guests can't be divided further/)]);
    expect(stackNames("prod", parts)).toEqual(["prod-big-ber", "prod-big-muc", "prod-one", "prod-4"]);
  });

  it("by what some guests lack says so", () => {
    const { parts, notes } = splitGuests([guest(), guest({ id: 2, tenant: undefined })], 1000, { by: "tenants" });
    expect(parts).toEqual([{ scope: {}, guests: 2 }]);
    expect(notes[0]).toMatch(/^1 of 2 guests have no tenant/);
  });
});
