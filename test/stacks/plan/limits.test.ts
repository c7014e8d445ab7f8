import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { describe, expect, it } from "vitest";
import { type Change, type Effect, effects } from "../../../stacks/plan/change";
import { judgeLimits, limitOf, limitsSchema } from "../../../stacks/plan/limits";

const change = (n: number, ...all: Effect[]): Change => ({
  object: "VM",
  name: `g${n}`,
  url: `https://nb/${n}/`,
  system: "Proxmox VE",
  action: "update",
  fields: [],
  effects: all,
});
const many = (count: number, ...all: Effect[]) => Array.from({ length: count }, (_, n) => change(n + 1, ...all));
const usual = { maxRemovals: 5, limits: {} };
const totals = { guests: 100, addresses: 300, names: 30 };

describe("limits of a plan", () => {
  it("are maxRemovals for what takes away, and a tenth of the guests, at least five, for the rest", () => {
    const of = (effect: Effect, all = totals) => limitOf(effect, usual, all);
    expect(Object.fromEntries(effects.map((effect) => [effect, of(effect)]))).toEqual({
      removes: 5,
      rebuilds: 5,
      renumbers: 5,
      releases: 5,
      removesNames: 5,
      stops: 10,
      restarts: 10,
      migrates: 10,
      detaches: 10,
      moves: 10,
    });
    expect(of("stops", { ...totals, guests: 12 })).toBe(5);
    const share = { maxRemovals: "10%", limits: {} };
    expect(limitOf("releases", share, totals)).toBe(30);
    expect(limitOf("removesNames", share, totals)).toBe(3);
    expect(limitOf("removes", share, totals)).toBe(10);
    expect(Object.keys(limitsSchema.shape)).toEqual([...effects]);
  });

  it.each(effects)(
    "of %s stop a run with its objects, the count, the limit and the setting; `all` lifts it",
    (effect) => {
      const allowed = limitOf(effect, usual, totals);
      expect(judgeLimits(many(allowed, effect), usual, totals)).toEqual([]);
      const [said = "", ...others] = judgeLimits(many(allowed + 10, effect), usual, totals);
      expect(others).toEqual([]);
      expect(said).toMatch(
        new RegExp(`^${allowed + 10} .* and ${allowed} are allowed at once: g1 \\(https://nb/1/\\), g2 `),
      );
      expect(said).toMatch(
        new RegExp(`and ${allowed - 2} more\\. If that is meant, set .*site\\.limits\\.${effect} to`),
      );
      for (const lifted of ["all", "100%", allowed + 10] as const)
        expect(judgeLimits(many(allowed + 10, effect), { ...usual, limits: { [effect]: lifted } }, totals)).toEqual([]);
      expect(judgeLimits(many(1, effect), { ...usual, limits: { [effect]: 0 } }, totals)[0]).toMatch(/^1 \w+ .* 0 are/);
    },
  );

  it("are none where a change looks like a lost custom field, unless the limit itself is set", () => {
    const doubts = [{ effect: "releases" as const, why: "NetBox has no field x", explains: () => true }];
    expect(judgeLimits(many(1, "releases"), usual, totals, doubts)).toEqual([
      "1 address of a guest that stays would be released, and 0 are allowed at once, since NetBox has no field x: g1 (https://nb/1/). If that is meant, set netbox-proxmox:site.limits.releases to 1 for this run.",
    ]);
    expect(judgeLimits(many(1, "stops"), usual, totals, doubts)).toEqual([]);
    expect(judgeLimits(many(1, "releases"), { ...usual, limits: { releases: 1 } }, totals, doubts)).toEqual([]);
  });

  it("never let through with more changes, or lower limits, what they stopped", () => {
    const any = fc.array(fc.subarray([...effects]), { maxLength: 40 });
    fc.assert(
      fc.property(any, any, fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), (some, more, a, b) => {
        const changes = some.map((all, n) => change(n, ...all));
        const refused = judgeLimits(changes, { maxRemovals: Math.max(a, b), limits: {} }, totals).length;
        const both = [...changes, ...more.map((all, n) => change(n, ...all))];
        expect(judgeLimits(both, { maxRemovals: Math.max(a, b), limits: {} }, totals).length).toBeGreaterThanOrEqual(
          refused,
        );
        const tighter = { maxRemovals: Math.min(a, b), limits: {} };
        expect(judgeLimits(changes, tighter, totals).length).toBeGreaterThanOrEqual(refused);
      }),
    );
  });
});
