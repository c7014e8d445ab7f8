import { describe, expect, it } from "vitest";
import { type EndedRun, endedRun, metricsOf, noticesOf, waitingRestarts } from "../../cli/afterrun";
import { jobUrlOf, lateNotice, tokenNotice } from "../../cli/notify";
import { limitsReached } from "../../stacks/plan/limits";

const run = (more: Partial<EndedRun>): EndedRun => ({
  operation: "up",
  succeeded: true,
  began: 1_800_000_000_000,
  changes: [],
  drifted: [],
  errors: [],
  ...more,
});
const said = (more: Partial<EndedRun>) => noticesOf("prod", run(more)).map(({ event, title }) => `${event}: ${title}`);

describe("after a run", () => {
  it("people hear of a plan that waits, of drift and of failure, and of nothing else", () => {
    const changes = ["~ ProxmoxVm web01 memory 1 → 2"];
    expect(said({ operation: "preview", changes })).toEqual([
      "approval: prod: a plan with 1 change waits for approval",
    ]);
    expect(said({ operation: "preview" })).toEqual([]);
    expect(said({ operation: "drift", changes: [...changes, "x"] })).toEqual(["drift: prod: drift, 2 changes"]);
    expect(said({ operation: "drift" })).toEqual([]);
    expect(said({ changes })).toEqual([]);
    expect(said({ drifted: changes, changes })).toEqual(["drift: prod: drift, 1 change"]);
    const failed = noticesOf("prod", run({ succeeded: false, errors: ["\nweb01: no room\n  more", "b"] }));
    expect(failed).toEqual([{ event: "failed", title: "prod: up failed", lines: ["web01: no room", "b"] }]);
    expect(noticesOf("prod", { operation: "up", succeeded: false, began: 0 })).toEqual([
      { event: "failed", title: "prod: up failed", lines: [] },
    ]);
  });

  it("a run's steps are lines", () => {
    const step = {
      op: "update",
      type: "ProxmoxVm",
      token: "pulumi-nodejs:dynamic/proxmox:ProxmoxVm",
      name: "vm-7",
      inputs: {},
      outputs: {},
      old: { name: "web01", memory: 1 },
      new: { name: "web01", memory: 2 },
    };
    const ended = endedRun(
      "drift",
      {
        code: 0,
        output: "",
        steps: [step],
        drifted: [{ ...step, op: "refresh" }],
        done: [],
        unchanged: [],
        errors: ["e"],
        changes: {},
      },
      5,
      true,
    );
    expect(ended).toEqual({
      operation: "drift",
      succeeded: true,
      began: 5,
      changes: ["~ ProxmoxVm web01 memory 1 → 2"],
      drifted: ["~ ProxmoxVm web01 memory 1 → 2"],
      errors: ["e"],
    });
  });

  it("its metrics say what it found out, and only that", () => {
    const of = (more: Partial<EndedRun>, waiting?: number) =>
      metricsOf("prod", "site", run(more), 1_800_000_012_500, waiting);
    expect(of({}, 2)).toEqual({
      stack: "prod",
      program: "site",
      operation: "up",
      endedAt: 1_800_000_013,
      duration: 12.5,
      succeeded: true,
      drift: 0,
      waitingRestarts: 2,
      limitsReached: 0,
    });
    expect(of({ operation: "drift", changes: ["a", "b"] })).toMatchObject({ drift: 2 });
    expect(of({ operation: "preview", changes: ["a"] })).not.toHaveProperty("drift");
    expect(of({ succeeded: false })).not.toHaveProperty("drift");
    expect(metricsOf("prod", "site", { operation: "up", succeeded: true, began: 0 }, 1)).not.toHaveProperty(
      "limitsReached",
    );
    const limit =
      "6 guests would be removed with their disks, and 5 are allowed at once: a, b. If that is meant, set x to 6 for this run.";
    expect(
      limitsReached([
        `${limit}\n${limit.replace("removed", "stopped")}`,
        `${limit}\n${limit.replace("removed", "stopped")}`,
        "else",
      ]),
    ).toBe(2);
  });

  it("guests that wait for a start are counted by the state", () => {
    const outputs = [{ pending: ["memory"] }, { pending: [] }, {}, { pending: "no list" }, undefined];
    expect(waitingRestarts({ deployment: { resources: outputs.map((each) => ({ type: "t", outputs: each })) } })).toBe(
      1,
    );
    expect(waitingRestarts({ deployment: {} })).toBe(0);
  });

  it("the job's page is known on GitHub and GitLab", () => {
    expect(
      jobUrlOf({ GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "acme/site", GITHUB_RUN_ID: "7" }),
    ).toBe("https://github.com/acme/site/actions/runs/7");
    expect(jobUrlOf({ CI_JOB_URL: "https://gitlab.com/a/b/-/jobs/7" })).toBe("https://gitlab.com/a/b/-/jobs/7");
    expect(jobUrlOf({})).toBeUndefined();
  });

  it("tokens and late stacks have words of their own", () => {
    expect(tokenNotice("access", ["pve/a@pve!b (due)"])).toEqual({
      event: "token",
      title: "access: 1 token needs care: pve/a@pve!b (due)",
      lines: ["pve/a@pve!b (due)"],
    });
    expect(lateNotice("disc", "discovery", "26h", new Date(0)).lines).toEqual([
      "Its last run that succeeded began at 1970-01-01T00:00:00.000Z; one is expected every 26h.",
    ]);
    expect(lateNotice("disc", "discovery", "26h", undefined).lines[0]).toMatch(/^It had no run that succeeded/);
  });
});
