import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { refreshLimit } from "../../providers/context";
import { type Allowance, allowedOf, MissingLimit, type RefreshLimit, stateCount } from "../../providers/missing";

const limitedTo = (allowed: RefreshLimit["allowed"]) => () => ({ allowed, setting: "netbox-proxmox:site.maxRemovals" });

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
    const guard = new MissingLimit(limitedTo(2));
    expect(await Promise.all([outcomes(guard, "vm", 2), outcomes(guard, "ip", 2)])).toEqual([
      ["gone", "gone"],
      ["gone", "gone"],
    ]);
  });

  it("are not where they are too many, at once or one after another", async () => {
    const guard = new MissingLimit(limitedTo(2));
    const all = await outcomes(guard, "vm", 3);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatch(
      /^3 resources of the kind vm are gone at once \(vm\/0, vm\/1, vm\/2\), and 2 are allowed: was a/,
    );
    expect(await outcomes(guard, "vm", 1)).toEqual(["gone"]);
    expect((await outcomes(guard, "vm", 2))[0]).toMatch(/^3 resources .* Only the first 1 were taken out/);
  });

  it("are counted together however slow a system is, and however late the engine asks for what depends on others", async () => {
    const guard = new MissingLimit(limitedTo(2));
    const early = lost(guard, "vm", "vm/1", 0);
    const slow = guard.read("ip", "ip/2", () => sleep(1200, "there"));
    const late = slow.then(() => Promise.all([lost(guard, "vm", "vm/2", 700), lost(guard, "vm", "vm/3", 0)]));
    const all = [await early, ...(await late)];
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatch(/^3 resources .* Nothing was taken out of the state/);
  });

  it("may be a percentage of all that the state has, however few were read so far", async () => {
    const guard = new MissingLimit(limitedTo("50%"), (kind) => (kind === "vm" ? 8 : undefined));
    expect(await guard.read("vm", "vm/there", async () => "it")).toBe("it");
    expect(await outcomes(guard, "vm", 4)).toEqual(Array(4).fill("gone"));
    expect((await outcomes(guard, "vm", 1))[0]).toMatch(/^5 resources .* and 4 are allowed/);
    // Where nobody says how many there are, those that were read count: it stops sooner, and never later.
    expect((await outcomes(guard, "ip", 1))[0]).toBe("gone");
    expect((await outcomes(guard, "ip", 2))[0]).toMatch(/^3 resources of the kind ip .* and 2 are allowed/);
    const limits: [Allowance, number, number][] = [
      [5, 100, 5],
      ["10%", 95, 10],
      ["0%", 9, 0],
    ];
    for (const [allowed, all, limit] of limits) expect(allowedOf(allowed, all)).toBe(limit);
  });

  it("are counted in the state by who starts the refresh", () => {
    const env = { NETBOX_PROXMOX_STATE_COUNTS: '{"proxmox-vm":1000}' };
    expect(stateCount("proxmox-vm", env)).toBe(1000);
    expect(stateCount("netbox-guest", env)).toBeUndefined();
    expect(stateCount("proxmox-vm", {})).toBeUndefined();
  });

  it("have the limit of their own program, and its setting in the message", async () => {
    const config = (sections: Record<string, unknown>) => ({
      get: (key: string) => {
        const value = sections[key];
        return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
      },
    });
    const both = { site: { maxRemovals: 3 }, discovery: { maxRemovals: 40 } };
    expect(refreshLimit(config(both), {}).allowed).toBe(3);
    expect(refreshLimit(config({ ...both, program: "discovery" }), {})).toEqual({
      allowed: 40,
      setting: "netbox-proxmox:discovery.maxRemovals",
    });
    expect(refreshLimit(config({ program: "discovery", site: { maxRemovals: 3 } }), {}).allowed).toBe(5);
    expect(refreshLimit(config({ site: { limits: { removes: "all" } } }), {}).allowed).toBe("all");
    const given = { NETBOX_PROXMOX_MAX_REMOVALS: "20%" };
    expect(refreshLimit(config({ ...both, program: "discovery" }), given).allowed).toBe("20%");
    const lifted = new MissingLimit(() => refreshLimit(config({ site: { limits: { removes: "all" } } }), {}));
    expect(await outcomes(lifted, "vm", 30)).toEqual(Array(30).fill("gone"));
    const own = new MissingLimit(() => refreshLimit(config({ ...both, program: "discovery" }), {}));
    expect((await outcomes(own, "vm", 41))[0]).toMatch(/set netbox-proxmox:discovery\.maxRemovals and use/);
  });
});
