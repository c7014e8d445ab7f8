import { describe, expect, it } from "vitest";
import { ipAddress } from "../../../../providers/netbox/schemas";
import { withoutTakenNames } from "../../../../stacks/site/desired/guestnames";
import type { DesiredGuest } from "../../../../stacks/site/desired/types";

const address = (type: string | null) =>
  ipAddress.parse({
    ...{ id: 9, address: "10.0.0.9/24", vrf: null, dns_name: "web01.lab.example", description: "" },
    ...{ status: { value: "active" }, assigned_object_type: type, assigned_object_id: type === null ? null : 3 },
    ...{ tags: [], custom_fields: {} },
  });
const guest = {
  ...{ id: 1, name: "web01", mark: { stack: "site/test", netboxUrl: "https://nb", netboxId: 1 } },
  allocations: [{ inputs: { dnsName: "web01.lab.example" } }],
} as unknown as DesiredGuest;
const given = (type: string | null) => {
  const netbox = { url: "https://nb", interfaces: [], addresses: [address(type)] };
  const { guests, warnings } = withoutTakenNames(netbox, [guest]);
  return [guests[0]?.allocations[0]?.inputs.dnsName, warnings.length];
};

describe("the name of a guest", () => {
  // A device and a virtual machine of one name: each has interfaces of its own, with ids that may be the same.
  it("is not given where a device has it", () => {
    expect(given("dcim.interface")).toEqual([undefined, 1]);
  });

  it("is given though an address that nothing has bears it already", () => {
    expect(given(null)).toEqual(["web01.lab.example", 0]);
  });
});
