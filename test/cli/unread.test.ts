import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readGuests } from "../../cli/guests";
import { listSnapshots } from "../../cli/snapshots";
import { listTasks } from "../../cli/tasks";
import { listTemplates } from "../../cli/templates";
import type { Context } from "../../providers/context";
import { readInventory } from "../../stacks/inventory/facts";
import { readSettings } from "../../stacks/settings";
import { demoSeed, TestSystems } from "../harness/systems";

// Commands that look at every guest, node and storage go on without the one that can't be read, and say so.

let systems: TestSystems;
let context: Context;
const settings = () => {
  const read = readSettings({ get: () => undefined }, ["pve-lab"]);
  return "value" in read ? read.value : expect.unreachable();
};
beforeAll(async () => {
  systems = await TestSystems.open(demoSeed(), {}, "lab");
  context = systems.context({}, {}, systems.endpoints);
});
afterEach(() => systems.lab.set({ setup: "clear" }));
afterAll(() => systems.close());

const fails = (call: string, status = 500) =>
  systems.lab.set({ setup: "call", system: "proxmox", call, how: "status", status, times: 99 });

describe("a command that looks at everything", () => {
  it("lists the tasks of the nodes that answer", async () => {
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/9000/clone", { newid: 700, name: "x" });
    fails("^GET .*/nodes/pve2/tasks", 595);
    const filter = { clusters: [], nodes: [], running: false, failed: false, limit: 50 };
    const { tasks, problems } = await listTasks(context, filter);
    expect(tasks.some(({ type }) => type === "qmclone")).toBe(true);
    expect(problems).toEqual([expect.stringMatching(/^Nodes of pve-lab whose tasks could not be read: pve2 \(595/)]);
  });

  it("lists the snapshots of the guests that can be read", async () => {
    const { guests } = await readGuests(context, settings(), []);
    fails("^GET .*/9000/snapshot");
    const { problems } = await listSnapshots(guests);
    expect(problems).toEqual([expect.stringMatching(/pve-lab\/9000\): its snapshots could not be read: .*500/)]);
  });

  it("lists the templates that can be read, and the others without what is not known", async () => {
    fails("^GET .*/9000/pending");
    fails("^GET .*/storage/local/content");
    const { found, problems } = await listTemplates(context, settings().site.customFields, Date.now());
    expect(found.map(({ id }) => id)).toContain("9000");
    expect(problems).toEqual([expect.stringMatching(/^Of pve-lab could not be read: .*9000/)]);
  });

  it("draws the graph of the guests that can be read, and removes nothing of that cluster", async () => {
    fails("^GET .*/9000/pending");
    const { graph, problems } = await readInventory(context, settings());
    expect(graph.nodes.length).toBeGreaterThan(5);
    expect(problems).toEqual([expect.stringMatching(/^1 guest of pve-lab could not be read: 9000 \(500/)]);
  });
});
