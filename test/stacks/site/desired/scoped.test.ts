import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spanOf } from "../../../../providers/netbox/ipam/spans";
import type { NetboxAddress, NetboxInterface, NetboxPrefix, NetboxRange } from "../../../../providers/netbox/schemas";
import { Ipam } from "../../../../stacks/netbox/ipam";
import { addressesOf } from "../../../../stacks/site/desired/addresses";
import { netboxGuest, settingsWith, siteWith } from "./example";

// Worlds in which texts and numbers repeat: what stands in one VRF says nothing of another.

const texts = ["10.0.0.0/24", "10.0.0.0/16", "10.0.1.0/24", "fd00::/64"];
const hosts = ["10.0.0.5/24", "10.0.0.6/24", "10.0.1.5/24", "fd00::5/64"];
const roles = [undefined, "vip", "anycast", "loopback", "secondary"];
const vrf: fc.Arbitrary<number | undefined> = fc.constantFrom(undefined, 1, 2);
const rest = { status: "active", tags: [] as string[], customFields: new Map<string, string>() };

const world = fc.record({
  prefixes: fc.uniqueArray(
    fc.record({
      prefix: fc.constantFrom(...texts),
      vrfId: vrf,
      gateway: fc.constantFrom(undefined, "10.0.0.1", "10.0.1.1"),
      role: fc.constantFrom(undefined, "servers", "dhcp"),
    }),
    { maxLength: 10, selector: ({ prefix, vrfId }) => `${prefix} ${vrfId}` },
  ),
  ranges: fc.array(
    fc.record({ vrfId: vrf, from: fc.integer({ min: 1, max: 100 }), status: fc.constantFrom("active", "reserved") }),
    {
      maxLength: 4,
    },
  ),
  addresses: fc.array(
    fc.record({ address: fc.constantFrom(...hosts), vrfId: vrf, role: fc.constantFrom(...roles), isOwn: fc.boolean() }),
    { maxLength: 6 },
  ),
  asks: fc.constantFrom("", "10.0.0.0/24", "role:servers", "vrf:global role:servers", "fd00::/64"),
});
type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

/** The plan of the guest's one interface, which is in the VRF. */
function planOf({ prefixes, ranges, addresses, asks }: World, vrfId: number | undefined) {
  const nic: NetboxInterface = {
    ...{ id: 7, name: "net0", guestId: 1, enabled: true, mtu: undefined, mode: undefined, untaggedVlan: undefined },
    ...{
      taggedVids: [],
      mac: undefined,
      parentId: undefined,
      bridgeId: undefined,
      customFields: new Map([["allocate_from", asks]]),
    },
    ...(vrfId === undefined ? {} : { vrf: { id: vrfId, name: `vrf-${vrfId}` } }),
  };
  const facts = {
    prefixes: prefixes.map(
      ({ gateway, ...each }): NetboxPrefix => ({
        ...{ ...rest, ...each, id: texts.indexOf(each.prefix) + 10 * (each.vrfId ?? 0), vlan: undefined },
        customFields: new Map(gateway === undefined ? [] : [["gateway", gateway]]),
      }),
    ),
    ranges: ranges.map(
      ({ from, ...each }, id): NetboxRange => ({
        ...{ ...rest, ...each, id, role: undefined, start: `10.0.0.${from}/24`, end: `10.0.0.${from + 9}/24` },
      }),
    ),
    addresses: addresses.map(
      ({ isOwn, role, ...each }, id): NetboxAddress => ({
        ...{ ...rest, ...each, id, dnsName: "", description: "", interfaceId: isOwn ? 7 : undefined },
        ...(role === undefined ? {} : { role }),
      }),
    ),
  };
  const site = siteWith({
    settings: settingsWith({ site: { avoid: ["10.0.0.32/28"] } }),
    netbox: { ...facts, ipam: new Ipam(facts, "gateway") },
  });
  const problems: string[] = [];
  const guest = netboxGuest(1, "active");
  const mark = { stack: "site/test", netboxUrl: "https://nb", netboxId: 1 };
  const { nics, allocations } = addressesOf({ site, guest, mark, slotted: new Map([[0, nic]]), vmid: 1 }, (text) =>
    problems.push(text),
  );
  return { nics, allocations, problems };
}

describe("a guest of one VRF", () => {
  it("is planned the same, whatever other VRFs hold", () => {
    fc.assert(
      fc.property(world, fc.constantFrom(1, 2), (all, own) => {
        // What is the guest's is of its VRF, and keeps its id.
        const ours = {
          ...all,
          addresses: all.addresses.map((each) => ({ ...each, isOwn: each.isOwn && each.vrfId === own })),
        };
        const alone = {
          ...ours,
          prefixes: ours.prefixes.filter(
            ({ vrfId }) => vrfId === own || (vrfId === undefined && all.asks.includes("global")),
          ),
          ranges: ours.ranges.map((each) =>
            each.vrfId === own || each.vrfId === undefined ? each : { ...each, vrfId: 99 },
          ),
          addresses: ours.addresses.map((each) =>
            each.vrfId === own || each.vrfId === undefined ? each : { ...each, vrfId: 99 },
          ),
        };
        const [one, other] = [planOf(ours, own), planOf(alone, own)];
        const withoutReasons = ({ problems, ...plan }: typeof one) => ({ ...plan, problems: problems.length });
        expect(withoutReasons(one)).toEqual(withoutReasons(other));
      }),
      { numRuns: 500 },
    );
  });

  it("is configured with nothing that several share, and asks for nothing that is kept out", () => {
    fc.assert(
      fc.property(world, fc.constantFrom(undefined, 1, 2), (all, own) => {
        const { nics, allocations } = planOf(all, own);
        for (const { v4, v6 } of nics)
          for (const ref of [v4, v6]) {
            if (ref === undefined || !("address" in ref)) continue;
            const found = all.addresses.filter(({ address, isOwn }) => isOwn && address === ref.address);
            expect(found.some(({ role }) => role === undefined || role === "secondary")).toBe(true);
          }
        for (const { inputs, vrfId } of allocations) {
          if (inputs.given) continue;
          expect(new Set(inputs.from.map(({ id }) => Math.floor(id / 10))).size).toBeLessThan(2);
          const kept = (inputs.notFrom ?? []).map(spanOf);
          const isKept = (bits: bigint) => kept.some(({ first, last }) => first <= bits && bits <= last);
          const sources = inputs.from.map(({ text }) => spanOf(text));
          const inSource = (bits: bigint) => sources.some(({ first, last }) => first <= bits && bits <= last);
          for (const { gateway, vrfId: of } of all.prefixes) {
            const bits = gateway === undefined ? undefined : spanOf(gateway).first;
            if (bits !== undefined && of === vrfId && inSource(bits) && inputs.family === 4)
              expect(isKept(bits)).toBe(true);
          }
          for (const { from, status, vrfId: of } of all.ranges) {
            const { first } = spanOf(`10.0.0.${from}`);
            if (status === "reserved" && of === vrfId && inSource(first)) expect(isKept(first)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
