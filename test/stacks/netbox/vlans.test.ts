import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeOfCluster, Vlans } from "../../../stacks/netbox/vlans";

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

  // netbox#7381, netbox#7753 and netbox-sync#471: groups of locations, regions and site groups; a VID that another site has, too.
  it("gives those of the narrowest place that the cluster is in, whatever kind of place that is", () => {
    const places = {
      locations: [
        { id: 1, site: { id: 1 }, parent: null },
        { id: 2, site: { id: 1 }, parent: { id: 1 } },
        { id: 3, site: { id: 2 }, parent: null },
      ],
      sites: [
        { id: 1, region: { id: 2 }, group: { id: 1 } },
        { id: 2, region: { id: 3 }, group: null },
      ],
      regions: [
        { id: 1, parent: null },
        { id: 2, parent: { id: 1 } },
        { id: 3, parent: { id: 1 } },
      ],
      siteGroups: [{ id: 1, parent: null }],
    };
    const group = (id: number, type: string, scope: number) => ({ id, scope_type: `dcim.${type}`, scope_id: scope });
    const groups = [
      group(1, "location", 1),
      group(2, "location", 3),
      group(3, "site", 1),
      group(4, "region", 1),
      group(5, "region", 3),
      group(6, "sitegroup", 1),
    ];
    const found = (scope: [string, number] | undefined, ...groupIds: (number | undefined)[]) => {
      const vlans = groupIds.map((id, n) => ({
        ...{ id: n + 1, vid: 10, name: "same", site: null, group: id === undefined ? null : { id } },
      }));
      const cluster = { id: 9, scope_type: scope && `dcim.${scope[0]}`, scope: scope && { id: scope[1] } };
      return new Vlans(vlans, groups, places).at(10, placeOfCluster(cluster, places)).map(({ id }) => groupIds[id - 1]);
    };
    expect(found(["location", 2], 1, 3, 4, undefined)).toEqual([1]);
    expect(found(["location", 2], 2, 3, 4, undefined)).toEqual([3]);
    expect(found(["location", 2], 2, 5, 6, undefined)).toEqual([6]);
    expect(found(["site", 1], 2, 4, undefined)).toEqual([4]);
    expect(found(["site", 1], 2, 5)).toEqual([]);
    expect(found(["site", 1], 5, undefined)).toEqual([undefined]);
    // What is at a place within the cluster's, or at any place of a cluster of none, may be its.
    expect(found(["region", 1], 3)).toEqual([3]);
    expect(found(["region", 1], 3, 5)).toEqual([3, 5]);
    expect(found(undefined, 3, 2)).toEqual([3, 2]);
  });
});
