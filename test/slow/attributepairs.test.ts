import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changesHold, openForPairs, pairsOf } from "../harness/attributepairs";
import { isCi } from "../harness/sample";
import type { TestSystems } from "../harness/systems";

// All pairs; CI has a twentieth of them (docs/decisions/018).
const every = isCi ? 20 : 1;
// A container that is cloned is locked meanwhile.
const atOnce = { qemu: 6, lxc: 1 };

describe("two attributes that change together", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await openForPairs();
  });
  afterAll(() => systems.close());

  it.each([
    ["qemu", "running", 20_000],
    ["qemu", "stopped", 30_000],
    ["lxc", "running", 40_000],
    ["lxc", "stopped", 50_000],
  ] as const)(
    "are written in an order that Proxmox VE takes, and wait for a start as the plan said (%s, %s)",
    async (type, power, first) => {
      const left = [...pairsOf(type, power).entries()].filter(([n]) => n % every === 0);
      const failed: string[] = [];
      const some = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift())
          await changesHold(systems, type, first + next[0], power, next[1]).catch((error: unknown) => {
            failed.push(error instanceof Error ? error.message : String(error));
          });
      };
      await Promise.all(Array.from({ length: atOnce[type] }, some));
      expect(failed).toEqual([]);
    },
    3_600_000,
  );
});
