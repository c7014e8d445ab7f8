import { describe, expect, it } from "vitest";
import { ipAddress, vmInterface } from "../../../../providers/netbox/schemas";
import { orphans } from "../../../../stacks/site/desired/orphans";
import type { Site } from "../../../../stacks/site/desired/types";
import { netboxGuest as guest, siteWith } from "./example";

/** The guest's only interface has ten times its id. */
const nic = (guestId: number) =>
  vmInterface.parse({
    id: guestId * 10,
    name: "net0",
    virtual_machine: { id: guestId },
    enabled: true,
    mtu: null,
    mode: null,
    untagged_vlan: null,
    tagged_vlans: [],
    mac_address: null,
    custom_fields: {},
  });
const address = (id: number, guestId: number, stack = "site/test") =>
  ipAddress.parse({
    id,
    address: `10.0.0.${id}/24`,
    status: { value: "active" },
    dns_name: "",
    vrf: null,
    tags: [],
    assigned_object_type: "virtualization.vminterface",
    assigned_object_id: guestId * 10,
    custom_fields: {},
    description: `Managed by Pulumi stack ${stack} (allocation ${guestId * 10}/v4-0)`,
  });

const left = (netbox: Partial<Site["netbox"]>): string[] =>
  orphans(siteWith({ netbox }), [], [], [], { records: [], plugin: [], facts: undefined }).map(
    ({ kind, id }) => `${kind} ${id}`,
  );

describe("what a killed run left", () => {
  it("is an address that nobody asks for any more", () => {
    const objects = { guests: [guest(1, "planned")], interfaces: [nic(1)] };
    expect(left({ ...objects, addresses: [address(5, 1)] })).toEqual(["netbox-ip-allocation 10/v4-0"]);
    expect(left({ ...objects, addresses: [address(5, 1, "site/other")] })).toEqual([]);
  });

  it("is a decommissioned object whose guest has our VMID or an address of ours, which it takes along", () => {
    const objects = { interfaces: [nic(1)], addresses: [address(5, 1)] };
    expect(left({ ...objects, guests: [guest(1, "decommissioning", "250")] })).toEqual(["netbox-guest 1"]);
    expect(left({ guests: [guest(1, "decommissioning", "100001")] })).toEqual(["netbox-guest 1"]);
  });

  it("is no decommissioned object whose address, or whose guest, another stack marked", () => {
    const guests = [guest(1, "decommissioning", "100001")];
    expect(left({ guests, interfaces: [nic(1)], addresses: [address(5, 1, "site/other")] })).toEqual([]);
    const mark = { stack: "site/other", netboxUrl: "https://nb", netboxId: 1 };
    const seen = { vmid: 100001, type: "qemu" as const, name: "g1", mark, making: false, addresses: {}, config: {} };
    const pve = { guests: new Map(), templates: new Map(), seen: new Map([[100001, seen]]), nodes: [], storages: [] };
    const proxmox = new Map([["pve", { ...pve, bridges: new Map(), osTemplates: new Map() }]]);
    const site = siteWith({ netbox: { guests }, proxmox });
    expect(orphans(site, [], [], [], { records: [], plugin: [], facts: undefined })).toEqual([]);
  });

  it("is no decommissioned object that shows no trace of ours", () => {
    expect(left({ guests: [guest(1, "decommissioning", "250"), guest(2, "decommissioning")] })).toEqual([]);
  });
});
