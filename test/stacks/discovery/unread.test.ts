import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { undocumented } from "../../../bench/undocumented";
import { Discovering, rowOf } from "../../harness/discovering";
import { TestSystems } from "../../harness/systems";

// One guest, node or status that can't be read hides no other.

let systems: TestSystems;
let discovering: Discovering;
beforeEach(async () => {
  systems = await TestSystems.open(undocumented(6), {}, "lab");
  discovering = await Discovering.open(systems, { discovery: { site: "Lab" } });
});
afterEach(() => systems.close());

const fails = (call: string, status = 500) =>
  systems.lab.set({ setup: "call", system: "proxmox", call, how: "status", status, times: 99 });
const machines = () =>
  systems.clients.all<{ name: string; status: { value: string } }>("virtualization/virtual-machines");

describe("a guest that can't be read", () => {
  it("is alone in that: it is kept as it was, and told with the cause", async () => {
    const first = await discovering.run();
    expect(first.report.filter(({ change }) => change === "new")).not.toHaveLength(0);
    const before = await machines();
    fails("^GET .*/301/pending");
    await systems.clients.proxmox("PUT", "/nodes/pve1/qemu/300/config", { memory: 4096 });
    const second = await discovering.run();
    expect(second.report.filter(({ change }) => change === "unreachable")).toEqual([
      expect.objectContaining({
        vmid: 301,
        details: [expect.stringMatching(/^it could not be read \(500 .*\): kept as it was$/)],
      }),
    ]);
    expect(rowOf(second, 300)).toMatchObject({ change: "changed" });
    expect(await machines()).toHaveLength(before.length);
    systems.lab.set({ setup: "clear" });
    expect((await discovering.plan()).report.filter(({ change }) => change !== "same")).toEqual([]);
  });

  it("is not made where NetBox has nothing of it yet", async () => {
    fails("^GET .*/301/pending");
    const { report } = await discovering.run();
    expect(report.find(({ vmid }) => vmid === 301)).toMatchObject({ change: "unreachable" });
    expect(await machines()).toHaveLength(5);
  });
});

describe("a node that gives no answer though it is called online", () => {
  it("takes its own guests and interfaces out of the run, and is given up after the first tries", async () => {
    await discovering.run();
    const before = await machines();
    fails("^GET .*/nodes/pve2/", 595);
    systems.lab.log.clear();
    const { report, warnings } = await discovering.run();
    const guests = report.filter(({ vmid }) => vmid !== undefined);
    expect(new Set(guests.map(({ change }) => change))).toEqual(new Set(["same", "unreachable"]));
    expect(warnings.filter((text) => text.startsWith("Node pve2 of pve-lab could not be read (595"))).toHaveLength(1);
    expect(await machines()).toEqual(before);
  });
});
