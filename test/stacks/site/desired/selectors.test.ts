import { describe, expect, it } from "vitest";
import type { NetboxInterface, NetboxPrefix, NetboxRange } from "../../../../providers/netbox/schemas";
import { byAddress, holds, inRange } from "../../../../stacks/netbox/address";
import { Ipam } from "../../../../stacks/netbox/ipam";
import { toMebibytes } from "../../../../stacks/netbox/units";
import { selectAddresses, wordsIn } from "../../../../stacks/site/desired/selectors";

const prefix = (id: number, text: string, more: Partial<NetboxPrefix> = {}): NetboxPrefix => ({
  id,
  prefix: text,
  vrfId: undefined,
  vlan: undefined,
  role: undefined,
  status: "active",
  tags: [],
  customFields: new Map(),
  ...more,
});
const prefixes = [
  prefix(1, "10.0.2.0/24", { role: "servers" }),
  prefix(2, "10.0.1.0/24", { role: "servers", vlan: { id: 7, vid: 71 } }),
  prefix(3, "fd00::/64", { role: "servers", vlan: { id: 7, vid: 71 }, tags: ["dmz"] }),
  prefix(4, "10.0.3.0/24", { role: "servers", status: "deprecated" }),
];
const ranges: NetboxRange[] = [
  {
    id: 9,
    start: "10.0.2.50/24",
    end: "10.0.2.60/24",
    vrfId: undefined,
    role: undefined,
    status: "active",
    tags: ["dmz"],
  },
];
const ipam = new Ipam({ prefixes, ranges, addresses: [] }, "gateway");
const nic: NetboxInterface = {
  id: 5,
  name: "net0",
  guestId: 1,
  enabled: true,
  mtu: undefined,
  mode: "access",
  untaggedVlan: { id: 7, vid: 71 },
  taggedVids: [],
  parentId: undefined,
  bridgeId: undefined,
  mac: undefined,
  customFields: new Map(),
};
const chosen = (text: string) =>
  selectAddresses(wordsIn(text), ipam, nic).selections.map(
    ({ family, sources }) => `${family}: ${sources.map(({ kind, text: shown }) => `${kind} ${shown}`).join(", ")}`,
  );

describe("allocate_from", () => {
  it.each([
    ["10.0.1.0/24", ["4: prefix 10.0.1.0/24"]],
    ["prefix:1", ["4: prefix 10.0.2.0/24"]],
    ["range:9", ["4: range 10.0.2.50-10.0.2.60"]],
    ["range:10.0.2.50-10.0.2.60", ["4: range 10.0.2.50-10.0.2.60"]],
    ["role:servers", ["4: prefix 10.0.1.0/24, prefix 10.0.2.0/24", "6: prefix fd00::/64"]],
    ["role:servers@6", ["6: prefix fd00::/64"]],
    ["vlan", ["4: prefix 10.0.1.0/24", "6: prefix fd00::/64"]],
    ["vlan:71@4", ["4: prefix 10.0.1.0/24"]],
    ["tag:dmz", ["4: range 10.0.2.50-10.0.2.60", "6: prefix fd00::/64"]],
    ["prefix:1, fd00::/64", ["4: prefix 10.0.2.0/24", "6: prefix fd00::/64"]],
  ])("%s", (text, expected) => {
    expect(chosen(text)).toEqual(expected);
  });

  it("names what it can't find", () => {
    expect(selectAddresses(["prefix:99", "role:none", "vlan"], ipam, nic).problems).toEqual([
      'asks for an address from "prefix:99", but NetBox has no such prefix or range; correct it, or add the prefix',
      'asks for an address from "role:none", but NetBox has no such prefix or range; correct it, or add the prefix',
    ]);
  });
});

describe("addresses and units", () => {
  it("compare as numbers, never as text", () => {
    expect(holds("10.0.0.0/8", "10.255.0.1/24")).toBe(true);
    expect(holds("10.0.0.0/24", "fd00::1")).toBe(false);
    expect(inRange("10.0.0.9", "10.0.0.10", "10.0.0.10/24")).toBe(true);
    expect(["fd00::1", "10.0.0.10", "10.0.0.9"].sort(byAddress)).toEqual(["10.0.0.9", "10.0.0.10", "fd00::1"]);
  });

  it("turn NetBox's MB into MiB by the base unit", () => {
    expect(toMebibytes(2048, 1024)).toBe(2048);
    expect(toMebibytes(20_000, 1000)).toBe(20_480);
    expect(toMebibytes(1, 1000)).toBe(2);
  });
});
