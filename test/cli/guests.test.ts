import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGuests, selectGuests, selectionOf } from "../../cli/guests";
import type { Context } from "../../providers/context";
import { untidySeed } from "../../tools/seeds";
import { NetboxCalls } from "../harness/netboxcalls";
import { TestSystems } from "../harness/systems";
import { settingsWith } from "../stacks/site/desired/example";

// Which object of NetBox a guest is shown with, where names, numbers and clusters repeat.

describe("guests as `ops` sees them", () => {
  let systems: TestSystems;
  let context: Context;
  let calls: NetboxCalls;
  const named = async (place: string) => {
    const read = await readGuests(context, settingsWith(), []);
    return read.guests.find(({ cluster, vmid }) => `${cluster.name}/${vmid}` === place)?.netbox?.id;
  };

  beforeAll(async () => {
    systems = await TestSystems.open(untidySeed(), {}, "lab");
    context = systems.context({}, {}, systems.endpoints);
    calls = new NetboxCalls(systems);
  }, 60_000);
  afterAll(() => systems.close());

  it("are each shown with their own cluster's, and named with their place where several have the name", async () => {
    const { guests, silent } = await readGuests(context, settingsWith(), []);
    expect(await named("berlin/201")).not.toBe(await named("hamburg/201"));
    expect(() => selectGuests(guests, selectionOf({ named: ["web01"] }, undefined), silent)).toThrow(
      "web01 is 2 guests: write berlin/201 or hamburg/201.",
    );
  });

  it("are shown with the oldest of several that have the VMID", async () => {
    const before = await named("berlin/204");
    const { id: cluster } = (await calls.ok("GET", "virtualization/clusters/?name=berlin")).results[0];
    await calls.make("virtualization/virtual-machines", {
      ...{ name: "later", cluster, status: "planned", custom_fields: { proxmox_vmid: "204", cost_centre: "IT" } },
    });
    expect(await named("berlin/204")).toBe(before);
  });

  it("are shown without NetBox's where a cluster is there twice", async () => {
    const { type } = (await calls.ok("GET", "virtualization/clusters/?name=hamburg")).results[0];
    const { id: cluster } = await calls.make("virtualization/clusters", { name: "hamburg", type: type.id });
    await calls.make("virtualization/virtual-machines", {
      ...{ name: "other", cluster, custom_fields: { proxmox_vmid: "201", cost_centre: "IT" } },
    });
    const read = await readGuests(context, settingsWith(), []);
    expect(read.problems.join()).toMatch(/^Cluster "hamburg" is in NetBox 2 times/);
    expect(await named("hamburg/201")).toBeUndefined();
    expect(await named("berlin/201")).toBeDefined();
  });
});
