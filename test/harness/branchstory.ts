import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { branchWarnings } from "../../providers/netbox/branching/warnings";
import type { PlanReport } from "../../stacks/plan/report";
import { labEnvironment } from "../../tools/labstack";
import type { Stack, StackRun } from "../../tools/stack";
import { call, TestBranch } from "./branches";
import { runOps } from "./cli";
import { seedWith, TestSystems } from "./systems";

const guests = `
- name: web01
  vcpus: 1
  memory: 512
  disks: [{ name: scsi0, size: 8192 }]
  interfaces:
    - { name: net0, vlan: 71, addresses: [{ address: 10.71.0.11/24, dnsName: web01.lab.example }] }
- { name: app01, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: "vlan@4" } }] }
`;
const name = "bigger web01";
const machines = "virtualization/virtual-machines";
const plugin = "plugins/netbox-dns";

/** From a branch to what is applied: the whole way of a change that people review in NetBox. */
export function describeBranchStory(where: string): void {
  describe(`a branch of ${where}, from its first change to its end`, () => {
    let systems: TestSystems;
    let stack: Stack;
    let onBranch: Stack;
    let branch: TestBranch;
    const idOf = (guest: string) => systems.lab.guestIds.get(guest) ?? expect.unreachable(guest);
    const steps = (run: StackRun) => {
      expect(run.errors).toEqual([]);
      return run.steps.map(({ op, type, name: of }) => `${op} ${type} ${of}`).sort();
    };

    beforeAll(async () => {
      systems = await TestSystems.open(seedWith(guests), {}, "branching");
      const made = async (path: string, body: object) =>
        ((await systems.clients.netbox("POST", `${plugin}/${path}/`, body)) as { id: number }).id;
      const server = await made("nameservers", { name: "ns1.lab.example" });
      const soa = { nameservers: [server], soa_mname: server, soa_rname: "hostmaster.lab.example", default_ttl: 600 };
      for (const zone of ["lab.example", "71.10.in-addr.arpa"]) await made("zones", { name: zone, ...soa });
      stack = await systems.stack();
      onBranch = stack.with({ ...labEnvironment(systems.reach), NETBOX_PROXMOX_BRANCH: name });
      expect((await stack.up()).errors).toEqual([]);
      branch = await TestBranch.make(systems, name, "ticket 4711: it swaps");
    });
    afterAll(() => systems.close());

    it("without a change plans nothing, as it has what main has", async () => {
      expect(steps(await onBranch.preview("--refresh"))).toEqual([]);
    });

    it("shows what a merge would do, which main's plan knows nothing of", async () => {
      await branch.write("PATCH", `${machines}/${idOf("web01")}/`, { memory: 1024, changelog_message: "it swaps" });
      const [zone] = await branch.list<{ id: number }>(`${plugin}/zones/?name=lab.example`);
      await branch.write("POST", `${plugin}/records/`, {
        zone: zone?.id,
        name: "wiki",
        type: "A",
        value: "10.71.0.99",
      });
      type Nested = { id: number } | null;
      const [web01] = await branch.list<{ cluster: Nested; platform: Nested }>(`${machines}/?name=web01`);
      const vm = await branch.write<{ id: number }>("POST", `${machines}/`, {
        name: "new01",
        cluster: web01?.cluster?.id,
        platform: web01?.platform?.id,
        vcpus: 1,
        memory: 512,
      });
      await branch.write("POST", "virtualization/virtual-disks/", {
        virtual_machine: vm.id,
        name: "scsi0",
        size: 8192,
      });
      await branch.write("POST", "virtualization/interfaces/", { virtual_machine: vm.id, name: "net0" });
      const before = await systems.inventory();
      const planned = await onBranch.preview("--refresh");
      expect(steps(planned)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^update ProxmoxVm web01/),
          expect.stringMatching(/^create ProxmoxVm new01/),
          "create Bind9Record ns1/wiki.lab.example",
        ]),
      );
      const web = planned.steps.find(({ op, type }) => op === "update" && type === "ProxmoxVm");
      expect([web?.old.memory, web?.new.memory]).toEqual([512, 1024]);
      expect(steps(planned).filter((step) => /^(delete|replace)/.test(step))).toEqual([]);
      expect(steps(await stack.preview("--refresh"))).toEqual([]);
      // Neither plan wrote anything anywhere: no address, no record, no guest, and nothing into the branch.
      expect(await systems.inventory()).toBe(before);
      const own = await branch.list<{ user_name: string }>("core/object-changes/");
      expect(new Set(own.map(({ user_name: user }) => user)).size).toBe(1);
    });

    it("is planned without the engine, with its reasons, and posted on the branch", async () => {
      const { args, env } = stack.reach;
      const plan = await runOps(["plan", ...args, "--branch", name, "--json"], env);
      expect([plan.code, plan.err]).toEqual([2, ""]);
      const report: PlanReport = JSON.parse(plan.out);
      expect(report.branch).toEqual({
        name,
        url: `${systems.reach.netbox.url}/plugins/branching/branches/${branch.id}/`,
      });
      const web = report.changes.find(({ object, name: of }) => object === "VM" && of === "web01");
      expect(web?.fields).toContainEqual({ name: "memory", before: 512, after: 1024 });
      expect(web?.because).toMatchObject([{ reason: "netbox", message: "it swaps" }]);

      // The site's own token may not write into the journal.
      const denied = await runOps(["preview", ...args, "--branch", name], env, "pipeline");
      expect([denied.code, denied.err]).toEqual([
        0,
        expect.stringMatching(/test: the plan of the branch bigger web01 isn't on the branch in NetBox: .*permission/),
      ]);
      const posting = { ...env, NETBOX_API_TOKEN: systems.endpoints.netbox.token };
      const posted = await runOps(["preview", ...args, "--branch", name], posting, "pipeline");
      expect([posted.code, posted.err]).toEqual([0, expect.not.stringContaining("isn't on")]);
      const entries = await systems.clients.all<{ comments: string }>("extras/journal-entries");
      expect(entries.map(({ comments }) => comments)).toEqual([expect.stringMatching(/^\*\*netbox-proxmox: .*web01/s)]);
      expect(entries[0]?.comments).toContain("new01");
    });

    it("is never applied", async () => {
      const before = await systems.inventory();
      const refused = await onBranch.up("--refresh=false");
      expect(refused.code).not.toBe(0);
      expect(refused.output).toMatch(new RegExp(`branch ${name} of NetBox`));
      expect(await systems.inventory()).toBe(before);
      expect(steps(await stack.preview("--refresh"))).toEqual([]);
    });

    it("is told to need a sync once main went on", async () => {
      const context = () => systems.context({}, {}, systems.reach, { NETBOX_PROXMOX_BRANCH: name });
      const reader = context();
      expect(await branchWarnings(reader.netbox)).toEqual([]);
      await systems.clients.netbox("PATCH", `${machines}/${idOf("app01")}/`, { memory: 768 });
      expect(await branchWarnings(context().netbox)).toEqual([
        expect.stringMatching(/needs a sync: main got 1 change /),
      ]);
      expect((await stack.up()).errors).toEqual([]);
      await branch.act("sync");
      expect(await branchWarnings(context().netbox)).toEqual([]);
    });

    it("that is merged is main's, by whom and as what it was made", async () => {
      const own = await branch.list<{ request_id: string; object_repr: string; user_name: string }>(
        "core/object-changes/",
      );
      await branch.act("merge");
      const planned = steps(await stack.preview());
      expect(planned).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^update ProxmoxVm web01/),
          expect.stringMatching(/^create ProxmoxVm new01/),
          "create Bind9Record ns1/wiki.lab.example",
        ]),
      );
      const ofWeb = own.find(({ object_repr: text }) => text === "web01");
      const log = await call(systems, "GET", `core/object-changes/?request_id=${ofWeb?.request_id}`);
      expect(JSON.parse(log.text)).toMatchObject({ results: [{ object_repr: "web01", user_name: ofWeb?.user_name }] });

      expect((await stack.up()).errors).toEqual([]);
      expect(steps(await stack.preview("--refresh"))).toEqual([]);
      const web = (await systems.ourGuests()).find((guest) => guest.name === "web01");
      expect(web?.config.memory).toBe("1024");
      expect(await systems.newRecords()).toContain("wiki.lab.example. A 10.71.0.99");
    });
  });
}
