import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absolute } from "../../../providers/dns/names";
import { classlessOf, pointedAddress, Zones } from "../../../providers/dns/zones";

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

  it("know classless reverse zones in both spellings, and put a PTR into the narrowest that holds its address", () => {
    const range = (first: number, last: number) => ({ parent: "2.0.192.in-addr.arpa.", first, last });
    const cases: [string, ReturnType<typeof range> | undefined][] = [
      ["0/25", range(0, 127)],
      ["0-25", range(0, 127)],
      ["128/26", range(128, 191)],
      ["0-127", range(0, 127)],
      ["64-95", range(64, 95)],
      ["0-31", range(0, 31)],
      ["5/32", range(5, 5)],
      ["3/25", undefined],
      ["0/24", undefined],
      ["9-5", undefined],
      ["0-256", undefined],
    ];
    for (const [text, wanted] of cases) expect(classlessOf(`${text}.2.0.192.in-addr.arpa`), text).toEqual(wanted);
    expect(classlessOf("0-25.example.com")).toBeUndefined();
    const zones = new Zones([
      ["2.0.192.in-addr.arpa", "parent"],
      ["0/25.2.0.192.in-addr.arpa", "half"],
      ["16-31.2.0.192.in-addr.arpa.", "narrow"],
      ["8.b.d.0.1.0.0.2.ip6.arpa", "six"],
    ]);
    const at = (address: string) => {
      const found = zones.pointer(address);
      return found && [found.name, found.kept];
    };
    expect(at("192.0.2.5/24")).toEqual(["5.0/25.2.0.192.in-addr.arpa.", "half"]);
    expect(at("192.0.2.20")).toEqual(["20.16-31.2.0.192.in-addr.arpa.", "narrow"]);
    expect(at("192.0.2.200")).toEqual(["200.2.0.192.in-addr.arpa.", "parent"]);
    expect(at("2001:db8::1")?.[1]).toBe("six");
    expect(at("198.51.100.1")).toBeUndefined();
    for (const address of ["192.0.2.5", "192.0.2.20", "192.0.2.200"])
      expect(pointedAddress(zones.pointer(address)?.name ?? "")).toBe(address);
    expect(pointedAddress("www.example.com.")).toBeUndefined();
  });
});
