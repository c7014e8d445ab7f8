import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { sitePermissions } from "../../stacks/access/privileges";
import { withReasons } from "../../stacks/because";
import type { Because, Change, NetboxRef } from "../../stacks/plan/change";
import { readSettings } from "../../stacks/settings";
import { aboutFrom } from "../../stacks/site/desired/about";
import type { NetboxFacts } from "../../stacks/site/desired/types";
import { readNetbox } from "../../stacks/site/facts";
import { ownWrites } from "../harness/changelog";
import { seedWith, TestSystems } from "../harness/systems";

// The reasons of changes, read from the lab's NetBox and Proxmox VE as a run reads them.

interface Made {
  id: number;
}

describe("reasons", () => {
  let systems: TestSystems;
  let context: Context;
  let facts: NetboxFacts;
  let web: number;
  const cluster = () => context.proxmox[0]?.name ?? "";
  const settings = () => {
    const read = readSettings({ get: () => undefined }, [cluster()]);
    if ("problems" in read) throw new Error(JSON.stringify(read.problems));
    return read.value;
  };
  const given = () => ({ customFields: settings().site.customFields, own: { ...ownWrites, vmids: new Map() } });
  const change = (fields: string[], from: NetboxRef[], more: Partial<Change> = {}): Change => ({
    ...{ object: "VM", name: "web01", system: "Proxmox VE", action: "update", effects: [], from, ...more },
    fields: fields.map((name) => ({ name, before: 1, after: 2 })),
  });
  const ofGuest = (id: number) =>
    aboutFrom(facts)({
      type: "ProxmoxVm",
      properties: { mark: { stack: "netbox-proxmox/test", netboxUrl: facts.url, netboxId: id } },
    });
  const reasons = async (
    changes: Change[],
    since: Date,
    more: Partial<Parameters<typeof withReasons>[3]> = {},
  ): Promise<Because[][]> => {
    systems.lab.log.clear();
    const found = await withReasons(context, changes, since, { ...given(), ...more });
    return found.map(({ because = [] }) => because);
  };
  const requests = (system: "netbox" | "proxmox") =>
    systems.lab.log.calls.filter((call) => call.system === system).map(({ path }) => path);
  const patch = (path: string, body: object) => systems.clients.netbox("PATCH", path, body);
  const machinePath = (id: number) => `virtualization/virtual-machines/${id}/`;

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith(`- { name: web01, disks: [{ name: scsi0, size: 10240 }], interfaces: [{ name: net0 }] }
- { name: db01, disks: [{ name: scsi0, size: 10240 }], interfaces: [{ name: net0 }] }`),
      {},
      "lab",
    );
    context = systems.context();
    await context.netbox.status();
    facts = await readNetbox(context.netbox, [cluster()], settings());
    web = facts.guests.find(({ name }) => name === "web01")?.id ?? 0;
  });
  afterEach(() => {
    systems.lab.set({ setup: "netbox-page-size", size: 1000 });
  });
  afterAll(() => systems.close());

  it("are found in NetBox's change log, by two requests where little changed", async () => {
    const since = new Date();
    const [disk] = facts.disks.filter(({ guestId }) => guestId === web);
    await patch(machinePath(web), { memory: 8192, changelog_message: "ticket 4711" });
    await patch(`virtualization/virtual-disks/${disk?.id}/`, { size: 20480 });
    const [found] = await reasons([change(["memory", "disks"], ofGuest(web))], since);
    expect(found).toEqual([
      expect.objectContaining({ reason: "netbox", user: "admin", action: "update", object: "virtual disk scsi0" }),
      expect.objectContaining({ reason: "netbox", object: "VM web01", message: "ticket 4711" }),
    ]);
    const [log = "", who = ""] = requests("netbox").sort();
    expect(requests("netbox")).toHaveLength(2);
    expect(who + log).toContain("/api/core/object-changes/?time_after=");
    expect(log + who).toContain("/api/authentication-check/");
    // The page of an entry is the one that people look at.
    const [url = ""] = (found ?? []).flatMap((each) => (each.reason === "netbox" ? [each.url] : []));
    expect(url).toMatch(new RegExp(`^${facts.url}/core/changelog/\\d+/$`));
  });

  it("count nothing from before the last run", async () => {
    await patch(machinePath(web), { memory: 9216 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await reasons([change(["memory"], ofGuest(web))], new Date())).toEqual([[{ reason: "unknown" }]]);
  });

  it("cost a request more for each further page", async () => {
    const since = new Date();
    for (let n = 0; n < 9; n++) await patch(machinePath(web), { memory: 1024 + n });
    systems.lab.set({ setup: "netbox-page-size", size: 5 });
    const [found] = await reasons([change(["memory"], ofGuest(web))], since);
    expect(found).toHaveLength(1);
    // Nine entries: a page of five, and the next, which begins with the last one of that.
    expect(requests("netbox").filter((path) => path.includes("object-changes"))).toHaveLength(2);
  });

  it("are asked for object by object where the log has more than twenty pages", async () => {
    const since = new Date();
    const { id: tag } = (await systems.clients.netbox("POST", "extras/tags/", { name: "t", slug: "t" })) as Made;
    for (let n = 0; n < 60; n++) await patch(`extras/tags/${tag}/`, { description: `${n}` });
    await patch(machinePath(web), { memory: 4096 });
    systems.lab.set({ setup: "netbox-page-size", size: 3 });
    const [found] = await reasons([change(["memory"], ofGuest(web))], since);
    expect(found).toMatchObject([{ reason: "netbox", object: "VM web01" }]);
    const asked = requests("netbox").filter((path) => path.includes("object-changes"));
    const [first = "", ...others] = asked;
    expect(first).not.toContain("changed_object_id=");
    expect(others.every((path) => path.includes("changed_object_type=") && path.includes("changed_object_id="))).toBe(
      true,
    );
    expect(others.length).toBeLessThanOrEqual(new Set(ofGuest(web).map((ref) => ref.split("/")[0])).size);
    // The ids of many objects stand in as many URLs as they need.
    const many = Array.from({ length: 400 }, (_, n): NetboxRef => `virtualization.virtualmachine/${1_000_000 + n}`);
    await reasons([change(["memory"], [...many, ...ofGuest(web)])], since);
    for (const path of requests("netbox")) expect(path.length).toBeLessThan(2000);
  });

  it("are unknown, with the right that is missing, for a token that may not see the log", async () => {
    const permissions = sitePermissions.filter(({ objectTypes }) => !objectTypes.includes("core.objectchange"));
    const reach = await systems.reachAs("blind", [], permissions);
    const blind = systems.context({}, {}, reach);
    await patch(machinePath(web), { memory: 2048 });
    const found = await withReasons(blind, [change(["memory"], ofGuest(web))], new Date(0), given());
    expect(found[0]?.because).toEqual([{ reason: "unknown", right: "core.view_objectchange" }]);
    systems.context();
  });

  it("are not what the run itself wrote by its token", async () => {
    const since = new Date();
    const own = { ...given().own, vmids: new Map([[web, 100_001]]) };
    await context.netbox.change("virtualization/virtual-machines", web, z.object({ id: z.number() }), "id", () => ({
      custom_fields: { proxmox_vmid: "100001" },
    }));
    const asked = change(["vmid"], ofGuest(web), { object: "NetBox object", system: "NetBox" });
    expect(await reasons([asked], since, { own })).toEqual([[{ reason: "unknown" }]]);
  });

  it("name who deleted a guest, by the state's word of it alone", async () => {
    const since = new Date();
    const db = facts.guests.find(({ name }) => name === "db01")?.id ?? 0;
    await systems.clients.netbox("DELETE", machinePath(db), undefined);
    const after = await readNetbox(context.netbox, [cluster()], settings());
    const gone = aboutFrom(after)({
      type: "ProxmoxVm",
      properties: { mark: { stack: "netbox-proxmox/test", netboxUrl: facts.url, netboxId: db } },
    });
    expect(gone).toEqual([`virtualization.virtualmachine/${db}`]);
    const [found] = await reasons([change([], gone, { action: "delete" })], since);
    expect(found).toMatchObject([{ reason: "netbox", action: "delete", object: "VM db01", user: "admin" }]);
  });

  it("of drift have the task that did it, by one request a node", async () => {
    const since = new Date(Date.now() - 1000);
    const [node] = (await systems.clients.proxmox<{ node: string }[]>("GET", "/nodes")).map((each) => each.node);
    await systems.clients.proxmox("POST", `/nodes/${node}/qemu`, { vmid: 777, name: "hand", memory: 512 });
    await systems.clients.proxmox("POST", `/nodes/${node}/qemu/777/status/start`);
    const drift = { fields: ["power"], guest: { cluster: cluster(), vmid: 777 } };
    const urn = "urn:pulumi:test::netbox-proxmox::vm::hand";
    const drifted = new Map([[urn, drift]]);
    const powered = change(["power"], [], { urn });
    const [found] = await reasons([powered], since, { drifted });
    expect(found).toMatchObject([{ reason: "drift", task: { type: "qmstart", user: "pulumi@pve!lab" } }]);
    const nodes = requests("proxmox").filter((path) => path.includes("/tasks"));
    expect(new Set(nodes).size).toBe(nodes.length);
    const all = await systems.clients.proxmox<unknown[]>("GET", "/nodes");
    expect(nodes).toHaveLength(all.length);
    const [put] = await reasons([change(["memory"], [], { urn })], since, {
      drifted: new Map([[urn, { ...drift, fields: ["memory"] }]]),
    });
    expect(put).toMatchObject([{ reason: "drift", task: { type: "qmcreate" } }]);
  });
});
