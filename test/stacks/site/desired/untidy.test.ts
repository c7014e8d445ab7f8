import { describe, expect, it } from "vitest";
import type { NetboxAddress, NetboxInterface, NetboxPrefix } from "../../../../providers/netbox/schemas";
import { Ipam } from "../../../../stacks/netbox/ipam";
import { addressesOf } from "../../../../stacks/site/desired/addresses";
import { netboxGuest, siteWith } from "./example";

// What else NetBox holds costs a plan nothing a guest: looks at others' objects are counted, not seconds.

let looks = 0;
/** The object, each look at whose values counts. */
const watched = <T extends object>(object: T): T =>
  new Proxy(object, {
    get: (target, name, receiver) => {
      looks++;
      return Reflect.get(target, name, receiver);
    },
  });

const rest = { vrfId: undefined, status: "active", tags: [] as string[], customFields: new Map<string, undefined>() };
const prefix = (id: number, text: string, vrfId?: number): NetboxPrefix => ({
  ...rest,
  id,
  prefix: text,
  vrfId,
  vlan: undefined,
  role: undefined,
});
const address = (
  id: number,
  text: string,
  interfaceId: number | undefined,
  more: Partial<NetboxAddress> = {},
): NetboxAddress => ({
  ...rest,
  id,
  address: text,
  interfaceId,
  dnsName: "",
  description: "",
  ...more,
});
const nic = (id: number, asks?: string): NetboxInterface => ({
  ...{ id, name: "net0", guestId: id, enabled: true, mtu: undefined, mode: undefined, untaggedVlan: undefined },
  ...{ parentId: undefined, bridgeId: undefined },
  ...{ taggedVids: [], mac: undefined, customFields: new Map([["allocate_from", asks]]) },
});

/** Looks at others' prefixes and addresses while so many guests are mapped, of a NetBox with so many of each. */
function looksFor(guests: number, others: number): number {
  const prefixes = [
    prefix(1, "10.1.0.0/16"),
    prefix(2, "fd00::/64"),
    ...Array.from({ length: others }, (_, n) =>
      watched(prefix(10 + n, `10.${2 + (n >> 8)}.${n & 255}.0/24`, n % 3 || undefined)),
    ),
  ];
  const addresses = [
    address(1, "10.1.0.1/16", undefined, { tags: ["gateway"] }),
    ...Array.from({ length: guests }, (_, n) => address(10_000 + n, `10.1.1.${n + 1}/16`, n + 1)),
    ...Array.from({ length: others }, (_, n) =>
      watched(address(20_000 + n, `10.2.${n >> 8}.${n & 255}/24`, undefined)),
    ),
  ];
  const site = siteWith({
    netbox: { prefixes, addresses, ipam: new Ipam({ prefixes, addresses, ranges: [] }, "gateway") },
  });
  looks = 0;
  for (let id = 1; id <= guests; id++) {
    const guest = netboxGuest(id, "active");
    const mark = { stack: "site/test", netboxUrl: "https://nb", netboxId: id };
    // Still has an IPv6 address that NetBox lost.
    site.proxmox.set("pve", {
      guests: new Map(),
      templates: new Map(),
      nodes: [],
      storages: [],
      bridges: new Map(),
      osTemplates: new Map(),
      seen: new Map([
        [id, { vmid: id, type: "qemu", name: "", making: false, addresses: { 0: [`fd00::${id}/64`] }, config: {} }],
      ]),
    });
    const problems: string[] = [];
    const { nics, allocations } = addressesOf(
      { site, guest, mark, slotted: new Map([[0, nic(id, "fd00::/64")]]), vmid: id },
      (text) => problems.push(text),
    );
    expect(problems).toEqual([]);
    expect(nics).toEqual([
      {
        slot: 0,
        v4: { address: `10.1.1.${id}/16` },
        gateway4: "10.1.0.1",
        v6: { address: `fd00::${id}/64` },
        gateway6: undefined,
      },
    ]);
    expect(allocations).toHaveLength(2);
  }
  return looks;
}

describe("a guest's addresses in a NetBox that holds much else", () => {
  it("are found without another look at what is not the guest's", () => {
    const [one, many] = [looksFor(1, 300), looksFor(40, 300)];
    // The first guest's questions build what is looked up: a few looks at each object, once.
    expect(one).toBeGreaterThan(0);
    expect(one).toBeLessThan(300 * 2 * 12);
    expect(many).toBe(one);
  });

  it("are found in as many looks at each object, however many there are", () => {
    expect(looksFor(3, 600) / looksFor(3, 300)).toBeLessThan(2.2);
  });
});
