import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absolute } from "../../../providers/dns/names";
import { Zones } from "../../../providers/dns/zones";

const label = fc.constantFrom("a", "b", "Example", "arpa", "1");
const name = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([labels, isAbsolute]) => labels.join(".") + (isAbsolute ? "." : ""));

describe("zones", () => {
  it("find a name's zone as a look at each zone does: the longest that ends it, the first of a name", () => {
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), name, (zones, wanted) => {
        const full = absolute(wanted);
        const [longest] = zones
          .map((zone, n) => ({ zone: absolute(zone), kept: n }))
          .filter(({ zone }) => full === zone || full.endsWith(`.${zone}`))
          .sort((a, b) => b.zone.length - a.zone.length);
        expect(new Zones(zones.map((zone, n) => [zone, n])).of(wanted)).toEqual(longest);
      }),
      { numRuns: 500 },
    );
  });

  it("don't take the end of a label for a zone", () => {
    const zones = new Zones([
      ["example.com", 1],
      ["b.example.com.", 2],
    ]);
    expect(zones.of("a.b.example.com")).toEqual({ zone: "b.example.com.", kept: 2 });
    expect(zones.of("notexample.com")).toBeUndefined();
    expect(zones.of(".")).toBeUndefined();
  });
});
