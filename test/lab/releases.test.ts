import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credentials } from "../../lab";
import { isRelease, type Release, releases } from "../../lab/netbox/releases";
import { setSwitch } from "../../lab/switches";
import { type Body, NetboxCalls } from "../harness/netboxcalls";
import { seedWith, TestSystems } from "../harness/systems";

/** NetBox's releases as their published source says: `npm run lab -- --netbox-release 4.2`. */

const from = (release: Release, since: Release) =>
  Object.keys(releases).indexOf(release) >= Object.keys(releases).indexOf(since);

describe.each(Object.keys(releases).filter(isRelease))("NetBox %s", (release) => {
  let systems: TestSystems;
  let netbox: NetboxCalls;
  let cluster: number;
  let site: number;
  const since = (other: Release) => from(release, other);

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("- { name: seeded, disks: [] }"), {}, "lab", {}, release);
    netbox = new NetboxCalls(systems);
    cluster = (await netbox.ok("GET", "virtualization/clusters/?limit=1")).results[0].id;
    site = (await netbox.ok("GET", "dcim/sites/?limit=1")).results[0].id;
  });
  afterAll(() => systems.close());

  const machine = (name: string, fields: object = {}): Promise<Body> =>
    netbox.make("virtualization/virtual-machines", { name, cluster, ...fields });
  const raw = async (path: string, init: RequestInit = {}) =>
    fetch(`${systems.endpoints.netbox.url}/api/${path}`, {
      ...init,
      headers: { Authorization: `Token ${credentials.netboxV1Token}`, Connection: "close", ...init.headers },
    });

  it("says which it is", async () => {
    const status = await netbox.ok("GET", "status/");
    expect(status["netbox-version"]).toBe(releases[release]);
    expect("netbox-full-version" in status).toBe(since("4.3"));
    expect("hostname" in status).toBe(since("4.4"));
    expect((await raw("status/")).headers.get("API-Version")).toBe(release);
  });

  it("takes v1 tokens, and v2 ones since 4.5, by either keyword", async () => {
    const code = async (authorization: string) =>
      (await raw("dcim/sites/", { headers: { Authorization: authorization } })).status;
    expect(await code(`Token ${credentials.netboxV1Token}`)).toBe(200);
    const isV2 = since("4.5") ? 200 : 403;
    expect(await code(`Bearer ${credentials.netboxV1Token}`)).toBe(isV2);
    expect(await code(`Bearer ${credentials.netboxToken}`)).toBe(isV2);
    expect(await code(`Token ${credentials.netboxToken}`)).toBe(isV2);
    const bad = await (await raw("dcim/sites/", { headers: { Authorization: `Token ${"0".repeat(40)}` } })).json();
    expect(bad).toEqual({ detail: since("4.5") ? "Invalid v1 token" : "Invalid token" });
    expect((await raw("authentication-check/")).status).toBe(since("4.5") ? 200 : 404);
  });

  it("makes tokens of its forms", async () => {
    const user = await netbox.make("users/users", { username: "someone", password: "Somebody-lab-1" });
    const key = "a".repeat(40);
    const made = await netbox.make("users/tokens", { user: user.id, key, version: 1 });
    expect("version" in made).toBe(since("4.5"));
    if (release === "4.2") expect(made.key).toBe(key);
    else if (!since("4.5")) expect("key" in made).toBe(false);
    const own = since("4.5") ? made.token : key;
    expect((await raw("status/", { headers: { Authorization: `Token ${own}` } })).status).toBe(200);
    if (since("4.5"))
      expect((await netbox.make("users/tokens", { user: user.id, version: 2 })).key).toMatch(/^\w{12}$/);
  });

  it("has MAC addresses as objects, and since 4.7 takes one with its interface", async () => {
    const { id } = await machine("with-mac");
    const mac = "BC:24:11:00:00:01";
    const nic = await netbox.make("virtualization/interfaces", { virtual_machine: id, name: "net0", mac_address: mac });
    expect(nic.mac_address).toBe(since("4.7") ? mac : null);
    const object = { mac_address: mac, assigned_object_type: "virtualization.vminterface", assigned_object_id: nic.id };
    const made = since("4.7") ? nic.primary_mac_address : await netbox.make("dcim/mac-addresses", object);
    const path = `virtualization/interfaces/${nic.id}/`;
    if (!since("4.7")) expect((await netbox.ok("GET", path)).mac_address).toBeNull();
    expect(await netbox.ok("PATCH", path, { primary_mac_address: made.id })).toMatchObject({ mac_address: mac });
    const changed = await netbox.ok("PATCH", path, { mac_address: "BC:24:11:00:00:02" });
    expect(changed.mac_address).toBe(since("4.7") ? "BC:24:11:00:00:02" : mac);
  });

  it("has start on boot since 4.5", async () => {
    const made = await machine("at-boot", { start_on_boot: "on" });
    expect(made.start_on_boot).toEqual(since("4.5") ? { value: "on", label: "On" } : undefined);
  });

  it("has a cluster's scope, and no site of it", async () => {
    const found = await netbox.ok("GET", `virtualization/clusters/${cluster}/`);
    expect(found).toMatchObject({ scope_type: "dcim.site", scope_id: site, scope: { id: site } });
    expect("site" in found).toBe(false);
  });

  it("has machines on a site, and since 4.6 on a device without a cluster", async () => {
    expect(await machine("on-site", { cluster: null, site })).toMatchObject({ cluster: null, site: { id: site } });
    const maker = await netbox.make("dcim/manufacturers", { name: "M", slug: "m" });
    const type = await netbox.make("dcim/device-types", { manufacturer: maker.id, model: "T", slug: "t" });
    const role = await netbox.make("dcim/device-roles", { name: "R", slug: "r", color: "9e9e9e" });
    const device = await netbox.make("dcim/devices", { name: "lonely", device_type: type.id, role: role.id, site });
    const asked = { name: "on-device", cluster: null, device: device.id };
    const { status, body } = await netbox.answer("POST", "virtualization/virtual-machines/", asked);
    expect(status).toBe(since("4.6") ? 201 : 400);
    if (!since("4.6")) expect(Object.keys(body)).toEqual(["cluster"]);
  });

  it("shows a selection's label since 4.7, and takes its value always", async () => {
    const made = await machine("selected", { custom_fields: { proxmox_node: "pve2" } });
    expect(made.custom_fields.proxmox_node).toEqual(since("4.7") ? { value: "pve2", label: "pve2" } : "pve2");
  });

  it("counts ranges as populated that say so since 4.3, and all of them before", async () => {
    const { id } = await netbox.make("ipam/prefixes", { prefix: "10.65.0.0/29" });
    const range = { start_address: "10.65.0.1/29", end_address: "10.65.0.2/29" };
    const made = await netbox.make("ipam/ip-ranges", range);
    expect("mark_populated" in made).toBe(since("4.3"));
    const [first] = await netbox.ok("GET", `ipam/prefixes/${id}/available-ips/`);
    expect(first.address).toBe(since("4.3") ? "10.65.0.1/29" : "10.65.0.3/29");
  });

  it("has ETags and cursors since 4.6, and leaves fields out by its own word", async () => {
    const { id } = await machine("tagged-once");
    const path = `virtualization/virtual-machines/${id}/`;
    const answer = await raw(path);
    expect(answer.headers.get("etag") !== null).toBe(since("4.6"));
    const stale = await raw(path, {
      method: "PATCH",
      headers: { "If-Match": 'W/"stale"', "Content-Type": "application/json" },
      body: JSON.stringify({ vcpus: 1 }),
    });
    expect(stale.status).toBe(since("4.6") ? 412 : 200);
    const list = await netbox.ok("GET", "virtualization/virtual-machines/?start=0&limit=1");
    expect(list.count === null).toBe(since("4.6"));
    const shows = async (query: string) => "config_context" in (await netbox.ok("GET", `${path}?${query}`));
    expect(await shows("omit=config_context")).toBe(!since("4.5"));
    expect(await shows("exclude=config_context")).toBe(since("4.7"));
  });

  it("names every object of a failed bulk since 4.7, and the first one's errors before", async () => {
    const bulk = [{ name: "good", cluster }, { cluster }, { cluster }];
    const { status, body } = await netbox.answer("POST", "virtualization/virtual-machines/", bulk);
    expect(status).toBe(400);
    if (since("4.7")) expect(body.errors).toHaveLength(2);
    else expect(body).toEqual({ name: ["This field is required."] });
    expect((await netbox.ok("GET", "virtualization/virtual-machines/?name=good")).count).toBe(0);
  });

  it("keeps small pages since 4.4", async () => {
    await netbox.ok(
      "POST",
      "ipam/vlans/",
      Array.from({ length: 60 }, (_, n) => ({ vid: n + 100, name: `v${n}` })),
    );
    setSwitch(systems.lab, { setup: "netbox-page-size", size: 20 });
    const list = await netbox.ok("GET", "ipam/vlans/?limit=1000");
    setSwitch(systems.lab, { setup: "clear" });
    expect(list.results).toHaveLength(since("4.4") ? 20 : 50);
  });

  it("can be upgraded, and says of every machine then that it does not start on boot", async () => {
    await machine("from-before");
    setSwitch(systems.lab, { setup: "netbox-release", release: "4.7" });
    const found = (await netbox.ok("GET", "virtualization/virtual-machines/?name=from-before")).results[0];
    setSwitch(systems.lab, { setup: "netbox-release", release });
    expect(found.start_on_boot).toEqual({ value: "off", label: "Off" });
  });
});
