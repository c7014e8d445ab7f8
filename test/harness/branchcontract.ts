import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, TestBranch } from "./branches";
import { seedWith, TestSystems } from "./systems";

/** What this project believes of netbox-branching 1.2.2: every case holds on the lab and on the real one. */
export function describeBranches(where: string): void {
  describe(`a branch of ${where}`, () => {
    let systems: TestSystems;
    beforeAll(async () => {
      systems = await TestSystems.open(
        seedWith("- { name: one, memory: 512, disks: [] }\n- { name: two, memory: 512, disks: [] }"),
        {},
        "branching",
      );
    });
    afterAll(() => systems.close());
    interface Machine {
      id: number;
      name: string;
      memory: number;
    }
    interface Logged {
      user_name: string;
      message: string;
      request_id: string;
      object_repr: string;
      changed_object_id: number;
      action: { value: string };
    }
    const machines = "virtualization/virtual-machines/";
    const idOf = (name: string) => systems.lab.guestIds.get(name) ?? expect.unreachable(name);
    const ofMain = async <T>(path: string) =>
      (JSON.parse((await call(systems, "GET", path)).text) as { results: T[] }).results;
    const memoryOf = (rows: Machine[], name: string) => rows.find((each) => each.name === name)?.memory;

    it("is there where the status says so, and becomes ready by a job", async () => {
      const status = JSON.parse((await call(systems, "GET", "status/")).text) as { plugins: object };
      expect(status.plugins).toMatchObject({ netbox_branching: "1.2.2" });
      const made = await call(systems, "POST", "plugins/branching/branches/", { body: { name: "made" } });
      expect(JSON.parse(made.text)).toMatchObject({
        status: { value: "new", label: "New" },
        schema_id: expect.stringMatching(/^[a-z0-9]{8}$/),
        last_sync: null,
        merged_time: null,
      });
      const twice = await call(systems, "POST", "plugins/branching/branches/", { body: { name: "made" } });
      expect([twice.status, twice.text]).toEqual([400, '{"name":["branch with this name already exists."]}']);
      const { id, schema_id: schemaId } = JSON.parse(made.text) as { id: number; schema_id: string };
      await new TestBranch(systems, id, schemaId, "made").until("ready");
    });

    it("that isn't there is refused in plain words, except for the status", async () => {
      const wrong = await call(systems, "GET", machines, { branch: "zzzzzzzz" });
      expect([wrong.status, wrong.text]).toEqual([400, "Invalid branch identifier"]);
      expect(wrong.type).toMatch(/^text\/html/);
      expect((await call(systems, "GET", "status/", { branch: "zzzzzzzz" })).status).toBe(200);
    });

    it("has its own changes and log, and main's ids", async () => {
      const branch = await TestBranch.make(systems, "bigger one", "ticket 4711");
      await branch.write("PATCH", `${machines}${idOf("one")}/`, { memory: 2048, changelog_message: "needs more" });
      const { id } = await branch.write<Machine>("POST", machines, {
        name: "three",
        cluster: (await branch.list<{ id: number }>("virtualization/clusters/?limit=1"))[0]?.id,
      });
      const inMain = (await call(systems, "POST", "ipam/vrfs/", { body: { name: "of main" } })).status;
      expect(inMain).toBe(201);

      expect(memoryOf(await ofMain(machines), "one")).toBe(512);
      expect((await ofMain<Machine>(machines)).map(({ name }) => name)).not.toContain("three");
      expect(memoryOf(await branch.list(machines), "one")).toBe(2048);
      expect(await branch.list("ipam/vrfs/?name=of+main")).toEqual([]);
      const log = await branch.list<Logged>("core/object-changes/?ordering=id");
      expect(log.map(({ object_repr, message, action }) => [object_repr, action.value, message])).toEqual([
        ["one", "update", "needs more"],
        ["three", "create", ""],
      ]);
      expect(await ofMain(`core/object-changes/?request_id=${log[0]?.request_id}`)).toEqual([]);

      await branch.act("sync");
      expect(await branch.list("ipam/vrfs/?name=of+main")).toHaveLength(1);
      expect(await branch.list("core/object-changes/")).toHaveLength(2);

      await branch.act("merge");
      expect(memoryOf(await ofMain(machines), "one")).toBe(2048);
      expect(await ofMain<Machine>(`${machines}?name=three`)).toMatchObject([{ id }]);
      const merged = await ofMain<Logged>(`core/object-changes/?request_id=${log[0]?.request_id}`);
      expect(merged).toMatchObject([
        { object_repr: "one", changed_object_id: idOf("one"), user_name: log[0]?.user_name, message: "" },
      ]);
      const late = await branch.call("GET", machines);
      expect([late.status, late.text]).toEqual([400, "Selected branch is not ready."]);
    });

    it("tells what conflicts with main, and is merged over it when asked", async () => {
      const branch = await TestBranch.make(systems, "conflict");
      await branch.write("PATCH", `${machines}${idOf("two")}/`, { memory: 4096 });
      await call(systems, "PATCH", `${machines}${idOf("two")}/`, { body: { memory: 1024 } });
      const diffs = (more: string) =>
        ofMain<object>(`plugins/branching/changes/?branch_id=${branch.id}&fields=object_repr,conflicts${more}`);
      expect(await diffs("")).toEqual([{ object_repr: "two", conflicts: ["memory"] }]);
      expect(await diffs("&has_conflicts=false")).toEqual([]);
      const merge = `plugins/branching/branches/${branch.id}/merge/`;
      const refused = await call(systems, "POST", merge, { body: { commit: true } });
      expect(refused.status).toBe(409);
      expect(JSON.parse(refused.text)).toMatchObject({
        detail: "All conflicts must be acknowledged before this action can proceed.",
        conflicts: [{ object_repr: "two", conflicts: ["memory"] }],
      });
      await branch.act("merge", { acknowledge_conflicts: true });
      expect(memoryOf(await ofMain(machines), "two")).toBe(4096);
      expect(await diffs("&has_conflicts=true")).toHaveLength(1);
    });

    it("shares custom fields and users with main, and has journal entries of its own", async () => {
      const branch = await TestBranch.make(systems, "shared");
      await branch.write("POST", "extras/custom-fields/", {
        name: "of_the_branch",
        type: "text",
        object_types: ["virtualization.virtualmachine"],
      });
      expect(await ofMain("extras/custom-fields/?name=of_the_branch")).toHaveLength(1);
      const about = { assigned_object_type: "netbox_branching.branch", assigned_object_id: branch.id };
      const entry = await call(systems, "POST", "extras/journal-entries/", {
        body: { ...about, comments: "a report" },
      });
      expect(entry.status).toBe(201);
      const entries = "extras/journal-entries/?assigned_object_type=netbox_branching.branch";
      expect(await ofMain(entries)).toHaveLength(1);
      expect(await branch.list(entries)).toEqual([]);
    });
  });
}
