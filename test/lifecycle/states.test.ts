import { describe, expect, it } from "vitest";
import { Fixture, fixtures } from "../harness/fixtures";

// The cheap sample of test/slow/states.test.ts: states of two programs that earlier commits made, looked at and no more.

const sample = fixtures().filter(({ program }) => ["site", "discovery"].includes(program));

describe("a state", () => {
  it.each(sample)("of $program at $commit has nothing to do", async ({ program, commit }) => {
    const fixture = await Fixture.open(program, commit);
    try {
      const { code, errors, steps, changes } = await fixture.stack.preview();
      expect([errors, steps.map(({ op, type, name }) => `${op} ${type} ${name}`)]).toEqual([[], []]);
      expect([code, Object.keys(changes)]).toEqual([0, ["same"]]);
    } finally {
      await fixture.close();
    }
  });
});
