import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Vlans } from "../../../stacks/netbox/vlans";

describe("the index of VLANs", () => {
  it("gives the VLANs of a VID by their ids, as a look at each one does", () => {
    const vids = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 });
    fc.assert(
      fc.property(vids, fc.integer({ min: 1, max: 6 }), (all, wanted) => {
        const vlans = all.map((vid, n) => ({ id: 100 - n, vid, name: `vlan-${n}` }));
        const expected = vlans.filter(({ vid }) => vid === wanted).sort((a, b) => a.id - b.id);
        expect(new Vlans(vlans).withVid(wanted)).toEqual(expected);
      }),
    );
  });

  it("gives those of a cluster's place the same, whatever stands at other places", () => {
    const vlan = fc.record({
      vid: fc.integer({ min: 1, max: 3 }),
      siteId: fc.constantFrom(undefined, 1, 2),
      groupId: fc.constantFrom(undefined, 8, 9),
    });
    const named = (id: number | undefined) => (id === undefined ? null : { id });
    const groups = [
      { id: 8, scope_type: "dcim.site", scope_id: 2 },
      { id: 9, scope_type: "virtualization.cluster", scope_id: 5 },
    ];
    const place = { clusterId: 4, clusterGroupId: undefined, siteId: 1 };
    fc.assert(
      fc.property(fc.array(vlan, { maxLength: 20 }), fc.integer({ min: 1, max: 3 }), (all, vid) => {
        const rows = all.map((each, n) => ({
          ...{ id: n + 1, vid: each.vid, name: "same", site: named(each.siteId), group: named(each.groupId) },
        }));
        const here = rows.filter(({ group, site }) => group === null && site?.id !== 2);
        expect(new Vlans(rows, groups).at(vid, place)).toEqual(new Vlans(here, groups).at(vid, place));
      }),
      { numRuns: 300 },
    );
  });
});
