import { describe, expect, it } from "vitest";
import { Semaphore } from "../../providers/semaphore";
import { pairs, repeated, titleOf } from "../harness/faults/pairs";
import { isCi } from "../harness/sample";

// CI has the three that were wrong in a way of their own; `npm run test:slow` has all of them, and
// `PAIRS="destroy: killed" npm run test:slow -- test/slow/pairs.test.ts` those whose title fits the regular expression.

const rows = new RegExp(process.env.PAIRS ?? "");
const inSample =
  /^(up from nothing: killed .* then destroy|destroy: answers are lost .* then up|refresh by state: killed .* then up)$/;
const chosen = pairs
  .map((pair) => ({ pair, title: titleOf(pair) }))
  .filter(({ title }) => rows.test(title) && (!isCi || inSample.test(title)));

describe("a command that was broken", () => {
  it("can be followed by any other one, and by itself", async () => {
    const places = new Semaphore(2);
    const wrong: string[] = [];
    await Promise.all(
      chosen.map(({ pair, title }) =>
        places.run(() =>
          repeated(pair).catch((error: unknown) => {
            wrong.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
            process.stdout.write(`WRONG ${wrong.at(-1)}\n`);
          }),
        ),
      ),
    );
    process.stdout.write(`${chosen.length} pairs, ${wrong.length} wrong\n`);
    expect(chosen.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  }, 36_000_000);
});
