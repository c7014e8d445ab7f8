import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Self } from "../../../providers/ownership/owner";
import { readSettings } from "../../../stacks/settings";
import { planSite } from "../../../stacks/site/plan";
import { siteStateIn } from "../../../stacks/state";
import { seedWith, TestSystems } from "../../harness/systems";

// The plan from the systems, without the engine.

describe("the plan of a site", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    const nic = "interfaces: [{ name: net0 }]";
    systems = await TestSystems.open(
      seedWith(
        [
          `- { name: sound, ${nic}, disks: [{ name: scsi0, size: 8192 }] }`,
          `- { name: over-cloudinit, ${nic}, disks: [{ name: scsi0, size: 8192 }, { name: ide2, size: 1024 }] }`,
        ].join("\n"),
      ),
      {},
      "lab",
    );
  });
  afterAll(() => systems.close());

  /** What a stack that has made nothing plans. */
  async function plan(changes: Record<string, unknown> = {}) {
    const given = systems.config(changes);
    const get = (key: string) => (given[key] === undefined ? undefined : JSON.stringify(given[key]));
    const settings = readSettings({ get }, Object.keys(systems.reach.proxmox));
    if ("problems" in settings) throw new Error(JSON.stringify(settings.problems));
    const context = systems.context();
    const self = new Self("netbox-proxmox/test", context.netbox.url);
    return planSite(context, settings.value, self, siteStateIn({ resources: [], outputs: {} }));
  }

  it("names a free slot for a virtual disk that would overwrite the template's cloud-init drive", async () => {
    const { guests, warnings } = await plan();
    expect(guests.map(({ name }) => name)).toEqual(["sound"]);
    expect(warnings.join("\n")).toMatch(
      /Left out: over-cloudinit \(\S+\): virtual disk ide2 stands where template 9000 \S+ has its cloud-init drive on Proxmox VE; rename it in NetBox to ide0, which is free\./,
    );
  });
});
