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
});
