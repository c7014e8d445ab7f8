import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Query, search, splitQuery } from "../../../providers/http/query";

const value = fc.oneof(fc.nat(10_000_000), fc.string({ unit: "grapheme", maxLength: 60 }));
const queries = fc.dictionary(
  fc.constantFrom("id", "name", "zone_id", "address", "cf_proxmox_node"),
  fc.oneof(value, fc.array(value, { maxLength: 400 })),
);
const room = fc.integer({ min: 700, max: 1900 });
const list = (query: Query): Record<string, string[]> => {
  const all: Record<string, string[]> = {};
  for (const [name, text] of search(query)) all[name] = [...(all[name] ?? []), text];
  return all;
};
/** Every combination of values that a query selects by. */
const combinations = (query: Query): string[] =>
  Object.entries(list(query)).reduce<string[]>(
    (before, [name, values]) => before.flatMap((each) => values.map((one) => `${each}&${name}=${one}`)),
    [""],
  );

describe("a query", () => {
  it("comes in parts that fit, whatever is in it", () => {
    fc.assert(
      fc.property(queries, room, (query, bytes) => {
        for (const part of splitQuery(query, bytes)) expect(`?${search(part)}`.length).toBeLessThanOrEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it("selects by its parts what it selects as a whole, and nothing twice by name", () => {
    const short = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 60 }).map((all) => [...new Set(all)]);
    fc.assert(
      fc.property(fc.record({ id: short, site: short }), fc.integer({ min: 60, max: 500 }), (query, bytes) => {
        const found = splitQuery(query, bytes).flatMap(combinations);
        expect(new Set(found)).toEqual(new Set(combinations(query)));
        expect(new Set(found).size).toBe(found.length);
      }),
      { numRuns: 60 },
    );
  });

  it("that fits stays as it is, and one value that never fits is left out", () => {
    const query = { cluster_id: [1, 2], tag: [], name: "web01" };
    expect(splitQuery(query, 100)).toEqual([query]);
    expect(splitQuery({ name: "x".repeat(200), type: "A" }, 100)).toEqual([{ type: "A" }]);
  });
});
