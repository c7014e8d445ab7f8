import { describe, expect, it } from "vitest";
import { ipAddress, virtualMachine, vmInterface } from "../../../providers/netbox/schemas";
import { leftovers } from "../../../stacks/desired/leftovers";
import type { Site } from "../../../stacks/desired/types";
import { readSettings } from "../../../stacks/settings";

const read = readSettings({ get: () => undefined }, []);
if ("problems" in read) throw new Error("the settings are meant to be valid");
const settings = read.value;

const guest = (id: number, status: string, vmid?: string) =>
  virtualMachine.parse({
    ...{ id, name: `g${id}`, status: { value: status }, cluster: { id: 1, name: "pve" }, platform: null },
    ...{ vcpus: null, memory: null, description: "", comments: "", tags: [], primary_ip4: null, primary_ip6: null },
    ...{ local_context_data: null, custom_fields: { proxmox_vmid: vmid ?? null } },
  });
/** The guest's only interface has ten times its id. */
const nic = (guestId: number) =>
  vmInterface.parse({
    ...{ id: guestId * 10, name: "net0", virtual_machine: { id: guestId }, enabled: true, mtu: null, mode: null },
    ...{ untagged_vlan: null, tagged_vlans: [], mac_address: null, custom_fields: {} },
  });
const address = (id: number, guestId: number, stack = "site/test") =>
  ipAddress.parse({
    ...{ id, address: `10.0.0.${id}/24`, status: { value: "active" }, dns_name: "", vrf: null, tags: [] },
    ...{ assigned_object_type: "virtualization.vminterface", assigned_object_id: guestId * 10, custom_fields: {} },
    description: `Managed by Pulumi stack ${stack} (allocation ${guestId * 10}/v4-0)`,
  });

function left(netbox: Partial<Site["netbox"]>): string[] {
  const site: Site = {
    stack: "site/test",
    settings,
    netbox: {
      ...{ url: "https://nb", guests: [], interfaces: [], disks: [], addresses: [], prefixes: [], ranges: [] },
      ...{ customFields: [], eventRules: [], ...netbox },
    },
    proxmox: new Map(),
    state: {
      ...{ guests: new Map(), netboxGuests: new Set(), promoted: new Set(), addresses: new Map() },
      ...{ pluginRecords: new Set(), records: new Map() },
    },
    avoid: [],
  };
  return leftovers(site, [], [], [], { records: [], plugin: [], facts: undefined }).map(
    ({ kind, id }) => `${kind} ${id}`,
  );
}

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

  it("is no decommissioned object that shows no trace of ours", () => {
    expect(left({ guests: [guest(1, "decommissioning", "250"), guest(2, "decommissioning")] })).toEqual([]);
  });
});
