import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { describe, expect, it } from "vitest";
import type { Deletion } from "../../../../providers/netbox/schemas";
import { heldResults, holdsInTheWay, holdsOf } from "../../../../stacks/site/desired/holds";
import type { Evidence, Undeclared } from "../../../../stacks/site/desired/removals";
import { netboxGuest, settingsWith } from "./example";
import { type Documented, documented, planOf } from "./siteworld";

const { site: settings } = settingsWith();
const tag = settings.holdTag;

/** Whatever people, or a broken import, may do to a guest in NetBox. */
const edits: fc.Arbitrary<Partial<Documented>> = fc.record(
  {
    name: fc.constantFrom("other", "not_a_host!", "g2", ""),
    tenant: fc.constantFrom("acme", "initech"),
    status: fc.constantFrom("active", "offline", "paused", "staged", "failed", "planned", "decommissioning", "odd"),
    memory: fc.constantFrom(8, 512, 1024, 65_536),
    customFields: fc.constantFrom(
      {},
      { proxmox_vmid: "one" },
      { proxmox_vmid: "100002" },
      { proxmox_vm_type: "lxc" },
      { proxmox_node: "b" },
      { proxmox_rebuild: 7 },
    ),
    context: fc.constantFrom({}, { proxmox: { brigde: "vmbr1" } }, { proxmox: { pool: "team", ha: "managed" } }),
    interfaces: fc.constantFrom<Documented["interfaces"]>(
      [],
      [{ name: "net0", mode: null, address: "10.0.0.200/24", allocated: false }],
      [{ name: "net3", mode: "access", address: undefined, allocated: false, asks: "role:none" }],
    ),
    disks: fc.constantFrom<Documented["disks"]>([], [{ name: "scsi0", size: 1024 }], [{ name: "Disk 1", size: 8 }]),
    dnsName: fc.constantFrom("", "www.lab.example", "g2.lab.example"),
  },
  { requiredKeys: [] },
);

describe("a guest that is held", () => {
  it("has no change and no problem, whatever NetBox says of it, and the others have theirs", () => {
    fc.assert(
      fc.property(edits, fc.boolean(), fc.boolean(), (edit, isBuilt, allocated) => {
        const first = documented(5).interfaces[0] ?? expect.unreachable("it has one");
        const before = documented(5, {
          interfaces: [allocated ? { ...first, allocated, asks: "10.0.0.0/24" } : first],
        });
        const plan = planOf({
          guests: [
            { ...before, ...edit, tags: [tag] },
            { ...documented(2), memory: 4096 },
          ],
          built: [...(isBuilt ? [before] : []), documented(2)],
        });
        expect(plan.problems).toEqual([]);
        // One that would be made may stand in another's way, which has what it has.
        expect([...plan.left.keys()].filter((id) => id === 5)).toEqual([]);
        expect(plan.changes.map(({ name, object, fields }) => [name, object, fields])).toEqual([
          ["g2", "VM", [{ name: "memory", before: 1024, after: 4096 }]],
        ]);
        expect(plan.kept.map(({ id }) => id)).toEqual(isBuilt ? [5] : []);
      }),
      { numRuns: 100 },
    );
  });
});

const undeclared = (netboxId: number): Undeclared => ({
  ...{ netboxId, name: `g${netboxId}`, cluster: "pve", vmid: netboxId, type: "qemu", netboxUrl: "https://nb" },
});
const deletion = (objectId: number, tagNames: string[], until?: string): Deletion => ({
  ...{
    isDeletion: true,
    objectType: "virtualization.virtualmachine",
    objectId,
    user: "anna",
    time: "2026-11-28 14:02",
  },
  ...{ tagNames, customFields: new Map([["proxmox_hold_until", until]]) },
});

describe("guests that are held", () => {
  it("are those that have the tag now, or had it when they were deleted", () => {
    const decommissioned = netboxGuest(2, "decommissioning", "2", [tag]);
    const evidence: Evidence = new Map([
      [2, { guest: decommissioned }],
      [3, { deletion: deletion(3, ["Proxmox Hold"], "2026-12-24") }],
      [4, { deletion: deletion(4, ["Web"]) }],
      [5, {}],
      [6, { deletion: deletion(6, ["Hands off!"]) }],
    ]);
    const guests = [
      ...[netboxGuest(1, "active", undefined, [tag]), decommissioned],
      ...[netboxGuest(7, "active"), netboxGuest(8, "planned", undefined, [tag])],
    ];
    const gone = { undeclared: [2, 3, 4, 5, 6].map(undeclared), evidence };
    const made = new Set([2, 3, 4, 5, 6]);
    expect([...holdsOf({ guests }, gone, made, settings).values()]).toEqual([
      { id: 1, name: "g1", isMade: false, isGoing: false, until: undefined },
      { id: 2, name: "g2", isMade: true, isGoing: true, until: undefined },
      { id: 3, name: "g3", isMade: true, isGoing: true, until: "2026-12-24" },
    ]);
    // A tag whose slug is not made from its name.
    expect([...holdsOf({ guests: [] }, gone, made, settings, "Hands off!").keys()]).toEqual([2, 3, 6]);
  });

  it("are told in every run, past their end as a warning", () => {
    const hold = { name: "web01", isMade: true, isGoing: false };
    const holds = new Map([
      [1, { ...hold, id: 1, until: "2026-11-29" }],
      [2, { ...hold, id: 2, until: "2026-11-28", isGoing: true }],
      [3, { ...hold, id: 3, until: undefined, isMade: false }],
      [4, { ...hold, id: 4, until: "Christmas" }],
    ]);
    const now = new Date("2026-11-29T23:00:00Z");
    const { results, warnings, notes } = heldResults(holds, { settings, netboxUrl: "https://nb", now });
    const url = (id: number) => `https://nb/virtualization/virtual-machines/${id}/`;
    expect(notes).toEqual([
      `web01 (${url(1)}) is held by the tag proxmox-hold until 2026-11-29: it is neither changed nor removed.`,
      `web01 (${url(3)}) is held by the tag proxmox-hold, and has no end date in proxmox_hold_until: it is not made.`,
    ]);
    expect(warnings).toEqual([
      `web01 (${url(2)}) is held by the tag proxmox-hold, whose end was 2026-11-28: it is neither changed nor removed, though NetBox says that it goes; take the tag away, or set a later date in proxmox_hold_until.`,
      `web01 (${url(4)}) is held by the tag proxmox-hold, and its end "Christmas" in proxmox_hold_until is no date: it is neither changed nor removed; write the date as YYYY-MM-DD.`,
    ]);
    expect(results.map(({ name, exception }) => [name, exception])).toEqual([
      ["web01", { tag, until: "2026-11-29" }],
      ["web01", undefined],
      ["web01", { tag }],
      ["web01", undefined],
    ]);
    expect(holdsInTheWay(holds, "https://nb", settings)[0]).toMatch(/a destroy would remove web01 .*take the tag off/);
    expect(holdsInTheWay(new Map(), "https://nb", settings)).toEqual([]);
  });
});
