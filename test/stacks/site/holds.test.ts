import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ObjectPermission, sitePermissions } from "../../../stacks/access/privileges";
import { planOf, planStack, stateWith } from "../../harness/plan";
import { limitedNetboxToken } from "../../harness/rights";
import { seedWith, TestSystems } from "../../harness/systems";

// A guest with the hold tag is kept on Proxmox VE though NetBox has it decommissioned, or no more.

const guests = `
- { name: one, interfaces: [{ name: net0, vlan: 71 }] }
- { name: other, status: planned }
`;
const settings = { defaults: { template: 9000, bridge: "vmbr0" } };

let systems: TestSystems;
let id: number;
beforeEach(async () => {
  systems = await TestSystems.open(seedWith(guests), {}, "lab");
  const [found] = await systems.clients.all<{ id: number }>("virtualization/virtual-machines", "&name=one");
  id = found?.id ?? expect.unreachable("the seed has it");
});
afterEach(() => systems.close());

const path = () => `virtualization/virtual-machines/${id}/`;
const hold = async (name: string) => {
  await systems.clients.netbox("POST", "extras/tags/", { name, slug: "proxmox-hold" });
  await systems.clients.netbox("PATCH", path(), { tags: [{ slug: "proxmox-hold" }] });
};

const guestResource = {
  ...{ type: "NetboxGuest", token: "pulumi-nodejs:dynamic/netbox:NetboxGuest", name: "guest-one", id: "one" },
} as const;

/** A state that has the guest, as a run left it that built it. */
const built = () => {
  const mark = { stack: planStack, netboxUrl: systems.reach.netbox.url, netboxId: id };
  const last = { cluster: "pve-lab", vmid: 5000, name: "one", networks: {}, disks: {} };
  return stateWith({
    guests: new Map([[id, { type: "qemu", name: "one", cluster: "pve-lab", vmid: 5000, last }]]),
    netboxGuests: new Set([id]),
    resources: [{ ...guestResource, properties: { mark, derived: true, vmid: 5000 } }],
  });
};

describe("a guest that is held", () => {
  it.each([
    ["Proxmox hold", []],
    // Its slug does not come of its name, which the token may look up.
    ["Hands off", [{ objectTypes: ["extras.tag"], actions: ["view"] } satisfies ObjectPermission]],
  ])("is kept where it is decommissioned, and where it was deleted in NetBox: %s", async (name, more) => {
    await limitedNetboxToken(systems.clients, [...sitePermissions, ...more]);
    await hold(name);
    await systems.clients.netbox("PATCH", path(), { status: "decommissioning" });
    const decommissioned = await planOf(systems, settings, built());
    await systems.clients.netbox("DELETE", path());
    const deleted = await planOf(systems, settings, built());
    for (const { kept, guests, notes, policies, orphans } of [decommissioned, deleted]) {
      expect([guests, orphans]).toEqual([[], []]);
      expect(kept.map((each) => [each.id, each.netbox?.vmid])).toEqual([[id, 5000]]);
      expect(notes).toEqual([
        expect.stringMatching(
          /^one \(\S+\) is held by the tag proxmox-hold.*neither changed nor removed, though NetBox/,
        ),
      ]);
      expect(policies).toMatchObject([{ policy: "hold", name: "one", exception: { tag: "proxmox-hold" } }]);
    }
  });

  it("goes once its tag is taken away", async () => {
    await hold("Proxmox hold");
    await systems.clients.netbox("PATCH", path(), { tags: [], status: "decommissioning" });
    const { kept, notes, policies } = await planOf(systems, settings, built());
    expect([kept, policies]).toEqual([[], []]);
    expect(notes).toEqual([expect.stringMatching(/one .*decommissioning/)]);
  });

  it("is not made where it is not there", async () => {
    await hold("Proxmox hold");
    const { kept, guests, notes } = await planOf(systems, settings);
    expect([kept, guests]).toEqual([[], []]);
    expect(notes).toEqual([expect.stringMatching(/has no end date in proxmox_hold_until: it is not made\.$/)]);
  });
});
