import { describe, expect, it } from "vitest";
import { auditHandler } from "../../../providers/audit/audit.handler";
import { runOf } from "../../../providers/audit/audit.model";

const linesOf = (state: object): string[] => ("lines" in state && Array.isArray(state.lines) ? state.lines : []);
const line = (change: string) => expect.stringMatching(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z \\S+: ${change}$`));

describe("the record of an access stack", () => {
  it("begins with what the stack's outputs had, and grows by what each run changes", async () => {
    const first = await auditHandler.create({ changes: ["granted a"], earlier: ["long ago"] });
    expect(linesOf(first.state)).toEqual(["long ago", line("granted a")]);
    expect(first.state).not.toHaveProperty("earlier");
    const second = await auditHandler.update("audit", { ...first.state }, { changes: ["granted b", "taken away a"] });
    expect(linesOf(second)).toEqual(["long ago", line("granted a"), line("granted b"), line("taken away a")]);
    // What failed is done again, and is on record again.
    const third = await auditHandler.update("audit", { ...second }, { changes: ["granted b", "taken away a"] });
    expect(linesOf(third)).toHaveLength(6);
  });

  it("changes with nothing but a run's changes, and is as it was read", async () => {
    const { id, state } = await auditHandler.create({ changes: ["granted a"] });
    expect(auditHandler.diff({ ...state }, { changes: [] }).changes).toBe(false);
    expect(auditHandler.diff({ ...state }, { changes: ["granted a"] }).changes).toBe(true);
    expect((await auditHandler.read(id, { ...state }))?.state).toEqual(state);
  });

  it("has the last hundred lines", async () => {
    const many = Array.from({ length: 150 }, (_, n) => `granted ${n}`);
    const lines = linesOf((await auditHandler.create({ changes: many })).state);
    expect(lines).toHaveLength(100);
    expect(lines.at(-1)).toMatch(/granted 149$/);
  });

  it("names the run: by its link in a pipeline, by user and host elsewhere", () => {
    const github = { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "acme/infra", GITHUB_RUN_ID: "42" };
    expect(runOf(github, "me", "here")).toBe("https://github.com/acme/infra/actions/runs/42");
    expect(runOf({ CI_JOB_URL: "https://ci.example/7" }, "me", "here")).toBe("https://ci.example/7");
    expect(runOf({}, "me", "here")).toBe("me@here");
  });
});
