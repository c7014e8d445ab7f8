import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../../providers/context";
import { ipAllocationHandler } from "../../../providers/netbox/ipam/ipallocation.handler";
import { Self } from "../../../providers/ownership/owner";
import { readSettings } from "../../../stacks/settings";
import { recordValues } from "../../../stacks/site/desired/recordvalues";
import type { AddressRef } from "../../../stacks/site/desired/types";
import { planSite } from "../../../stacks/site/plan";
import { siteStateIn, stateOfAnswer } from "../../../stacks/state";
import { seedWith, TestSystems } from "../../harness/systems";

// A NetBox with VRFs, shared addresses and ranges for others: the plan of its guests, and what allocation gives.

interface Made {
  id: number;
}

let systems: TestSystems | undefined;
let context: Context;

afterEach(async () => {
  await systems?.close();
  systems = undefined;
});

const netbox = <T extends Made = Made>(method: string, path: string, body?: object) =>
  systems?.clients.netbox(method, path, body) as Promise<T>;

async function open(guests: string): Promise<(vm: string, nic?: string) => Promise<number>> {
  systems = await TestSystems.open(seedWith(guests), {}, "lab");
  context = systems.context();
  const { clients } = systems;
  return async (vm, nic = "net0") => {
    const { id } = await clients.vm(vm);
    const all = await clients.all<Made & { name: string }>("virtualization/interfaces", `&virtual_machine_id=${id}`);
    return all.find(({ name }) => name === nic)?.id ?? 0;
  };
}

const on = (interfaceId: number) => ({
  assigned_object_type: "virtualization.vminterface",
  assigned_object_id: interfaceId,
});

const allocated = z.object({ address: z.string(), addressId: z.number() });
/** An address as the plan asks for it. */
const allocate = async (inputs: Record<string, unknown>) =>
  allocated.parse((await ipAllocationHandler.create(inputs)).state);

async function plan(site: object = {}, state: Record<string, unknown> = {}) {
  const config = { ...systems?.config(), site };
  const read = readSettings({ get: (key) => JSON.stringify((config as Record<string, unknown>)[key]) }, ["pve-lab"]);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return planSite(
    context,
    read.value,
    new Self("netbox-proxmox/test", context.netbox.url),
    siteStateIn(stateOfAnswer({ outputs: state })),
  );
}

const hosts = (ref: AddressRef) => ("address" in ref ? [ref.address] : []);

const nicsOf = async (name: string, site: object = {}) =>
  (await plan(site)).guests.find((guest) => guest.name === name)?.nics;

describe("one address in two VRFs", () => {
  it("is two addresses, of two guests", async () => {
    const nic = await open(
      "- { name: one, interfaces: [{ name: net0 }] }\n- { name: two, interfaces: [{ name: net0 }] }",
    );
    for (const [name, vrf] of Object.entries({ one: "blue", two: "red" })) {
      const { id } = await netbox("POST", "ipam/vrfs/", { name: vrf });
      await netbox("POST", "ipam/prefixes/", { prefix: "10.9.0.0/24", vrf: id });
      await netbox("POST", "ipam/ip-addresses/", { address: "10.9.0.5/24", vrf: id, ...on(await nic(name)) });
    }
    const { guests } = await plan();
    expect(guests.map(({ nics }) => nics[0]?.v4)).toEqual([{ address: "10.9.0.5/24" }, { address: "10.9.0.5/24" }]);
  });
});

describe("a CIDR in two VRFs", () => {
  const setUp = async () => {
    const nic = await open(
      "- { name: one, interfaces: [{ name: net0, customFields: { allocate_from: 10.9.0.0/24 } }] }",
    );
    const ids: Record<string, { vrf: number; prefix: number }> = {};
    for (const name of ["blue", "red"]) {
      const vrf = (await netbox("POST", "ipam/vrfs/", { name })).id;
      ids[name] = { vrf, prefix: (await netbox("POST", "ipam/prefixes/", { prefix: "10.9.0.0/24", vrf })).id };
    }
    return { ids, interfaceId: await nic("one") };
  };
  const source = async () => (await plan()).guests[0]?.allocations[0]?.inputs.from;
  const asks = (id: number, text: string) =>
    netbox("PATCH", `virtualization/interfaces/${id}/`, { custom_fields: { allocate_from: text } });

  it("is refused, naming both, until somebody says which", async () => {
    const { ids, interfaceId } = await setUp();
    await expect(plan()).rejects.toThrow(/one .*"10\.9\.0\.0\/24", which is in VRF blue and in VRF red/);
    await asks(interfaceId, "vrf:red 10.9.0.0/24");
    expect(await source()).toMatchObject([{ id: ids.red?.prefix }]);
    await asks(interfaceId, "10.9.0.0/24");
    await netbox("PATCH", `virtualization/interfaces/${interfaceId}/`, { vrf: ids.blue?.vrf });
    expect(await source()).toMatchObject([{ id: ids.blue?.prefix }]);
    // What a guest has already is no question.
    await netbox("PATCH", `virtualization/interfaces/${interfaceId}/`, { vrf: null });
    await netbox("POST", "ipam/ip-addresses/", {
      ...{ address: "10.9.0.7/24", vrf: ids.red?.vrf, ...on(interfaceId) },
      description: `Managed by Pulumi stack netbox-proxmox/test (allocation ${interfaceId}/v4-0)`,
    });
    expect(await source()).toMatchObject([{ id: ids.red?.prefix }]);
    expect(await nicsOf("one")).toMatchObject([{ v4: { address: "10.9.0.7/24" } }]);
  });

  it("gives back a lost address in its VRF, though another VRF has the same one", async () => {
    const { ids, interfaceId } = await setUp();
    await netbox("PATCH", `virtualization/interfaces/${interfaceId}/`, { vrf: ids.red?.vrf });
    const [{ machine, mark } = { machine: undefined, mark: undefined }] = (await plan()).guests;
    await systems?.clients.proxmox("POST", "/nodes/pve1/qemu", {
      ...{ vmid: machine?.inputs.vmid ?? 0, name: "one", memory: 64, net0: "virtio,bridge=vmbr0" },
      ...{ ipconfig0: "ip=10.9.0.7/24", description: machine?.inputs.description ?? "" },
    });
    await netbox("POST", "ipam/ip-addresses/", { address: "10.9.0.7/24", vrf: ids.blue?.vrf });
    const inputs = (await plan()).guests[0]?.allocations[0]?.inputs;
    expect(inputs).toMatchObject({ address: "10.9.0.7/24", mark });
    const { addressId } = await allocate({ ...inputs });
    expect(await netbox("GET", `ipam/ip-addresses/${addressId}/`)).toMatchObject({
      vrf: { name: "red" },
    });
  });
});

describe("addresses that are not the guest's to configure", () => {
  it("are those of the roles that several machines share, and loopbacks", async () => {
    const nic = await open("- { name: one, interfaces: [{ name: net0, addresses: [10.71.0.50/24] }] }");
    // In no prefix.
    const { id } = await netbox("POST", "ipam/ip-addresses/", { address: "9.9.9.9/24", ...on(await nic("one")) });
    for (const role of ["anycast", "vip", "vrrp", "hsrp", "glbp", "carp", "loopback"]) {
      await netbox("PATCH", `ipam/ip-addresses/${id}/`, { role });
      expect(await nicsOf("one")).toMatchObject([{ v4: { address: "10.71.0.50/24" }, gateway4: "10.71.0.1" }]);
    }
    await netbox("PATCH", `ipam/ip-addresses/${id}/`, { role: "secondary" });
    await expect(plan()).rejects.toThrow(/9\.9\.9\.9\/24 of interface net0 lies in no prefix/);
  });

  it.each(["9.9.9.9/32", "2001:db8::9/128"])("%s, though it is the primary one", async (address) => {
    const nic = await open(
      '- { name: one, interfaces: [{ name: net0, addresses: [10.71.0.50/24, "fd71::50/64"] }, { name: net1 }] }',
    );
    const { id } = await netbox("POST", "ipam/ip-addresses/", { address, ...on(await nic("one", "net1")) });
    const vm = (await systems?.clients.vm("one"))?.id;
    const field = address.includes(":") ? "primary_ip6" : "primary_ip4";
    await netbox("PATCH", `virtualization/virtual-machines/${vm}/`, { [field]: id });
    expect(await nicsOf("one")).toEqual([
      {
        slot: 0,
        ...{ v4: { address: "10.71.0.50/24" }, gateway4: "10.71.0.1" },
        ...{ v6: { address: "fd71::50/64" }, gateway6: "fd71::1" },
      },
      { slot: 1 },
    ]);
  });

  it("have one PTR, of the address that was first in NetBox, whatever joins and whatever it is called", async () => {
    const nic = await open(
      ["one", "two", "three"]
        .map((name, n) => `- { name: ${name}, interfaces: [{ name: net0, addresses: [10.71.0.5${n}/24] }] }`)
        .join("\n"),
    );
    const withoutPtr = async () =>
      (await plan()).named.records
        .filter(({ name }) => name.startsWith("vip"))
        .map((record) => [record.name, recordValues(record, record.addresses.flatMap(hosts), () => true).reverse])
        .sort();
    const give = async (name: string, guest: string) =>
      netbox("POST", "ipam/ip-addresses/", {
        ...{ address: "10.71.0.9/24", role: "vrrp", dns_name: `${name}.lab.example`, ...on(await nic(guest)) },
      });
    await give("vip-b", "two");
    await give("vip-a", "one");
    const expected = [
      ["vip-a.lab.example.", []],
      ["vip-b.lab.example.", ["10.71.0.9"]],
    ];
    expect(await withoutPtr()).toEqual(expected);
    await give("vip-0", "three");
    expect(await withoutPtr()).toEqual([["vip-0.lab.example.", []], ...expected]);
  });

  it("are no reason not to allocate the guest's own", async () => {
    const nic = await open(
      "- { name: one, interfaces: [{ name: net0, customFields: { allocate_from: 10.71.0.0/24 } }] }",
    );
    await netbox("POST", "ipam/ip-addresses/", { address: "10.71.0.9/24", role: "vip", ...on(await nic("one")) });
    expect(await nicsOf("one")).toMatchObject([{ v4: { allocation: expect.any(String) } }]);
  });

  // proxbox#105 and proxbox#361: link-local addresses that somebody documented; the same of what software makes in the guest.
  it("nor link-local ones and those of docker0, which lie in no prefix", async () => {
    await open(
      "- { name: one, interfaces: [{ name: net0, addresses: ['fe80::1/64', 169.254.7.7/16, 10.71.0.50/24] }, { name: docker0, addresses: [172.17.0.1/16] }] }",
    );
    const [nic] = (await nicsOf("one")) ?? [];
    expect(nic).toMatchObject({ v4: { address: "10.71.0.50/24" } });
    expect(nic).not.toHaveProperty("v6");
  });

  it("but a single host that the guest is configured with stays", async () => {
    await open(
      "- { name: one, tags: [adopt], customFields: { proxmox_vmid: '7000' }, interfaces: [{ name: net0, addresses: [10.71.0.50/32] }] }",
    );
    await systems?.clients.proxmox("POST", "/nodes/pve1/qemu", {
      ...{
        vmid: 7000,
        name: "one",
        memory: 64,
        net0: "virtio,bridge=vmbr0",
        ipconfig0: "ip=10.71.0.50/32,gw=10.71.0.1",
      },
      ide2: "local-lvm:cloudinit",
    });
    expect(await nicsOf("one")).toMatchObject([{ v4: { address: "10.71.0.50/32" } }]);
  });
});

describe("allocation", () => {
  const setUp = async (customFields: object, prefix: object = {}) => {
    const nic = await open(
      "- { name: one, interfaces: [{ name: net0, customFields: { allocate_from: 10.9.0.0/28 } }] }",
    );
    const { id } = await netbox("POST", "ipam/prefixes/", {
      ...{ prefix: "10.9.0.0/28", custom_fields: customFields },
      ...prefix,
    });
    return { prefixId: id, interfaceId: await nic("one") };
  };
  /** What so many guests that ask get, as the plan has them ask. */
  const given = async (count: number, site: object = {}) => {
    const { inputs } = (await plan(site)).guests[0]?.allocations[0] ?? {};
    const made = await Promise.all(
      Array.from({ length: count }, (_, ordinal) => allocate({ ...inputs, ordinal, primary: false })),
    );
    return made.map(({ address }) => address.replace(/^10\.9\.0\.|\/28$/g, "")).sort((a, b) => Number(a) - Number(b));
  };
  const range = (start: number, end: number, more: object = {}) =>
    netbox("POST", "ipam/ip-ranges/", {
      start_address: `10.9.0.${start}/28`,
      end_address: `10.9.0.${end}/28`,
      ...more,
    });

  it("keeps the prefix's gateway, which has no address of its own", async () => {
    await setUp({ gateway: "10.9.0.1" });
    expect(await given(2)).toEqual(["2", "3"]);
  });

  it.each([
    ["reserved", { status: "reserved" }],
    ["deprecated", { status: "deprecated" }],
    ["populated", { mark_populated: true }],
  ])("leaves a range that is %s alone", async (_, more) => {
    await setUp({});
    await range(1, 5, more);
    expect(await given(2)).toEqual(["6", "7"]);
  });

  it("leaves what DHCP gives alone, range and prefix, of the usual role or of one that is named", async () => {
    await setUp({});
    const dhcp = await netbox("POST", "ipam/roles/", { name: "DHCP", slug: "dhcp" });
    const pool = await netbox("POST", "ipam/roles/", { name: "Leases", slug: "leases" });
    await range(1, 2, { role: dhcp.id });
    await netbox("POST", "ipam/prefixes/", { prefix: "10.9.0.4/30", role: dhcp.id });
    await range(9, 9 + 1, { role: pool.id });
    expect(await given(4)).toEqual(["3", "8", "9", "10"]);
    expect(await given(4, { dhcpRoles: ["leases"] })).not.toContain("9");
  });

  it("leaves alone what site.avoid names: addresses, ranges and CIDRs", async () => {
    await setUp({});
    const avoid = ["10.9.0.1", "10.9.0.2-10.9.0.5", "10.9.0.8/30"];
    expect(await given(4, { avoid })).toEqual(["6", "7", "12", "13"]);
  });

  it("takes the range that is asked for itself, though it is reserved", async () => {
    const { interfaceId } = await setUp({});
    const { id } = await range(9, 10, { status: "reserved" });
    await netbox("PATCH", `virtualization/interfaces/${interfaceId}/`, {
      custom_fields: { allocate_from: `range:${id}` },
    });
    expect(await given(2)).toEqual(["9", "10"]);
  });

  it("says what is kept out where nothing is left", async () => {
    await setUp({});
    await range(1, 13, { status: "reserved" });
    await expect(given(2)).rejects.toThrow(/no free address left but what is kept out \(10\.9\.0\.1-10\.9\.0\.13\)/);
  });
});

describe("an interface that takes its addresses from its VLAN", () => {
  it("takes others when its VLAN changes, of both families, and keeps its names", async () => {
    const nic = await open(
      "- { name: one, interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan } }] }",
    );
    const vlan = (await netbox("POST", "ipam/vlans/", { vid: 99, name: "new" })).id;
    for (const prefix of ["10.99.0.0/24", "fd99::/64"]) await netbox("POST", "ipam/prefixes/", { prefix, vlan });
    const interfaceId = await nic("one");
    for (const { inputs } of (await plan()).guests[0]?.allocations ?? []) await allocate({ ...inputs });
    const before = await nicsOf("one");
    expect(before).toMatchObject([{ v4: { address: "10.71.0.2/24" }, v6: { address: "fd71::2/64" } }]);
    await netbox("PATCH", `virtualization/interfaces/${interfaceId}/`, { untagged_vlan: vlan });
    const moved = (await plan()).guests[0];
    expect(moved?.nics).toMatchObject([
      { v4: { allocation: expect.any(String) }, v6: { allocation: expect.any(String) } },
    ]);
    expect(moved?.allocations.map(({ inputs }) => inputs.from[0]?.text)).toEqual(["10.99.0.0/24", "fd99::/64"]);
    for (const { inputs } of moved?.allocations ?? []) await allocate({ ...inputs });
    expect(await nicsOf("one")).toMatchObject([{ v4: { address: "10.99.0.1/24" }, v6: { address: "fd99::1/64" } }]);
    // A prefix that is only phased out moves nobody.
    const [{ id } = { id: 0 }] = (await systems?.clients.all<Made>("ipam/prefixes", "&prefix=10.99.0.0/24")) ?? [];
    await netbox("PATCH", `ipam/prefixes/${id}/`, { status: "deprecated" });
    expect(await nicsOf("one")).toMatchObject([{ v4: { address: "10.99.0.1/24" }, v6: { address: "fd99::1/64" } }]);
  });
});
