import { describe, expect, it } from "vitest";
import { broken, failures, kills, scenarios, unbroken } from "../faults";

// `npm run test:faults` breaks every write in every way; here some writes, each in another way.

const isFull = process.env.ALL_FAULTS !== undefined;
const ways = [...kills, ...failures];

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  "a run that is broken (%s)",
  (name, scenario) => {
    it("is finished by the next one: nothing lost, doubled or touched", async () => {
      const { writes, after } = await unbroken(scenario);
      const step = isFull ? 1 : Math.ceil(writes.length / 4);
      const cases = Array.from({ length: Math.ceil(writes.length / step) }, (_, n) => n * step).flatMap((at, n) =>
        isFull
          ? ways.map((how) => ({ at, how }))
          : [{ at, how: ways[(n + 2 * scenarios.indexOf(scenario)) % ways.length] ?? "killed after" }],
      );
      const counts = new Map<string, number>();
      const wrong: string[] = [];
      for (const { at, how } of cases) {
        const hit = await broken(scenario, how, at, after).catch((error: unknown) => {
          wrong.push(`${how} at write ${at}: ${error instanceof Error ? error.message : String(error)}`);
          return "wrong";
        });
        if (hit !== undefined) counts.set(how, (counts.get(how) ?? 0) + 1);
      }
      const shown = [...counts].map(([how, count]) => `${how} ${count}`).join(", ");
      process.stdout.write(`${name}: ${writes.length} writes; ${shown}; ${wrong.length} wrong\n`);
      expect(wrong).toEqual([]);
    }, 36_000_000);
  },
);
