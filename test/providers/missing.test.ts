import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Allowance, allowedOf, MissingLimit } from "../../providers/missing";

/** What becomes of one that is found to be gone after so many milliseconds. */
const lost = (guard: MissingLimit, kind: string, title: string, milliseconds: number): Promise<string> =>
  guard
    .read(kind, title, () => sleep(milliseconds, undefined))
    .then(
      () => "gone",
      (error: Error) => error.message,
    );

/** What became of each of so many that are gone at once. */
async function outcomes(guard: MissingLimit, kind: string, count: number): Promise<string[]> {
  const all = Array.from({ length: count }, (_, n) => lost(guard, kind, `${kind}/${n}`, 0));
  return Promise.all(all);
}

describe("resources that are gone", () => {
  it("are so where they are few, each kind by itself", async () => {
    const guard = new MissingLimit(() => 2);
    expect(await Promise.all([outcomes(guard, "vm", 2), outcomes(guard, "ip", 2)])).toEqual([
      ["gone", "gone"],
      ["gone", "gone"],
    ]);
  });

  it("are not where they are too many, at once or one after another", async () => {
    const guard = new MissingLimit(() => 2);
    const all = await outcomes(guard, "vm", 3);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatch(
      /^3 resources of the kind vm are gone at once \(vm\/0, vm\/1, vm\/2\), and 2 are allowed: was a/,
    );
    expect(await outcomes(guard, "vm", 1)).toEqual(["gone"]);
    expect((await outcomes(guard, "vm", 2))[0]).toMatch(/^3 resources .* Only the first 1 were taken out/);
  });

  it("are counted together however slow a system is, and however late the engine asks for what depends on others", async () => {
    const guard = new MissingLimit(() => 2);
    const early = lost(guard, "vm", "vm/1", 0);
    const slow = guard.read("ip", "ip/2", () => sleep(1200, "there"));
    const late = slow.then(() => Promise.all([lost(guard, "vm", "vm/2", 700), lost(guard, "vm", "vm/3", 0)]));
    const all = [await early, ...(await late)];
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatch(/^3 resources .* Nothing was taken out of the state/);
  });

  it("may be a percentage of those that are looked at", async () => {
    const guard = new MissingLimit(() => "50%");
    for (let n = 0; n < 2; n++) expect(await guard.read("vm", "vm/there", async () => "it")).toBe("it");
    expect(await outcomes(guard, "vm", 2)).toEqual(["gone", "gone"]);
    const limits: [Allowance, number, number][] = [
      [5, 100, 5],
      ["10%", 95, 10],
      ["0%", 9, 0],
    ];
    for (const [allowed, all, limit] of limits) expect(allowedOf(allowed, all)).toBe(limit);
  });
});
