import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../../providers/context";
import { Self } from "../../../providers/ownership/owner";
import { planDiscovery } from "../../../stacks/discovery/desired/plan";
import { readCluster, readNetboxView } from "../../../stacks/discovery/facts";
import { chosenClusters } from "../../../stacks/discovery/settings";
import { readSettings } from "../../../stacks/settings";
import { untidySeed } from "../../../tools/seeds";
import { NetboxCalls } from "../../harness/netboxcalls";
import { TestSystems } from "../../harness/systems";

// Custom fields that NetBox requires, and nobody gives discovery a value of.

describe("discovery into a NetBox that requires custom fields", () => {
  let systems: TestSystems;
  let context: Context;

  beforeAll(async () => {
    systems = await TestSystems.open(untidySeed(), {}, "lab");
    context = systems.context({}, {}, systems.endpoints);
  }, 60_000);
  afterAll(() => systems.close());

  async function plan(givenFields: Record<string, unknown>) {
    const config: Record<string, unknown> = systems.config({ discovery: { syncNodes: false } });
    const clusters = ["berlin", "hamburg"];
    const read = readSettings({ get: (key) => JSON.stringify(config[key]) }, clusters);
    if ("problems" in read) throw new Error(JSON.stringify(read.problems));
    const { discovery, site } = read.value;
    const chosen = chosenClusters(discovery, clusters);
    const self = new Self("netbox-proxmox/discovery", context.netbox.url);
    return planDiscovery({
      ...{ stack: self.stack, settings: discovery, site, chosen, known: new Map(), knownObjects: new Map() },
      ...{ now: new Date(0), givenFields },
      netbox: await readNetboxView(context.netbox, clusters, self, new Set(), false),
      views: await Promise.all(
        clusters.map((name) => readCluster(context.cluster(name), chosen.get(name) ?? {}, 5, [])),
      ),
    });
  }

  it("leaves out in the plan who lacks one, and says once what to do", async () => {
    const { problems, warnings, report, declared } = await plan({});
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^NetBox requires the custom field cost_centre of a virtual machine, and nothing says it of .*pihole.*, which are left out: set netbox-proxmox:netbox\.customFields\.cost_centre to the value that it is to have, or give it a default in NetBox\.$/,
      ),
    ]);
    const pihole = report.find(({ name }) => name === "pihole");
    expect(pihole).toMatchObject({
      change: "conflicting",
      details: ["NetBox requires the custom field cost_centre of a virtual machine"],
    });
    const machines = declared.filter(({ kind }) => kind === "machine").map(({ args }) => args.fields?.name);
    expect(machines).not.toContain("pihole");
    // Those that have it go on.
    expect(machines.length).toBeGreaterThan(3);
    expect((await plan({ cost_centre: "0" })).warnings).toEqual([]);
  });

  // netbox-sync#10 and #472: names are one tenant's, and NetBox lets two have the same.
  it("leaves two tenants' guests of one name their names", async () => {
    const calls = new NetboxCalls(systems);
    const rows = (await calls.ok("GET", "virtualization/virtual-machines/?name=web01")).results;
    const { id } = rows.find(({ tenant }: { tenant: { name: string } | null }) => tenant?.name === "Sales");
    await calls.ok("PATCH", `virtualization/virtual-machines/${id}/`, { custom_fields: { proxmox_vmid: "305" } });
    const { report } = await plan({ cost_centre: "0" });
    for (const vmid of [201, 305]) {
      const row = report.find((each) => each.cluster === "berlin" && each.vmid === vmid);
      expect(row?.name).toBe("web01");
      expect(row?.details.join()).not.toMatch(/\bname: /);
    }
  });

  it("stops where what all need lacks one", async () => {
    const calls = new NetboxCalls(systems);
    await calls.make("extras/custom-fields", {
      name: "owner",
      type: "text",
      required: true,
      object_types: ["ipam.prefix"],
    });
    // A network that NetBox has no prefix for.
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu", {
      ...{
        vmid: 7000,
        name: "far",
        memory: 64,
        net0: "virtio=BC:24:11:00:70:00,bridge=vmbr0",
        ipconfig0: "ip=203.0.113.5/24",
      },
    });
    const { problems } = await plan({ cost_centre: "0" });
    expect(problems).toEqual([
      expect.stringMatching(
        /^NetBox requires the custom field owner of a prefix, and this run makes 203\.0\.113\.0\/24: set netbox-proxmox:netbox\.customFields\.owner to/,
      ),
    ]);
  });
});
