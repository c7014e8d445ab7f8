import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDrive } from "../../lab/proxmox/qemu/vm";
import { readSeed } from "../../lab/seed";
import { projectRoot } from "../../tools/root";
import { type Body, NetboxCalls } from "../harness/netboxcalls";
import { TestSystems } from "../harness/systems";

// What has to be in the untidy seed, so that a program that goes through it has met it.

const seed = readSeed(join(projectRoot(), "lab", "seeds", "untidy.yaml"));
let systems: TestSystems;
let netbox: NetboxCalls;
const all = async (path: string): Promise<Body[]> => (await netbox.ok("GET", `${path}/?limit=1000`)).results;
const twice = (values: unknown[]) => new Set(values).size < values.length;

beforeAll(async () => {
  systems = await TestSystems.open(seed, {}, "lab");
  netbox = new NetboxCalls(systems);
});
afterAll(() => systems.close());

describe("the untidy seed has in NetBox", () => {
  it("nodes, VLANs and guests of one name or number in several places", async () => {
    expect((await all("dcim/sites")).length).toBeGreaterThan(2);
    expect(twice((await all("dcim/devices")).map(({ name }) => name))).toBe(true);
    const vlans = await all("ipam/vlans");
    expect(twice(vlans.map(({ vid }) => vid))).toBe(true);
    expect(twice(vlans.map(({ name }) => name))).toBe(true);
    expect(vlans.map(({ group }) => group === null)).toEqual(expect.arrayContaining([true, false]));
    const machines = await all("virtualization/virtual-machines");
    expect(twice(machines.map(({ name, cluster }) => `${name} ${cluster?.name}`))).toBe(true);
    const vmids = machines.map(({ custom_fields: fields }) => fields.proxmox_vmid).filter((vmid) => vmid !== null);
    expect(twice(vmids)).toBe(true);
  });

  it("clusters of every scope, and machines without one", async () => {
    const scopes = (await all("virtualization/clusters")).map(({ scope_type: type }) => type);
    expect(scopes).toEqual(expect.arrayContaining(["dcim.site", "dcim.location", "dcim.region"]));
    const lonely = (await all("virtualization/virtual-machines")).filter(({ cluster }) => cluster === null);
    expect(lonely.map(({ device }) => device === null)).toEqual(expect.arrayContaining([true, false]));
  });

  it("prefixes and addresses of one text in several VRFs, and twice in one", async () => {
    const prefixes = (await all("ipam/prefixes")).map(({ prefix, vrf }) => ({ prefix, vrf: vrf?.name ?? null }));
    for (const vrf of [null, "blue", "green", "loose"])
      expect(prefixes).toContainEqual({ prefix: "10.71.0.0/24", vrf });
    const addresses = await all("ipam/ip-addresses");
    expect(twice(addresses.filter(({ vrf }) => vrf?.name === "loose").map(({ address }) => address))).toBe(true);
    expect(twice(addresses.filter(({ role }) => role?.value === "anycast").map(({ address }) => address))).toBe(true);
  });

  it("addresses of every role and status, and ranges of several", async () => {
    const addresses = await all("ipam/ip-addresses");
    const roles = addresses.map(({ role }) => role?.value);
    for (const role of ["loopback", "secondary", "anycast", "vrrp", "hsrp", "glbp", "carp"])
      expect(roles).toContain(role);
    const statuses = addresses.map(({ status }) => status.value);
    for (const status of ["active", "reserved", "deprecated", "dhcp", "quarantine"]) expect(statuses).toContain(status);
    const ranges = await all("ipam/ip-ranges");
    expect(ranges.map(({ status, mark_populated: full }) => `${status.value} ${full}`)).toEqual(
      expect.arrayContaining(["reserved false", "active true", "active false"]),
    );
  });

  it("sub-interfaces, bridges and loopbacks, and interfaces with an address and no MAC", async () => {
    const interfaces = await all("virtualization/interfaces");
    expect(interfaces.filter(({ parent }) => parent !== null).map(({ name }) => name)).toContain("eth0.72");
    expect(interfaces.some(({ bridge }) => bridge !== null)).toBe(true);
    expect(interfaces.map(({ name }) => name)).toEqual(expect.arrayContaining(["lo", "docker0"]));
    expect(interfaces.some(({ name, mac_address: mac }) => name === "eth0" && mac === null)).toBe(true);
  });

  it("required, object and multiple custom fields, machines from before them, statuses of one's own and odd tags", async () => {
    const fields = await all("extras/custom-fields");
    expect(fields.filter(({ required }) => required).map(({ name }) => name)).toEqual(["cost_centre"]);
    const machines = await all("virtualization/virtual-machines");
    expect(machines.some(({ custom_fields: each }) => each.cost_centre === null)).toBe(true);
    expect(machines.find(({ custom_fields: each }) => each.owner_site !== null)?.custom_fields).toMatchObject({
      owner_site: { name: "Hamburg" },
      served_sites: [{ name: "Hamburg" }, { name: "Köln" }],
      windows: [{ value: "sunday" }, { value: "monday" }],
    });
    expect(machines.map(({ status }) => status.value)).toEqual(expect.arrayContaining(["retired", "in-review"]));
    expect((await all("extras/tags")).map(({ name }) => name)).toEqual(expect.arrayContaining(["24.04", "10.0.0.5"]));
  });
});

describe("the untidy seed has on Proxmox VE", () => {
  it("nothing but what Proxmox VE takes: each option is set again as it stands", async () => {
    const options = Object.entries(seed.proxmox).flatMap(([cluster, { guests }]) =>
      guests.flatMap(({ vmid, type, node, config }) =>
        Object.entries(config)
          // What makes a volume can't be said again, and some is root's alone.
          .filter(([key]) => !isDrive(key) && !/^(rootfs|mp\d+|args|features|unprivileged|hookscript)$/.test(key))
          .map(([key, value]) => ({ cluster, path: `/nodes/${node}/${type}/${vmid}/config`, key, value })),
      ),
    );
    const refused: string[] = [];
    for (const { cluster, path, key, value } of options)
      await systems.clients.proxmox("PUT", path, { [key]: value }, cluster).catch((error: unknown) => {
        refused.push(`${cluster}${path} ${key}: ${String(error)}`);
      });
    expect(refused).toEqual([]);
    expect(options.length).toBeGreaterThan(100);
  });

  it("templates with cloud-init drives on shared and local storages and without, and the word where it is none", () => {
    const templates = Object.values(seed.proxmox).flatMap(({ guests }) => guests.filter(({ template }) => template));
    const drives = templates.map(({ config }) =>
      Object.values(config).find((value) => /^[\w-]+:cloudinit/.test(String(value))),
    );
    expect(drives).toEqual(expect.arrayContaining(["ceph:cloudinit", "local-lvm:cloudinit", undefined]));
    expect(templates.some(({ config }) => /cloudinit/.test(`${config.description} ${config.tags}`))).toBe(true);
  });

  it("second disks, several interfaces, none at all, every way of an address, and tags that NetBox writes otherwise", () => {
    const configs = Object.values(seed.proxmox).flatMap(({ guests }) =>
      guests.filter(({ template }) => !template).map(({ config }) => config),
    );
    const text = JSON.stringify(configs);
    for (const form of [
      "ip=dhcp",
      "ip6=auto",
      "ip6=manual",
      "ip=manual",
      "trunks=2-4094",
      "trunks=10;200-400",
      "24.04",
      "10.0.0.5",
      "a+b",
    ])
      expect(text).toContain(form);
    const counted = (pattern: RegExp) =>
      configs.map((config) => Object.keys(config).filter((key) => pattern.test(key)).length);
    expect(counted(/^net\d+$/)).toEqual(expect.arrayContaining([0, 1, 2, 3]));
    expect(counted(/^(scsi|sata|virtio)\d+$/)).toEqual(expect.arrayContaining([0, 1, 3]));
  });
});
