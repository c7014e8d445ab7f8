import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { templateHandler } from "../../providers/proxmox/nodes/template.handler";
import { TemplateSystems } from "../harness/templates";

// Every step over ssh is cut off, before and after it was done: the next run finishes it.

describe("a template that is built over ssh", () => {
  let there: TemplateSystems;

  beforeAll(async () => {
    there = await TemplateSystems.open();
  });
  afterAll(() => there.close());

  it.each(
    [1, 2, 3, 4, 5, 6].flatMap((step) => (["drop before", "drop after"] as const).map((how) => [how, step] as const)),
  )("is finished by the next run: %s of step %i", async (how, step) => {
    const wanted = there.inputs("ssh", { packages: ["qemu-guest-agent"], agent: true });
    let left = step;
    there.systems.lab.faults.watch = ({ system }, moment) =>
      system === "node" && moment === (how === "drop before" ? "arrived" : "done") && --left === 0 ? "drop" : undefined;
    const first = await templateHandler.create(wanted).then(
      () => "made",
      (error: unknown) => String(error),
    );
    there.systems.lab.faults.watch = undefined;
    expect(left).toBeLessThanOrEqual(0);
    expect(first).toMatch(/connection to Node pve1 of pve-lab .* broke|made/);
    const made = await templateHandler.create(wanted);
    expect(there.configOf(wanted.vmid)).toMatchObject({ template: 1, agent: "enabled=1" });
    expect(there.cluster.storages.owned(wanted.vmid)).toHaveLength(2);
    await templateHandler.delete(made.id, { ...made.state });
    expect(there.orphans()).toEqual([]);
  });

  it("goes on with a download that was cut off", async () => {
    there.images.asked.length = 0;
    there.images.cutAfter = 1000;
    const wanted = there.inputs("ssh");
    // The server can go on; where it answers the first try badly, the second begins anew.
    const made = await templateHandler.create(wanted).catch(() => templateHandler.create(wanted));
    expect(there.configOf(wanted.vmid).template).toBe(1);
    expect(there.images.asked.length).toBeGreaterThan(1);
    await templateHandler.delete(made.id, { ...made.state });
  });
});
