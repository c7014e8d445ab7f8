import { describe, expect, it } from "vitest";
import { type Allowance, allowedOf, GoneGuard } from "../../providers/gone";

/** What became of each of so many that are gone at once. */
async function outcomes(guard: GoneGuard, kind: string, count: number): Promise<string[]> {
  const all = Array.from({ length: count }, (_, n) => {
    guard.looked(kind);
    return guard.report(kind, `${kind}/${n}`).then(
      () => "gone",
      (error: Error) => error.message,
    );
  });
  return Promise.all(all);
}

describe("resources that are gone", () => {
  it("are so where they are few, each kind by itself", async () => {
    const guard = new GoneGuard(() => 2);
    expect(await Promise.all([outcomes(guard, "vm", 2), outcomes(guard, "ip", 2)])).toEqual([
      ["gone", "gone"],
      ["gone", "gone"],
    ]);
  });

  it("are not where they are too many, at once or one after another", async () => {
    const guard = new GoneGuard(() => 2);
    const all = await outcomes(guard, "vm", 3);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatch(
      /^3 resources of the kind vm are gone at once \(vm\/0, vm\/1, vm\/2\), and 2 are allowed: was a/,
    );
    expect(await outcomes(guard, "vm", 1)).toEqual(["gone"]);
    expect((await outcomes(guard, "vm", 2))[0]).toMatch(/^3 resources/);
  });

  it("may be a percentage of those that are looked at", async () => {
    const guard = new GoneGuard(() => "50%");
    for (let n = 0; n < 2; n++) guard.looked("vm");
    expect(await outcomes(guard, "vm", 2)).toEqual(["gone", "gone"]);
    const limits: [Allowance, number, number][] = [
      [5, 100, 5],
      ["10%", 95, 10],
      ["0%", 9, 0],
    ];
    for (const [allowed, all, limit] of limits) expect(allowedOf(allowed, all)).toBe(limit);
  });
});
