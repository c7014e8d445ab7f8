import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NetboxAddress, NetboxPrefix, NetboxRange } from "../../../providers/netbox/schemas";
import { addressOf, canonical, holds, lengthOf } from "../../../stacks/netbox/address";
import { Hosts, Ipam, Prefixes } from "../../../stacks/netbox/ipam";

// What the indexes answer is what a look at every object answers. Few different bits, so that things lie in one another.

const vrf = fc.constantFrom(undefined, 1, 2);
const host4 = fc.tuple(fc.constantFrom(10, 11), fc.nat(1), fc.nat(3), fc.nat(255)).map((bytes) => bytes.join("."));
const host6 = fc
  .tuple(fc.constantFrom("fd00", "fd01"), fc.nat(1), fc.nat(3), fc.nat(65_535))
  .map(([a, b, c, d]) => `${a}:${b}::${c.toString(16)}:${d.toString(16)}`);
const host = fc.oneof(host4, host6);
const cidr = fc
  .tuple(host, fc.nat(128))
  .map(([text, length]) => `${text}/${text.includes(":") ? length : length % 33}`);
const ids = <T extends object>(list: T[]) => list.map((each, n) => ({ ...each, id: n + 1 }));

const rest = {
  vlan: undefined,
  role: undefined,
  status: "active",
  tags: [],
  customFields: new Map<string, undefined>(),
};
const prefixes = fc
  .array(fc.record({ prefix: cidr, vrfId: vrf }), { maxLength: 40 })
  .map((list): NetboxPrefix[] => ids(list).map((each) => ({ ...rest, ...each })));
const addresses = fc
  .array(
    fc.record({ address: cidr, vrfId: vrf, isGateway: fc.boolean(), interfaceId: fc.constantFrom(undefined, 7, 8) }),
    {
      maxLength: 40,
    },
  )
  .map((list): NetboxAddress[] =>
    ids(list).map(({ isGateway, ...each }) => ({
      status: "active",
      dnsName: "",
      description: "",
      customFields: new Map(),
      ...each,
      tags: isGateway ? ["gw"] : [],
    })),
  );

const narrowestOf = (all: NetboxPrefix[], address: string, vrfId: number | undefined) =>
  all
    .filter((each) => each.vrfId === vrfId && holds(each.prefix, address))
    .sort((a, b) => lengthOf(b.prefix) - lengthOf(a.prefix));

describe("the index of IPAM", () => {
  it("finds the prefixes that hold an address as a look at each one does", () => {
    fc.assert(
      fc.property(prefixes, host, vrf, (all, address, vrfId) => {
        const index = new Prefixes(all);
        const expected = narrowestOf(all, address, vrfId);
        expect([...index.holding(address, vrfId)]).toEqual(expected);
        expect(index.narrowest(address, vrfId)).toBe(expected[0]);
      }),
      { numRuns: 500 },
    );
  });

  it("finds a prefix by its network", () => {
    fc.assert(
      fc.property(prefixes, cidr, vrf, (all, wanted, vrfId) => {
        const length = lengthOf(wanted);
        const expected = all.find(
          (each) => each.vrfId === vrfId && lengthOf(each.prefix) === length && holds(wanted, each.prefix),
        );
        expect(new Prefixes(all).at(wanted, vrfId)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("finds addresses by host, gateways by prefix and addresses by interface as a look at each one does", () => {
    fc.assert(
      fc.property(prefixes, addresses, host, vrf, (allPrefixes, all, wanted, vrfId) => {
        const ipam = new Ipam({ prefixes: allPrefixes, addresses: all, ranges: [] }, "gw");
        const there = all.filter(({ address }) => canonical(address) === canonical(wanted));
        expect(ipam.hosts.anywhere(wanted)).toEqual(there);
        expect(ipam.hosts.in(wanted, vrfId)).toEqual(there.filter((each) => each.vrfId === vrfId));
        expect(ipam.onInterface(7)).toEqual(all.filter(({ interfaceId }) => interfaceId === 7));
        for (const { id } of all) expect(ipam.address(id)?.id).toBe(id);
        for (const prefix of allPrefixes) {
          expect(ipam.prefix(prefix.id)).toBe(prefix);
          expect(ipam.taggedGateway(prefix)).toBe(
            all.find(
              ({ address, tags, vrfId: of }) =>
                tags.includes("gw") && of === prefix.vrfId && holds(prefix.prefix, address),
            ),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it("knows an IPv6 address however it is written", () => {
    const hosts = new Hosts([{ address: "FD00:0::0001/64" }]);
    expect(hosts.anywhere("fd00::1")).toHaveLength(1);
    expect(addressOf("FD00:0::0001/64")).toEqual({ family: 6, bits: (0xfd00n << 112n) + 1n, text: "fd00::1" });
    expect(() => addressOf("web01")).toThrow();
  });

  it("gives prefixes and ranges of a role in the order of their addresses", () => {
    const some = (id: number, prefix: string, role?: string): NetboxPrefix => ({
      id,
      prefix,
      vrfId: undefined,
      ...rest,
      role,
    });
    const range: NetboxRange = {
      id: 5,
      start: "10.0.0.9/24",
      end: "10.0.0.12/24",
      vrfId: 1,
      role: "web",
      status: "active",
      tags: ["a", "a"],
    };
    const all = [
      some(1, "10.0.10.0/24", "web"),
      some(2, "10.0.9.0/24", "web"),
      some(3, "fd00::/64", "web"),
      some(4, "10.0.8.0/24"),
    ];
    const ipam = new Ipam({ prefixes: all, addresses: [], ranges: [range] }, "gw");
    expect(ipam.prefixesWith("role", "web").map(({ id }) => id)).toEqual([2, 1, 3]);
    expect(ipam.rangesWith("role", "web")).toEqual([range]);
    expect(ipam.rangesWith("text", "10.0.0.9-10.0.0.12")).toEqual([range]);
    expect(ipam.rangesWith("tag", "a")).toEqual([range]);
    expect(ipam.prefixesWith("vid", 71)).toEqual([]);
  });
});
