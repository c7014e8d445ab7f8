import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../../providers/context";
import { branchWarnings } from "../../../providers/netbox/branching/warnings";
import { readDeletions } from "../../../providers/netbox/deletions";
import { sitePermissions } from "../../../stacks/access/privileges";
import { call, TestBranch } from "../../harness/branches";
import { limitedNetboxToken } from "../../harness/rights";
import { seedWith, TestSystems } from "../../harness/systems";

const machines = "virtualization/virtual-machines";
const machine = z.object({ id: z.number(), name: z.string(), memory: z.number() });

describe("a client of a branch", () => {
  let systems: TestSystems;
  beforeEach(async () => {
    systems = await TestSystems.open(
      seedWith("- { name: one, memory: 512, disks: [] }\n- { name: two, memory: 512, disks: [] }"),
      {},
      "branching",
    );
  });
  afterEach(() => systems.close());

  const reading = (branch: string): Context =>
    systems.context({}, {}, systems.reach, { NETBOX_PROXMOX_BRANCH: branch });
  const idOf = (name: string) => systems.lab.guestIds.get(name) ?? expect.unreachable(name);
  const memories = async (context: Context) =>
    Object.fromEntries(
      (await context.netbox.list(machines, machine, "id,name,memory")).map(({ name, memory }) => [name, memory]),
    );
  const said = (branch: string) =>
    memories(reading(branch)).then(
      () => expect.unreachable(),
      (error: Error) => error.message,
    );
  const page = (id: number) => `${systems.reach.netbox.url}/plugins/branching/branches/${id}/`;

  it("reads what the branch has, and one of main beside it what main has", async () => {
    const branch = await TestBranch.make(systems, "bigger");
    await branch.write("PATCH", `${machines}/${idOf("one")}/`, { memory: 2048 });
    const [there, here] = [reading("bigger"), systems.context()];
    expect(await memories(there)).toEqual({ one: 2048, two: 512 });
    expect(await memories(here)).toEqual({ one: 512, two: 512 });
    // Single objects are read in lists, and lists are kept: by each client its own.
    const one = (context: Context) => context.netbox.find(machines, idOf("one"), machine, "id,name,memory");
    expect((await one(there))?.memory).toBe(2048);
    expect((await one(here))?.memory).toBe(512);
    expect((await one({ netbox: there.netbox.main } as Context))?.memory).toBe(512);
    expect(await there.netbox.branch()).toMatchObject({ id: branch.id, name: "bigger", schemaId: branch.schemaId });
    expect(await here.netbox.branch()).toBeUndefined();
  });

  it("says which branch may be meant", async () => {
    await TestBranch.make(systems, "bigger-one");
    const { url } = systems.reach.netbox;
    expect(await said("biger-one")).toBe(
      `There is no branch biger-one in NetBox (${url}/plugins/branching/branches/): is bigger-one meant?`,
    );
    expect(await said("quite another")).toBe(
      `There is no branch quite another in NetBox (${url}/plugins/branching/branches/): ready are bigger-one.`,
    );
  });

  it.each([
    [
      "provisioning",
      "is still being made: wait until it is ready; where it stays so, start NetBox's background worker.",
    ],
    ["syncing", "is just syncing: wait until that has ended."],
    ["archived", "was archived, so that nobody can read it any more: plan another branch, or main."],
    ["pending-migrations", "waits for migrations of its database: migrate it on its page in NetBox."],
    ["failed", "failed: its page in NetBox says of what; mend that, or make the branch anew."],
  ])("says what a branch that is %s needs", async (status, sentence) => {
    const { id } = await TestBranch.make(systems, "late");
    systems.lab.set({ setup: "netbox-branching", installed: true, worker: false });
    const { database } = systems.lab.netbox;
    database.patch("branch", database.find("branch", id) ?? expect.unreachable(), { status });
    expect(await said("late")).toBe(`The branch late of NetBox (${page(id)}) ${sentence}`);
  });

  it("says that a merged one is main's by now, before the run and in the middle of it", async () => {
    const branch = await TestBranch.make(systems, "done");
    const context = reading("done");
    await memories(context);
    await branch.act("merge");
    expect(
      await memories(context).then(
        () => expect.unreachable(),
        (error: Error) => error.message,
      ),
    ).toMatch(
      /400 the branch done of NetBox was merged, archived or deleted while it was read: plan main, or another branch$/,
    );
    expect(await said("done")).toMatch(
      /^The branch done of NetBox \(\S+\) was merged on \d{4}-\d\d-\d\d \d\d:\d\d UTC, so that main has what it had: plan without --branch\.$/,
    );
  });

  it("says that NetBox has no branches, and doesn't read main in their place", async () => {
    systems.lab.set({ setup: "netbox-branching", installed: false });
    expect(await said("any")).toBe(
      `NetBox at ${systems.reach.netbox.url} has no branches, so that any can't be read: install its plugin netbox-branching, or plan without --branch.`,
    );
  });

  it("says which right is missing", async () => {
    await TestBranch.make(systems, "seen");
    await limitedNetboxToken(systems.clients, sitePermissions);
    expect(await said("seen")).toBe(
      `The token's user may not see the branches of NetBox (${systems.reach.netbox.url}/plugins/branching/branches/): give it the right netbox_branching.view_branch.`,
    );
  });

  it("tells what main got meanwhile, until the branch is synchronised", async () => {
    const branch = await TestBranch.make(systems, "behind");
    expect(await branchWarnings(reading("behind").netbox)).toEqual([]);
    const journal = {
      assigned_object_type: "netbox_branching.branch",
      assigned_object_id: branch.id,
      comments: "plan",
    };
    await call(systems, "POST", "extras/journal-entries/", { body: journal });
    const field = { name: "shared", type: "text", object_types: ["virtualization.virtualmachine"] };
    await call(systems, "POST", "extras/custom-fields/", { body: field });
    expect(await branchWarnings(reading("behind").netbox)).toEqual([]);
    await call(systems, "PATCH", `${machines}/${idOf("one")}/`, { body: { memory: 1024 } });
    await call(systems, "PATCH", `${machines}/${idOf("two")}/`, { body: { memory: 1024 } });
    const minute = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d UTC`;
    const [warning, ...others] = await branchWarnings(reading("behind").netbox);
    expect(others).toEqual([]);
    expect(warning).toMatch(
      new RegExp(
        `^The branch behind \\(${page(branch.id)}\\) needs a sync: main got 2 changes since ${minute}, the last by admin on ${minute}, which this plan shows as if a merge took them back: sync the branch in NetBox, and plan again\\.$`,
      ),
    );
    await branch.act("sync");
    expect(await branchWarnings(reading("behind").netbox)).toEqual([]);
  });

  it("tells what both changed, or which rights it needs to tell", async () => {
    const branch = await TestBranch.make(systems, "torn");
    await branch.write("PATCH", `${machines}/${idOf("one")}/`, { memory: 2048 });
    await call(systems, "PATCH", `${machines}/${idOf("one")}/`, { body: { memory: 1024 } });
    expect((await branchWarnings(reading("torn").netbox))[1]).toBe(
      `The branch torn (${page(branch.id)}) and main both changed memory of one (virtualization.virtualmachine): a merge takes the branch's value, and asks for that first.`,
    );
    await limitedNetboxToken(systems.clients, [
      { objectTypes: ["netbox_branching.branch", "virtualization.virtualmachine"], actions: ["view"] },
    ]);
    expect(await branchWarnings(reading("torn").netbox)).toEqual([
      "Whether main got changes that the branch torn lacks, is unknown: the token's user lacks the right core.view_objectchange.",
      "Whether the branch torn and main changed the same, is unknown: the token's user lacks the right netbox_branching.view_changediff.",
    ]);
  });

  it("knows of deletions in the branch, and of those that main had before", async () => {
    await call(systems, "DELETE", `${machines}/${idOf("one")}/`);
    const branch = await TestBranch.make(systems, "smaller");
    await branch.write("DELETE", `${machines}/${idOf("two")}/`, undefined);
    const deleted = await readDeletions(reading("smaller").netbox, [idOf("one"), idOf("two")]);
    expect(deleted.map(({ objectId }) => objectId).sort()).toEqual([idOf("one"), idOf("two")].sort());
    expect((await readDeletions(systems.context().netbox, [idOf("one"), idOf("two")])).length).toBe(1);
  });
});
