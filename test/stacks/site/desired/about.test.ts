import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../../../providers/context";
import { Self } from "../../../../providers/ownership/owner";
import type { KnownResource } from "../../../../stacks/known";
import { readSettings } from "../../../../stacks/settings";
import { aboutFrom, ownWritesOf } from "../../../../stacks/site/desired/about";
import type { NetboxFacts } from "../../../../stacks/site/desired/types";
import { readNetbox } from "../../../../stacks/site/facts";
import { siteStateIn } from "../../../../stacks/state";
import { seedWith, TestSystems } from "../../../harness/systems";

interface Made {
  id: number;
}

describe("what a resource comes from in NetBox", () => {
  let systems: TestSystems;
  let context: Context;
  let facts: NetboxFacts;
  const ids: Record<string, number> = {};
  const make = async (name: string, path: string, body: object) => {
    const { id } = (await systems.clients.netbox("POST", `${path}/`, body)) as Made;
    ids[name] = id;
    return id;
  };
  const settings = () => {
    const read = readSettings({ get: () => undefined }, [context.proxmox[0]?.name ?? ""]);
    return "value" in read ? read.value : expect.unreachable();
  };
  const stack = "netbox-proxmox/test";
  const mark = (netboxId: number) => ({ stack, netboxUrl: facts.url, netboxId });
  const of = (type: string, properties: KnownResource["properties"]) => aboutFrom(facts)({ type, properties });

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith("- { name: web01, disks: [{ name: scsi0, size: 10240 }], interfaces: [{ name: net0 }] }"),
      {},
      "lab",
    );
    context = systems.context();
    const read = () => readNetbox(context.netbox, [context.proxmox[0]?.name ?? ""], settings());
    facts = await read();
    const [web] = facts.guests;
    const [port] = facts.interfaces.filter(({ guestId }) => guestId === web?.id);
    ids.web = web?.id ?? 0;
    ids.port = port?.id ?? 0;
    ids.disk = facts.disks.find(({ guestId }) => guestId === web?.id)?.id ?? 0;
    await make("vlan", "ipam/vlans", { vid: 2711, name: "web" });
    await make("prefix", "ipam/prefixes", { prefix: "10.211.0.0/24" });
    await make("gateway", "ipam/ip-addresses", { address: "10.211.0.1/24", tags: [{ slug: "gateway" }] });
    const assigned = { assigned_object_type: "virtualization.vminterface", assigned_object_id: ids.port };
    await make("address", "ipam/ip-addresses", {
      address: "10.211.0.5/24",
      dns_name: "web01.lab.example",
      ...assigned,
    });
    await make("other", "ipam/ip-addresses", { address: "10.211.0.6/24", ...assigned });
    const role = await make("role", "dcim/device-roles", { name: "web", slug: "web" });
    await make("label", "extras/tags", { name: "db", slug: "db" });
    await systems.clients.netbox("PATCH", `virtualization/interfaces/${ids.port}/`, {
      ...{ mode: "access", untagged_vlan: ids.vlan, mac_address: "02:00:00:00:00:01" },
    });
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${ids.web}/`, {
      role,
      tags: [{ slug: "db" }],
    });
    facts = await read();
  });
  afterAll(() => systems.close());

  it("is for a guest its object, and all that it is made of, by its inputs and by its state alike", () => {
    const refs = of("ProxmoxVm", { mark: mark(ids.web ?? 0) });
    expect(refs[0]).toBe(`virtualization.virtualmachine/${ids.web}`);
    const mac = facts.interfaces.find(({ id }) => id === ids.port)?.macId;
    expect(mac).toBeGreaterThan(0);
    expect(refs).toEqual(
      expect.arrayContaining([
        `virtualization.vminterface/${ids.port}`,
        `virtualization.virtualdisk/${ids.disk}`,
        `ipam.vlan/${ids.vlan}`,
        `dcim.macaddress/${mac}`,
        `ipam.ipaddress/${ids.address}`,
        `ipam.prefix/${ids.prefix}`,
        `ipam.ipaddress/${ids.gateway}`,
        `dcim.devicerole/${ids.role}`,
        `extras.tag/${ids.label}`,
        `virtualization.cluster/${facts.guests[0]?.clusterId}`,
      ]),
    );
    expect(of("NetboxGuest", { mark: mark(ids.web ?? 0) })).toEqual(refs);
    expect(of("ProxmoxContainer", { mark: mark(4711) })).toEqual(["virtualization.virtualmachine/4711"]);
  });

  it("is for an address itself, its interface, its guest and its sources, though NetBox has them no more", () => {
    const allocation = {
      mark: mark(ids.web ?? 0),
      interfaceId: ids.port,
      addressId: ids.address,
      from: [{ kind: "range", id: 9, text: "" }],
    };
    const refs = of("NetboxIpAllocation", allocation);
    expect(refs[0]).toBe(`ipam.ipaddress/${ids.address}`);
    expect(refs).toEqual(
      expect.arrayContaining([
        `virtualization.vminterface/${ids.port}`,
        `virtualization.virtualmachine/${ids.web}`,
        "ipam.iprange/9",
      ]),
    );
    expect(of("NetboxIpAllocation", { mark: mark(8), interfaceId: 81, addressId: 82 })).toEqual([
      "ipam.ipaddress/82",
      "virtualization.vminterface/81",
      "virtualization.virtualmachine/8",
    ]);
  });

  it("is for a name the addresses that have it or are its values, and not the guest's others", () => {
    const owner = { stack, guests: [ids.web] };
    const address = `ipam.ipaddress/${ids.address}`;
    const refs = of("Bind9Record", { server: "a", name: "web01.lab.example.", owner, records: {} });
    expect(refs).toEqual([address, `virtualization.virtualmachine/${ids.web}`]);
    const renamed = of("Bind9Record", { server: "a", name: "was.lab.example.", owner, records: { A: ["10.211.0.5"] } });
    expect(renamed).toEqual(refs);
  });

  it("leaves what the state says that this program wrote", () => {
    const resource = (type: string, properties: Record<string, unknown>) => ({
      ...{ type, token: `pulumi-nodejs:dynamic/x:${type}`, name: type, id: type, properties },
    });
    const state = siteStateIn({
      outputs: undefined,
      resources: [
        resource("NetboxGuest", { mark: mark(7), vmid: 107 }),
        resource("NetboxIpAllocation", { interfaceId: 70, family: 4, ordinal: 0, primary: true, addressId: 51 }),
        resource("NetboxIpAllocation", { interfaceId: 70, family: 4, ordinal: 1, primary: false, addressId: 52 }),
      ],
    });
    const self = new Self(stack, facts.url, { stacks: ["netbox-proxmox/former"], urls: [] });
    const own = ownWritesOf(state, self, settings().site);
    expect([...own.vmids]).toEqual([[7, 107]]);
    expect([...own.primaries]).toEqual([51]);
    expect(own.owns("netbox-proxmox/former")).toBe(true);
    expect(own.owns("netbox-proxmox/other")).toBe(false);
  });
});
