import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sitePermissions } from "../../../stacks/access/privileges";
import { planOf } from "../../harness/plan";
import { limitedNetboxToken } from "../../harness/rights";
import { seedWith, TestSystems } from "../../harness/systems";

// Policies over what the systems say: read only where one asks, and refused without the right to.

const seed = seedWith(`
- { name: web, memory: 2048, interfaces: [{ name: net0, vlan: 71 }], disks: [{ name: scsi0, size: 8192 }] }
- { name: db, memory: 4096, interfaces: [{ name: net0, vlan: 71 }], disks: [{ name: scsi0, size: 8192 }] }
- { name: later, status: planned }
`);

let systems: TestSystems;
const ids = new Map<string, number>();
beforeAll(async () => {
  systems = await TestSystems.open(seed, {}, "lab");
  for (const { id, name } of await systems.clients.all<{ id: number; name: string }>("virtualization/virtual-machines"))
    ids.set(name, id);
});
afterAll(() => systems.close());

const make = async (path: string, body: object) =>
  ((await systems.clients.netbox("POST", path, body)) as { id: number }).id;

const plan = (policies: string) => {
  const file = join(systems.folder, "policies.yml");
  writeFileSync(file, policies);
  return planOf(systems, { defaults: { template: 9000, bridge: "vmbr0" }, policies: { file } });
};
/** The requests of a plan that go to lists which only policies need. */
const asked = () =>
  systems.lab.log.calls
    .map(({ path }) => path)
    .filter((path) => /ipam\/services|contact-assignments|cluster\/backup/.test(path));

describe("policies of a site", () => {
  it("look at guests as they are to be, and refuse or warn", async () => {
    const { refused, warnings, policies } = await plan(`
policies:
  - { name: small, what: guest.memory <= 2048 && guest.isNew, message: "{guest.memory} MiB on {guest.node}", then: refuse }
  - { name: one disk, what: "guest.disks.size() == 1 && guest.disks[0].size == 8192 && guest.nics[0].bridge == 'vmbr0'", message: x, then: refuse }
  - { name: nothing new, for: change, what: change.action != "create", message: "{guest.name}", then: warn }
`);
    expect(refused).toEqual([
      expect.stringMatching(/^the policy small \(\S+policies\.yml:3:5\) does not hold for db \(/),
    ]);
    expect(refused[0]).toMatch(/4096 MiB on pve\d/);
    expect(warnings.filter((text) => text.includes("nothing new"))).toHaveLength(1);
    expect(policies.filter(({ policy }) => policy === "nothing new").map(({ message }) => message)).toContain("web");
    expect(asked()).toEqual([]);
  });

  it("know Services, contacts and backup jobs, asked for in a request each", async () => {
    const web = ids.get("web") ?? expect.unreachable("the seed has it");
    const parent = { parent_object_type: "virtualization.virtualmachine", parent_object_id: web };
    await make("ipam/services/", { ...parent, name: "https", protocol: "tcp", ports: [443] });
    const contact = await make("tenancy/contacts/", { name: "anna" });
    const role = await make("tenancy/contact-roles/", { name: "Admin", slug: "admin" });
    const of = { object_type: "virtualization.virtualmachine", object_id: web };
    await make("tenancy/contact-assignments/", { ...of, contact, role });
    const vmid = 100_000 + web;
    const job = { id: "nightly", schedule: "02:00", storage: "local", vmid: String(vmid) };
    await systems.clients.proxmox("POST", "/cluster/backup", job);
    systems.lab.log.clear();
    const { policies } = await plan(`
policies:
  - { use: owner }
  - { use: backup, where: guest.name != "later" }
  - { name: listens, what: "guest.services.exists(s, 443 in s.ports)", message: "no https", then: warn }
`);
    expect(policies.map(({ policy, name }) => [policy, name])).toEqual([
      ["owner", "db"],
      ["backup", "db"],
      ["listens", "db"],
    ]);
    expect(asked()).toHaveLength(3);
  });

  it("say which right is missing", async () => {
    const without = sitePermissions.filter(({ only }) => only !== "policies");
    await limitedNetboxToken(systems.clients, without);
    await expect(plan("policies: [{ use: owner }]")).rejects.toThrow(
      /policies\.yml looks at guest\.contacts, and the token may not see that: give it tenancy\.view_contactassignment in NetBox/,
    );
    await limitedNetboxToken(systems.clients, sitePermissions);
  });

  it("are refused with a mistake before anything is read, and where a file is named that isn't there", async () => {
    systems.lab.log.clear();
    await expect(plan("policies: [{ use: ownr }]")).rejects.toThrow(
      /^Nothing was changed, since \S+policies\.yml has a mistake:\n {2}\S+policies\.yml:1:19: policies\.0\.use names no ready policy: is owner meant\?$/,
    );
    expect(systems.lab.log.calls).toEqual([]);
    await expect(planOf(systems, { policies: { file: "none.yml" } })).rejects.toThrow(
      /There is no file none\.yml, which netbox-proxmox:policies\.file names/,
    );
  });

  it("stand beside what the plan leaves on nodes and storages", async () => {
    const { capacity } = await plan("policies: []");
    const added = capacity
      .filter(({ before, after }) => after > before)
      .map(({ kind, unit, before, after }) => ({ kind, unit, more: after - before }));
    // Two guests of 2 and 4 GiB, and their disks of 8 GiB.
    const sumOf = (kind: string) => added.filter((row) => row.kind === kind).reduce((all, { more }) => all + more, 0);
    expect(sumOf("node memory")).toBe(6144);
    expect(sumOf("storage")).toBeGreaterThanOrEqual(16);
    expect(capacity.filter(({ kind }) => kind === "node memory").every(({ total }) => total === 24 * 1024)).toBe(true);
  });
});
