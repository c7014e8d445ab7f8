import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { branchOfRequest } from "../../../providers/netbox/branching/requests";
import { type Changelog, readChangelog } from "../../../providers/netbox/changelog";
import { sitePermissions } from "../../../stacks/access/privileges";
import { call, TestBranch } from "../../harness/branches";
import { limitedNetboxToken } from "../../harness/rights";
import { seedWith, TestSystems } from "../../harness/systems";

const machines = "virtualization/virtual-machines";

describe("who changed what in a branch, and why,", () => {
  let systems: TestSystems;
  let branch: TestBranch;
  let since: Date;
  beforeEach(async () => {
    systems = await TestSystems.open(
      seedWith("- { name: one, memory: 512, disks: [] }\n- { name: two, memory: 512, disks: [] }"),
      {},
      "branching",
    );
    since = new Date();
    await call(systems, "PATCH", `${machines}/${idOf("two")}/`, { body: { memory: 768 } });
    branch = await TestBranch.make(systems, "bigger", "ticket 4711");
    await branch.write("PATCH", `${machines}/${idOf("one")}/`, { memory: 1024, changelog_message: "it swaps" });
    await branch.write("PATCH", `${machines}/${idOf("one")}/`, { vcpus: 4 });
    systems.lab.log.clear();
  });
  afterEach(() => systems.close());

  const idOf = (name: string) => systems.lab.guestIds.get(name) ?? expect.unreachable(name);
  const read = async (env = {}): Promise<Changelog> => {
    const log = await readChangelog(systems.context({}, {}, systems.reach, env).netbox, since, []);
    return "entries" in log ? log : expect.unreachable(log.right);
  };
  const machinesOf = ({ entries }: Changelog) =>
    entries
      .filter(({ type }) => type === "virtualization.virtualmachine")
      .map(({ text, user, message, page }) => [text, user, message, page]);
  const url = () => systems.reach.netbox.url;

  it("stands in the branch's own log, beside what main had before", async () => {
    const log = await read({ NETBOX_PROXMOX_BRANCH: "bigger" });
    const page = expect.stringMatching(new RegExp(`^${url()}/core/changelog/\\d+/\\?_branch=${branch.schemaId}$`));
    expect(machinesOf(log)).toEqual([
      ["two", "admin", "", undefined],
      ["one", "admin", "it swaps", page],
      ["one", "admin", "branch bigger: ticket 4711", page],
    ]);
    // What main gets now is not in the branch, and no reason for what it shows.
    await call(systems, "PATCH", `${machines}/${idOf("two")}/`, { body: { memory: 4096 } });
    expect((await read({ NETBOX_PROXMOX_BRANCH: "bigger" })).entries).toHaveLength(log.entries.length);
  });

  it("is told in main after the merge, by the branch's name and description", async () => {
    await branch.act("merge");
    await call(systems, "PATCH", `${machines}/${idOf("one")}/`, { body: { memory: 2048 } });
    const page = `${url()}/plugins/branching/branches/${branch.id}/`;
    expect(machinesOf(await read())).toEqual([
      ["two", "admin", "", undefined],
      ["one", "admin", "branch bigger: ticket 4711", page],
      ["one", "admin", "branch bigger: ticket 4711", page],
      ["one", "admin", "", undefined],
    ]);
  });

  it("costs two requests where something has no message, and none without the plugin", async () => {
    await branch.act("merge");
    const asked = () => systems.lab.log.calls.filter(({ path }) => path.includes("/branching/")).length;
    systems.lab.log.clear();
    await read();
    expect(asked()).toBe(2);
    systems.lab.set({ setup: "netbox-branching", installed: false });
    systems.lab.log.clear();
    await read();
    expect(asked()).toBe(0);
  });

  it("is not told without the right to see branches, and main's log is all the same", async () => {
    await branch.act("merge");
    await limitedNetboxToken(systems.clients, sitePermissions);
    expect(machinesOf(await read()).map(([name, , message]) => [name, message])).toEqual([
      ["two", ""],
      ["one", ""],
      ["one", ""],
    ]);
  });

  it("is found by the request, too: which branch it was made in", async () => {
    const [own] = await branch.list<{ request_id: string }>("core/object-changes/");
    const { netbox } = systems.context();
    const ofMain = await read();
    await TestBranch.make(systems, "another");
    expect(await branchOfRequest(netbox, own?.request_id ?? "")).toBe("bigger");
    expect(await branchOfRequest(netbox, ofMain.entries[0]?.request ?? "")).toBeUndefined();
    expect(await branchOfRequest(netbox, "00000000-0000-4000-8000-000000000000")).toBeUndefined();
    await branch.act("merge");
    expect(await branchOfRequest(netbox, own?.request_id ?? "")).toBeUndefined();
  });
});
