import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labEnvironment } from "../../tools/labstack";
import type { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { demoSeed, TestSystems } from "../harness/systems";

// `--only` and its kin by the real commands: what is chosen is done, and all else waits for the next whole run.

describe("a run of some guests", () => {
  let systems: TestSystems;
  let stack: Stack;
  const patch = async (name: string, body: object) =>
    systems.clients.netbox("PATCH", `virtualization/virtual-machines/${(await systems.clients.vm(name)).id}/`, body);
  const memories = async () =>
    Object.fromEntries((await systems.ourGuests()).map(({ name, config }) => [name, config.memory]));
  const run = (script: "main" | "run", ...words: string[]) => {
    const { args, env } = stack.reach;
    return runOps([...words, ...args], { ...env, ...labEnvironment(systems.reach) }, script);
  };

  beforeAll(async () => {
    systems = await TestSystems.open(demoSeed(), {}, "lab");
    stack = await systems.stack();
    expect((await stack.up()).errors).toEqual([]);
    await patch("web01", { memory: 3072 });
    await patch("web02", { memory: 3072 });
    await patch("app01", { status: "decommissioning" });
    await patch("app02", { status: "decommissioning" });
    await patch("next01", { status: "active" });
  });
  afterAll(() => systems.close());

  it("is planned alone, and the plan counts the others", async () => {
    const planned = await run("main", "plan", "--json", "--only", "web01");
    expect(planned.err).toBe("");
    expect(planned.code).toBe(2);
    const report = JSON.parse(planned.out) as { changes: { name: string }[]; notes: string[] };
    expect(report.changes.map(({ name }) => name)).toEqual(["web01"]);
    expect(report.notes.at(-1)).toMatch(/^--only web01 leaves \d+ changes of others out; they, and what interrupted /);
    const unknown = await run("main", "plan", "--only", "web1");
    expect([unknown.code, unknown.err.trim()]).toEqual([
      1,
      "There is no guest web1 in the plan (did you mean web01?): write a name, a VMID, or CLUSTER/VMID.",
    ]);
  });

  it("is carried out alone: what changes, what goes, and what is new", async () => {
    const changed = await run("run", "up", "--yes", "--only", "web01");
    expect([changed.code, changed.err]).toEqual([0, expect.any(String)]);
    expect(await memories()).toMatchObject({ web01: "3072", web02: "2048", app01: "2048" });
    const gone = await run("run", "up", "--yes", "--only", "app01");
    expect([gone.code, gone.out]).toEqual([0, expect.any(String)]);
    const raw = await run("run", "up", "--yes", "--raw", "--skip-preview", "--only", "next01");
    expect([raw.code, raw.out]).toEqual([0, expect.any(String)]);
    const now = await memories();
    expect(now).toMatchObject({ web02: "2048", app02: "2048", next01: expect.anything() });
    expect(now).not.toHaveProperty("app01");
    const whole = await run("run", "destroy", "--yes", "--only", "web01");
    expect(whole).toMatchObject({
      code: 1,
      err: "--only web01 is for plan, preview and up: destroy is about the whole stack.\n",
    });
  });

  it("leaves the rest to the next whole run, after which nothing is left to do", async () => {
    expect((await stack.up()).errors).toEqual([]);
    const now = await memories();
    expect(now.web02).toBe("3072");
    expect(now).not.toHaveProperty("app02");
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect([again.code, again.errors]).toEqual([0, []]);
  });
});
