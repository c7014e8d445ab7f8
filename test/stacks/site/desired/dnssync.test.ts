import { describe, expect, it } from "vitest";
import { Zones } from "../../../../providers/dns/zones";
import { prefix } from "../../../../providers/netbox/schemas";
import { Ipam } from "../../../../stacks/netbox/ipam";
import { zoneServerOf } from "../../../../stacks/site/desired/pluginindex";
import { desiredRecords } from "../../../../stacks/site/desired/records";
import type { DesiredAllocation, DesiredGuest } from "../../../../stacks/site/desired/types";
import { siteWith } from "./example";

// Records of guests in netbox-dns beside its DNSsync, which makes those of prefixes by their VRFs.

const zoneOf = (name: string) => (name.endsWith("lab.example.") ? "lab.example." : undefined);
const servers = {
  all: [zoneServerOf("ns1", undefined, { zoneOf, hasPointer: () => false })],
  zones: new Zones<string>([["lab.example", "ns1"]]),
};
const prefixes = [
  [1, "10.0.0.0/16", undefined],
  [2, "10.0.0.0/24", undefined],
  [3, "10.0.0.0/24", 7],
] as const;
const rows = prefixes.map(([id, text, vrf]) =>
  prefix.parse({
    ...{ id, prefix: text, vrf: vrf === undefined ? null : { id: vrf, name: `vrf-${vrf}` }, vlan: null, role: null },
    ...{ status: { value: "active" }, tags: [], custom_fields: {} },
  }),
);

const allocation = (key: string, address: string | undefined, vrfId: number | undefined, dnsName: string) =>
  ({
    ...{ key, nic: "net0", vrfId, isConfigurable: true },
    inputs: {
      family: 4,
      dnsName,
      address,
      from: address === undefined ? [{ kind: "prefix", id: 3, text: "10.0.0.0/24" }] : [],
    },
  }) as unknown as DesiredAllocation;

/** What is to be written into the plugin. @param links ids of prefixes by the id of their view; 1 is what ns1 shows */
function written(links: Record<number, number[]>, allocations: DesiredAllocation[]): string[] {
  const view = (id: number) => ({
    ...{ id, name: `view-${id}`, isDefault: id === 1 },
    prefixes: rows.filter((row) => links[id]?.includes(row.id)).map((row) => ({ id: row.id, prefix: row.prefix })),
  });
  const facts = {
    views: [view(1), view(2)],
    zones: [{ id: 5, name: "lab.example", viewId: 1, active: true, ttl: 3600 }],
    records: [],
  };
  const site = siteWith({
    netbox: { prefixes: rows, ipam: new Ipam({ prefixes: rows, addresses: [], ranges: [] }, "gateway") },
  });
  const guest = { id: 1, name: "g1", mark: {}, machine: { inputs: {} }, allocations } as unknown as DesiredGuest;
  return desiredRecords(site, [guest], servers, facts, []).plugin.map(({ key, name, value }) =>
    [key, name, typeof value === "string" ? value : "address" in value ? value.address : "?"].join(" "),
  );
}

describe("records of netbox-dns", () => {
  it("are DNSsync's where the address's own VRF has the linked prefix, and in no other VRF", () => {
    const both = [
      allocation("a", "10.0.0.5/24", undefined, "a.lab.example"),
      allocation("b", "10.0.0.5/24", 7, "b.lab.example"),
    ];
    expect(written({ 1: [3] }, both)).toEqual(["a a 10.0.0.5/24"]);
    expect(written({ 1: [2] }, both)).toEqual(["b b 10.0.0.5/24"]);
    expect(
      written({ 1: [3] }, [
        allocation("c", undefined, 7, "c.lab.example"),
        allocation("d", undefined, undefined, "d.lab.example"),
      ]),
    ).toEqual(["d d ?"]);
  });

  it("are those of the longest prefix that is linked, to whichever view", () => {
    const one = [allocation("a", "10.0.0.5/24", undefined, "a.lab.example")];
    expect(written({ 1: [1], 2: [2] }, one)).toEqual(["a a 10.0.0.5/24"]);
    expect(written({ 1: [2], 2: [1] }, one)).toEqual([]);
    expect(written({ 1: [1] }, one)).toEqual([]);
  });

  it("have a key each where an address is in two VRFs, and one where they have the name, too", () => {
    const at = (name: string) => [
      allocation("a", "10.0.0.5/24", undefined, "a.lab.example"),
      allocation("b", "10.0.0.5/24", 7, name),
    ];
    expect(written({}, at("b.lab.example"))).toEqual(["a a 10.0.0.5/24", "b b 10.0.0.5/24"]);
    expect(written({}, at("a.lab.example"))).toEqual(["a a 10.0.0.5/24"]);
  });
});
