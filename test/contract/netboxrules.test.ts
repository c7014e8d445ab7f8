import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Body, NetboxCalls } from "../harness/netboxcalls";
import { seedWith, TestSystems } from "../harness/systems";

/** What old, untidy NetBoxes hold, and the rules that NetBox 4.7 has for it: on the lab and on the real one. */

let systems: TestSystems;
let netbox: NetboxCalls;
let count = 0;
const unique = (prefix: string) => `${prefix}-${++count}`;
const slugged = (prefix: string) => {
  const name = unique(prefix);
  return { name, slug: name };
};

let site: number;
let clusterType: number;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("- { name: seeded, disks: [] }"));
  netbox = new NetboxCalls(systems);
  site = (await netbox.make("dcim/sites", slugged("site"))).id;
  clusterType = (await netbox.make("virtualization/cluster-types", slugged("type"))).id;
});
afterAll(() => systems.close());

const cluster = (fields: object = {}): Promise<Body> =>
  netbox.make("virtualization/clusters", { name: unique("cluster"), type: clusterType, ...fields });
const machine = (fields: object): Promise<Body> =>
  netbox.make("virtualization/virtual-machines", { name: unique("vm"), ...fields });
const nic = (virtualMachine: number, fields: object = {}): Promise<Body> =>
  netbox.make("virtualization/interfaces", { virtual_machine: virtualMachine, name: unique("net"), ...fields });
const refused = async (path: string, body: object) => {
  const { status, body: said } = await netbox.answer("POST", `${path}/`, body);
  expect(status).toBe(400);
  return said;
};

describe("a scope", () => {
  it("is a region, a site group, a site or a location, and shows the object", async () => {
    const region = await netbox.make("dcim/regions", slugged("region"));
    const group = await netbox.make("dcim/site-groups", slugged("sites"));
    const location = await netbox.make("dcim/locations", { ...slugged("room"), site });
    for (const [type, { id, name }] of [
      ["dcim.region", region],
      ["dcim.sitegroup", group],
      ["dcim.site", await netbox.ok("GET", `dcim/sites/${site}/`)],
      ["dcim.location", location],
    ] as const)
      expect(await cluster({ scope_type: type, scope_id: id })).toMatchObject({
        scope_type: type,
        scope_id: id,
        scope: { id, name },
      });
    expect(await cluster()).toMatchObject({ scope_type: null, scope_id: null, scope: null });
    const no = (scope: object) => refused("virtualization/clusters", { name: "x", type: clusterType, ...scope });
    expect(await no({ scope_type: "dcim.site" })).toEqual({ __all__: ["Please select a site."] });
    expect(await no({ scope_id: site })).toEqual({ scope_type: ["This field cannot be null."] });
    expect(await no({ scope_type: "dcim.device", scope_id: 1 })).toHaveProperty("scope_type");
    expect(await no({ scope_type: "dcim.site", scope_id: 999999 })).toHaveProperty("scope_id");
  });

  it("of a cluster that is a site or a location gives its machines their site, a region does not", async () => {
    const location = await netbox.make("dcim/locations", { ...slugged("room"), site });
    const region = await netbox.make("dcim/regions", slugged("region"));
    const siteOf = async (scope: object) => (await machine({ cluster: (await cluster(scope)).id })).site;
    expect(await siteOf({ scope_type: "dcim.site", scope_id: site })).toMatchObject({ id: site });
    expect(await siteOf({ scope_type: "dcim.location", scope_id: location.id })).toMatchObject({ id: site });
    expect(await siteOf({ scope_type: "dcim.region", scope_id: region.id })).toBeNull();
  });
});

describe("a device", () => {
  it("is where its cluster is", async () => {
    const location = await netbox.make("dcim/locations", { ...slugged("room"), site });
    const role = await netbox.make("dcim/device-roles", { ...slugged("role"), color: "9e9e9e" });
    const manufacturer = (await netbox.make("dcim/manufacturers", slugged("maker"))).id;
    const type = await netbox.make("dcim/device-types", { manufacturer, model: unique("m"), slug: unique("m") });
    const { id } = await cluster({ scope_type: "dcim.location", scope_id: location.id });
    const node = { device_type: type.id, role: role.id, cluster: id };
    const other = (await netbox.make("dcim/sites", slugged("site"))).id;
    expect(await refused("dcim/devices", { ...node, name: "x", site: other })).toHaveProperty("cluster");
    expect(await refused("dcim/devices", { ...node, name: "x", site })).toHaveProperty("cluster");
    expect(
      await netbox.make("dcim/devices", { ...node, name: unique("pve"), site, location: location.id }),
    ).toMatchObject({
      location: { id: location.id },
    });
  });
});

describe("a virtual machine", () => {
  it("can be on a site, or on a device that has no cluster", async () => {
    expect(await machine({ site })).toMatchObject({ cluster: null, site: { id: site } });
    const maker = await netbox.make("dcim/manufacturers", slugged("maker"));
    const type = await netbox.make("dcim/device-types", {
      manufacturer: maker.id,
      model: unique("m"),
      slug: unique("m"),
    });
    const role = await netbox.make("dcim/device-roles", { ...slugged("role"), color: "9e9e9e" });
    const device = await netbox.make("dcim/devices", {
      name: unique("pve"),
      device_type: type.id,
      role: role.id,
      site,
    });
    expect(await machine({ device: device.id })).toMatchObject({
      cluster: null,
      device: { id: device.id },
      site: { id: site },
    });
    const other = (await netbox.make("dcim/sites", slugged("site"))).id;
    expect(
      await refused("virtualization/virtual-machines", { name: "x", site: other, device: device.id }),
    ).toHaveProperty("site");
  });

  it("has a name of its own in its cluster and tenant, and none of its own on a site", async () => {
    const { id } = await cluster();
    const tenant = await netbox.make("tenancy/tenants", slugged("tenant"));
    await machine({ name: "twin", cluster: id });
    await machine({ name: "twin", cluster: id, tenant: tenant.id });
    await refused("virtualization/virtual-machines", { name: "TWIN", cluster: id });
    await machine({ name: "twin", site });
    await machine({ name: "twin", site });
  });
});

describe("a VLAN", () => {
  it("of one number and name is there as often as there are groups, and as one likes without any", async () => {
    const [a, b] = [
      await netbox.make("ipam/vlan-groups", slugged("group")),
      await netbox.make("ipam/vlan-groups", slugged("group")),
    ];
    for (const group of [a.id, b.id, null, null])
      expect(await netbox.make("ipam/vlans", { vid: 77, name: "servers", group })).toMatchObject({ vid: 77 });
    await refused("ipam/vlans", { vid: 77, name: "others", group: a.id });
    await refused("ipam/vlans", { vid: 78, name: "servers", group: a.id });
  });
});

describe("addresses", () => {
  const address = (fields: object): Promise<Body> => netbox.make("ipam/ip-addresses", fields);

  it("of shared roles repeat among themselves, and with no other", async () => {
    for (const role of ["anycast", "vip", "vrrp", "hsrp", "glbp", "carp"])
      await address({ address: "10.60.0.1/32", role });
    await refused("ipam/ip-addresses", { address: "10.60.0.1/32" });
    await address({ address: "10.60.0.2/32", role: "loopback" });
    for (const role of ["loopback", "secondary", "anycast"])
      await refused("ipam/ip-addresses", { address: "10.60.0.2/24", role });
  });

  it("that repeat can't have one name, which netbox-dns refuses", async () => {
    const shared = { address: "10.60.0.9/32", role: "anycast", dns_name: "dns.example.org" };
    await address(shared);
    expect(await refused("ipam/ip-addresses", shared)).toHaveProperty("dns_name");
    await address({ ...shared, dns_name: "" });
    await address({ ...shared, status: "deprecated" });
  });

  it("and prefixes repeat in VRFs, and in one VRF where it enforces nothing", async () => {
    const strict = await netbox.make("ipam/vrfs", { name: unique("vrf"), enforce_unique: true });
    const loose = await netbox.make("ipam/vrfs", { name: unique("vrf"), enforce_unique: false });
    for (const vrf of [null, strict.id, loose.id, loose.id]) {
      await netbox.make("ipam/prefixes", { prefix: "10.61.0.0/24", vrf });
      await address({ address: "10.61.0.5/24", vrf });
    }
    for (const vrf of [null, strict.id]) {
      expect(await refused("ipam/prefixes", { prefix: "10.61.0.0/24", vrf })).toHaveProperty("prefix");
      expect(await refused("ipam/ip-addresses", { address: "10.61.0.5/25", vrf })).toHaveProperty("address");
    }
  });

  it("at a prefix's edge are nobody's", async () => {
    const { id } = await nic((await machine({ site })).id);
    const on = { assigned_object_type: "virtualization.vminterface", assigned_object_id: id };
    await refused("ipam/ip-addresses", { address: "10.62.0.0/24", ...on });
    await refused("ipam/ip-addresses", { address: "10.62.0.255/24", ...on });
    for (const text of ["10.62.0.0/31", "10.62.0.255/32", "10.62.1.0/24"])
      await address({ address: text, ...(text.endsWith("/24") ? {} : on) });
  });

  it("are handed out of ranges, whatever their status, but not of one that counts as populated", async () => {
    const { id } = await netbox.make("ipam/prefixes", { prefix: "10.63.0.0/29" });
    await netbox.make("ipam/ip-ranges", {
      start_address: "10.63.0.1/29",
      end_address: "10.63.0.2/29",
      status: "reserved",
    });
    await netbox.make("ipam/ip-ranges", {
      start_address: "10.63.0.3/29",
      end_address: "10.63.0.4/29",
      mark_populated: true,
    });
    const free = await netbox.ok("GET", `ipam/prefixes/${id}/available-ips/`);
    expect(free.map((each: Body) => each.address)).toEqual([
      "10.63.0.1/29",
      "10.63.0.2/29",
      "10.63.0.5/29",
      "10.63.0.6/29",
    ]);
    await refused("ipam/ip-addresses", { address: "10.63.0.3/29" });
    await refused("ipam/ip-ranges", { start_address: "10.63.0.4/29", end_address: "10.63.0.5/29" });
  });

  it("of an FHRP group are shown with it", async () => {
    const group = await netbox.make("ipam/fhrp-groups", { protocol: "vrrp2", group_id: 10, name: "gateways" });
    await address({
      address: "10.64.0.1/24",
      role: "vrrp",
      assigned_object_type: "ipam.fhrpgroup",
      assigned_object_id: group.id,
    });
    const { id } = await nic((await machine({ site })).id);
    const assigned = { group: group.id, interface_type: "virtualization.vminterface", interface_id: id, priority: 100 };
    expect(await netbox.make("ipam/fhrp-group-assignments", assigned)).toMatchObject({ priority: 100 });
    expect((await netbox.ok("GET", `ipam/fhrp-groups/${group.id}/`)).ip_addresses).toMatchObject([
      { address: "10.64.0.1/24" },
    ]);
  });
});

describe("interfaces", () => {
  it("stand on others of their machine only", async () => {
    const [own, other] = [await machine({ site }), await machine({ site })];
    const parent = await nic(own.id, { name: "eth0" });
    expect(await nic(own.id, { name: "eth0.20", parent: parent.id })).toMatchObject({ parent: { id: parent.id } });
    expect(await nic(own.id, { name: "br0", bridge: parent.id })).toMatchObject({ bridge: { id: parent.id } });
    await refused("virtualization/interfaces", { virtual_machine: other.id, name: "eth0.20", parent: parent.id });
  });
});

describe("a custom field", () => {
  const field = (fields: object): Promise<Body> =>
    netbox.make("extras/custom-fields", { object_types: ["virtualization.virtualmachine"], ...fields });

  it("that leads to objects takes ids or what they are like, and shows them", async () => {
    await field({ name: "backup_site", type: "object", related_object_type: "dcim.site" });
    await field({ name: "other_sites", type: "multiobject", related_object_type: "dcim.site" });
    const second = await netbox.make("dcim/sites", slugged("site"));
    const made = await machine({
      site,
      custom_fields: { backup_site: { slug: second.slug }, other_sites: [site, second.id] },
    });
    expect(made.custom_fields.backup_site).toMatchObject({ id: second.id, slug: second.slug });
    expect(made.custom_fields.other_sites.map((each: Body) => each.id).sort()).toEqual([site, second.id].sort());
    await refused("virtualization/virtual-machines", { name: "x", site, custom_fields: { backup_site: 999999 } });
    const nowhere = { name: "nowhere", type: "object", object_types: ["dcim.site"] };
    expect(await refused("extras/custom-fields", nowhere)).toHaveProperty("related_object_type");
  });

  it("that is required must be given, and refuses every change of an object without it", async () => {
    const old = await machine({ site });
    await field({ name: "cost_centre", type: "text", required: true });
    try {
      await refused("virtualization/virtual-machines", { name: "x", site });
      await refused("virtualization/virtual-machines", { name: "x", site, custom_fields: {} });
      const change = await netbox.answer("PATCH", `virtualization/virtual-machines/${old.id}/`, { vcpus: 2 });
      expect(change.status).toBe(400);
      const path = `virtualization/virtual-machines/${old.id}/`;
      await netbox.ok("PATCH", path, { custom_fields: { cost_centre: "IT" } });
      expect(await netbox.ok("PATCH", path, { vcpus: 2 })).toMatchObject({ vcpus: 2 });
    } finally {
      const [found] = (await netbox.ok("GET", "extras/custom-fields/?name=cost_centre")).results;
      await netbox.ok("DELETE", `extras/custom-fields/${found.id}/`);
    }
  });
});
