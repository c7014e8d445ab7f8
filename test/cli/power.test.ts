import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readGuests, type SeenGuest } from "../../cli/guests";
import { type PowerAction, powerAll, printPower } from "../../cli/power";
import type { Context } from "../../providers/context";
import { printMark } from "../../providers/ownership/mark";
import { seedWith, TestSystems } from "../harness/systems";
import { settingsWith } from "../stacks/site/desired/example";

// What is said of NetBox and of the next `up` where a NetBox has statuses of its own.

const names = ["served", "parked", "odd"];
const statuses = { serving: "active", maintenance: "offline" } as const;
let systems: TestSystems;
let context: Context;
beforeAll(async () => {
  const seed = seedWith(
    names.map((name, n) => `- { name: ${name}, customFields: { proxmox_vmid: "${700 + n}" } }`).join("\n"),
  );
  seed.netbox.fieldChoices = { "virtualization.virtualmachine.status": ["serving", "maintenance", "retired"] };
  const lab = seed.proxmox["pve-lab"] ?? expect.unreachable("the demo has it");
  const mark = printMark({ stack: "netbox-proxmox/prod", netboxUrl: "https://nb.example", netboxId: 1 });
  for (const [n, name] of names.entries())
    lab.guests.push({
      ...{ vmid: 700 + n, type: "qemu", node: "pve1", template: false, running: n === 0 },
      config: { name, memory: 64, ...(name === "parked" ? {} : { description: mark }) },
    });
  systems = await TestSystems.open(seed, {}, "lab");
  context = systems.context({}, {}, systems.endpoints);
  await write("served", "serving");
  await write("parked", "maintenance");
  await write("odd", "retired");
});
afterAll(() => systems.close());
afterEach(() => systems.lab.set({ setup: "clear" }));

async function write(name: string, status: string): Promise<void> {
  const { id } = await systems.clients.vm(name);
  await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { status });
}
const statusOf = async (name: string) => (await systems.clients.vm(name)).status.value;

/** What an action says of a guest. */
async function said(action: PowerAction, name: string, record = false): Promise<string> {
  const { guests } = await readGuests(context, settingsWith({ site: { statuses } }), []);
  const chosen = guests.filter((guest: SeenGuest) => guest.netbox?.name === name);
  expect(chosen).toHaveLength(1);
  return printPower(await powerAll(context, chosen, action, { record, parallel: 1 }), action).join("\n");
}

describe("a status of a NetBox's own", () => {
  it("means what site.statuses says: nothing is undone that it says itself", async () => {
    expect(await said("start", "served")).not.toContain("NetBox");
    expect(await said("stop", "parked")).not.toContain("NetBox");
  });

  it("is undone by the up of the stack whose mark is on the guest, and by none where there is no mark", async () => {
    expect(await said("stop", "served")).toMatch(
      /says serving: the next `up` of netbox-proxmox\/prod would undo this; --record writes offline$/,
    );
    await said("start", "served");
    expect(await said("start", "parked")).toMatch(
      /says maintenance; no `up` undoes this, as no stack's mark is on the guest; --record writes active$/,
    );
    await said("stop", "parked");
  });

  it("without a meaning is left, and not written over", async () => {
    expect(await said("start", "odd", true)).toMatch(/says retired, which is left as it is$/);
    expect(await statusOf("odd")).toBe("retired");
  });

  it("gives way to the usual one by --record, or to another of its own where NetBox has no usual one any more", async () => {
    expect(await said("stop", "served", true)).toMatch(/NetBox said serving, and says offline now$/);
    expect(await statusOf("served")).toBe("offline");
    const call = "^PATCH .*virtual-machines";
    systems.lab.set({ setup: "call", system: "netbox", call, how: "status", status: 400 });
    expect(await said("start", "served", true)).toMatch(/NetBox said offline, and says serving now$/);
    expect(await statusOf("served")).toBe("serving");
  });
});
