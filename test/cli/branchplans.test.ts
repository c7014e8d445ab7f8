import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type BranchPlanOptions, BranchPlans } from "../../cli/branchplans";
import { Receiver } from "../../cli/serve";

const secret = "a-webhook-secret-of-the-test";
const pace = { quiet: 500, longest: 10_000, retry: 100 };
const change = {
  event: "updated",
  object_type: "virtualization.virtualmachine",
  data: { display: "web01" },
  request: { id: "r-main", user: "ada" },
};
const inBranch = { ...change, context: { active_branch: { id: 2, name: "bigger", schema_id: "1wqciag9" } } };
const ofBranch = (event: string) => ({
  event,
  object_type: "netbox_branching.branch",
  data: { id: 2, name: "bigger" },
});

describe("what follows from a change in a branch", () => {
  let receiver: Receiver | undefined;
  let url = "";
  let said: string[] = [];
  let did: string[] = [];

  async function serve(options: Partial<BranchPlanOptions> = {}): Promise<void> {
    said = [];
    did = [];
    const say = (line: string) => said.push(line);
    const branches = new BranchPlans({
      pace,
      plan: async (stack, branch) => did.push(`plan ${stack} ${branch}`) > 0,
      branchOf: async (request) => (request === "r-branch" ? "bigger" : undefined),
      say,
      ...options,
    });
    receiver = new Receiver({
      ...{ stacks: ["a", "b"], secret, pace, ignored: ["pulumi"], branches, say, metrics: () => "" },
      run: async (stack) => did.push(`up ${stack}`) > 0,
    });
    url = `http://127.0.0.1:${await receiver.listen(0, "127.0.0.1")}/`;
  }
  afterEach(() => receiver?.close());

  async function call(payload: object, path = "a"): Promise<void> {
    const body = JSON.stringify(payload);
    const signature = createHmac("sha512", secret).update(body).digest("hex");
    const { status } = await fetch(`${url}${path}`, {
      ...{ method: "POST", body },
      headers: { "X-Hook-Signature": signature },
    });
    expect(status).toBe(202);
  }
  /** Until nothing has happened for a while. */
  async function settled(): Promise<string[]> {
    for (let before = -1; before !== did.length + said.length; await sleep(1200)) before = did.length + said.length;
    return did;
  }

  it("is its plan, once for all that arrives together, and no run of main", async () => {
    await serve();
    for (let n = 0; n < 5; n++) await call(inBranch);
    await call({ ...change, request: { id: "r-branch", user: "ada" } });
    expect(await settled()).toEqual(["plan a bigger"]);
    expect(said).toContain("virtualization.virtualmachine web01 updated by ada in the branch bigger: a");
    expect(said).toContain("a: the branch bigger is planned");
  });

  it("is nothing where nobody asked for plans, and where it is our own", async () => {
    await serve({ plan: undefined });
    await call(inBranch);
    await call({ ...inBranch, request: { id: "r", user: "pulumi" } });
    expect(await settled()).toEqual([]);
    expect(said).toEqual([
      "virtualization.virtualmachine web01 updated by ada in the branch bigger: no run of main, ignored",
      "virtualization.virtualmachine web01 updated by pulumi: our own, ignored",
    ]);
  });

  it("is a run once it is merged, which says what was merged, and no plan of what is no branch any more", async () => {
    await serve();
    await call(inBranch, "");
    // As a merge arrives: what it changed in main, then itself.
    await call({ ...change, context: { active_branch: null } }, "");
    await call(ofBranch("branch_merged"), "");
    expect((await settled()).sort()).toEqual(["up a", "up b"]);
    expect(said).toContain("a: begins, with what was merged: bigger");
  });

  it("is a plan after a sync, and nothing of a new description", async () => {
    await serve();
    await call(ofBranch("updated"));
    expect(await settled()).toEqual([]);
    await call(ofBranch("branch_synced"));
    expect(await settled()).toEqual(["plan a bigger"]);
  });

  it("counts as main's where it can't be looked up, which is told once", async () => {
    let asked = 0;
    await serve({
      branchOf: async () => {
        asked++;
        throw new Error("NetBox is away");
      },
    });
    await call(change);
    await call(change);
    await call({ ...change, request: { id: "r-other", user: "ada" } });
    expect(await settled()).toEqual(["up a"]);
    expect(asked).toBe(2);
    expect(said.filter((line) => line.includes("NetBox is away"))).toEqual([
      "whether a change is main's or a branch's is unknown, and so it counts as main's: NetBox is away",
    ]);
  });

  it("that fails is tried again, and told", async () => {
    let left = 1;
    await serve({
      plan: async (stack, branch) => {
        did.push(`plan ${stack} ${branch}`);
        if (left-- > 0) throw new Error("it is just merging");
        return true;
      },
    });
    await call(inBranch);
    expect(await settled()).toEqual(["plan a bigger", "plan a bigger"]);
    expect(said).toContain("a: the branch bigger: it is just merging");
    expect(said).toContain("a: the branch bigger is not planned");
  });
});
