import { describe, expect, it } from "vitest";
import { readEvent } from "../../cli/netboxevents";

// As a real NetBox 4.7.3 with netbox-branching 1.2.2 sent them, without what nobody reads.

const request = { id: "f0e1f26d-c165-41e0-9e32-2292dde0a089", method: "PATCH", user: "ada" };
const change = {
  event: "updated",
  object_type: "virtualization.virtualmachine",
  data: { id: 1, display: "web01", name: "web01" },
  request,
};
const active = { id: 2, name: "two", schema_id: "1wqciag9" };
const ofBranch = (event: string) => ({
  event,
  object_type: "netbox_branching.branch",
  data: { id: 1, name: "bigger web01", schema_id: "trddmcmf", status: "merged", merged_by: 1 },
});

describe("an event of NetBox", () => {
  it.each([
    [
      "by a page of NetBox in a branch",
      { ...change, context: { active_branch: active } },
      { does: "plan", branch: "two" },
    ],
    ["by a page of NetBox in main, or by a merge", { ...change, context: { active_branch: null } }, { does: "run" }],
    ["by a program, which says nothing of branches", change, { does: "look up", request: request.id }],
    [
      "by a program in a branch, with add_branch_context",
      { ...change, data: { ...change.data, active_branch: active } },
      { does: "plan", branch: "two" },
    ],
    [
      "by a program in main, with add_branch_context",
      { ...change, data: { ...change.data, active_branch: null } },
      { does: "run" },
    ],
    ["of a merge", ofBranch("branch_merged"), { does: "run", merged: "bigger web01" }],
    ["of a merge that is taken back", ofBranch("branch_reverted"), { does: "run", merged: "bigger web01" }],
    ["of a new branch", ofBranch("branch_provisioned"), { does: "plan", branch: "bigger web01" }],
    ["of a sync", ofBranch("branch_synced"), { does: "plan", branch: "bigger web01" }],
    ["of a branch's description", ofBranch("updated"), { does: "nothing", why: "neither main nor the branch changed" }],
    [
      "of a branch's end",
      ofBranch("branch_deprovisioned"),
      { does: "nothing", why: "neither main nor the branch changed" },
    ],
    ["of an older NetBox", { event: "updated", username: "ada" }, { does: "run" }],
    ["of the journal", { ...change, object_type: "extras.journalentry" }, { does: "nothing", why: "the journal" }],
    ["that nobody can read", 7, { does: "run" }],
  ])("%s", (_, body, asks) => {
    expect(readEvent(body).asks).toEqual(asks);
  });

  it("is told in words", () => {
    expect(readEvent(change)).toMatchObject({
      text: "virtualization.virtualmachine web01 updated by ada",
      user: "ada",
    });
    expect(readEvent(ofBranch("branch_merged")).text).toBe(
      "netbox_branching.branch bigger web01 branch_merged by somebody",
    );
  });
});
