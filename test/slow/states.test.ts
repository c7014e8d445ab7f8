import { describe, expect, it } from "vitest";
import type { StackRun } from "../../tools/stack";
import { answers, deletions } from "../fixtures/deletions";
import { Fixture, fixtures } from "../harness/fixtures";
import { holdings } from "../harness/holdings";

// States that earlier commits made, each with the lab as it then was: the code of today takes them as they are, and takes them
// away as the code of then did.

/** What the code of today adds to a state of before because somebody asked for it: a right that was missing, and its record. */
const askedFor: Record<string, string[]> = {
  access: ["create AccessAudit audit", "update ProxmoxRole pve-lab/role/NetboxSitePool"],
};

/** An operation that changes no resource but these. Outputs of the stack may be others. */
async function unchanged(run: Promise<StackRun>, but: string[] = []): Promise<void> {
  const { code, errors, steps, changes } = await run;
  expect([errors, steps.map(({ op, type, name }) => `${op} ${type} ${name}`).sort()]).toEqual([[], but]);
  expect(code).toBe(0);
  if (but.length === 0) expect(Object.keys(changes)).toEqual(["same"]);
}

describe("a state", () => {
  it.each(fixtures())("of $program at $commit goes on", { timeout: 300_000 }, async ({ program, commit }) => {
    const fixture = await Fixture.open(program, commit);
    try {
      const { stack, lab } = fixture;
      await unchanged(stack.preview(), askedFor[program]);
      const refreshed = await stack.refresh();
      expect([refreshed.code, refreshed.errors, refreshed.steps]).toEqual([0, [], []]);
      await unchanged(stack.preview(), askedFor[program]);
      const deletion = deletions[program];
      await deletion?.(fixture);
      const deleted = await stack.up();
      expect(deleted.errors).toEqual([]);
      if (deletion !== undefined) expect(deleted.steps.map(({ op }) => op)).toContain("delete");
      // The record of an access stack, which was an output.
      const made = deleted.steps.filter(({ op, type }) => /create|replace/.test(op) && !type.endsWith("AccessAudit"));
      expect(made).toEqual([]);
      // Outputs of today: a preview without changes prints none of them.
      const again = stack.preview();
      await unchanged(again);
      expect((await again).output).not.toContain("Outputs:");
      answers[program]?.(fixture);
      const destroyed = await stack.destroy();
      expect([destroyed.code, destroyed.errors]).toEqual([0, []]);
      expect(stack.resources().filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
      expect(await holdings(lab)).toEqual(fixture.left);
    } finally {
      await fixture.close();
    }
  });
});
