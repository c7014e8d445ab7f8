import { describe, expect, it } from "vitest";
import type { StackRun } from "../../tools/stack";
import { deletions } from "../fixtures/deletions";
import { Fixture, fixtures } from "../harness/fixtures";
import { holdings } from "../harness/holdings";

// States that earlier commits made, each with the lab as it then was: the code of today takes them as they are, and takes them
// away as the code of then did.

/** What a program does of itself since a state was made, because something needed it (docs/decisions). */
const since: Partial<Record<string, string[]>> = {
  // 031: the site program looks up VRFs, and is granted that.
  access: ["create AccessAudit audit", "create Permission netbox/permission/netbox-site 6"],
};

/** An operation that changes no resource but these. Outputs of the stack may be others. */
async function unchanged(run: Promise<StackRun>, but: string[] = []): Promise<void> {
  const { code, errors, steps, changes } = await run;
  expect([errors, steps.map(({ op, type, name }) => `${op} ${type} ${name}`).sort()]).toEqual([[], but]);
  expect([code, Object.keys(changes).sort()]).toEqual([0, but.length > 0 ? ["create", "same"] : ["same"]]);
}

describe("a state", () => {
  it.each(fixtures())("of $program at $commit goes on", { timeout: 300_000 }, async ({ program, commit }) => {
    const fixture = await Fixture.open(program, commit);
    try {
      const { stack, lab } = fixture;
      await unchanged(stack.preview(), since[program]);
      const refreshed = await stack.refresh();
      expect([refreshed.code, refreshed.errors, refreshed.steps]).toEqual([0, [], []]);
      await unchanged(stack.preview(), since[program]);
      const deletion = deletions[program];
      await deletion?.(fixture);
      const deleted = await stack.up();
      expect(deleted.errors).toEqual([]);
      if (deletion !== undefined) expect(deleted.steps.map(({ op }) => op)).toContain("delete");
      const made = deleted.steps.filter(({ op }) => /create|replace/.test(op));
      expect(made.map(({ op, type, name }) => `${op} ${type} ${name}`).sort()).toEqual(since[program] ?? []);
      // Outputs of today: a preview without changes prints none of them.
      const again = stack.preview();
      await unchanged(again);
      expect((await again).output).not.toContain("Outputs:");
      const destroyed = await stack.destroy();
      expect([destroyed.code, destroyed.errors]).toEqual([0, []]);
      expect(stack.resources().filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
      expect(await holdings(lab)).toEqual(fixture.left);
    } finally {
      await fixture.close();
    }
  });
});
