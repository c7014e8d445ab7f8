import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

/** What this project believes of NetBox 4.7 with netbox-dns 1.7: every case holds on the lab and on the real one. */

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape are looked at field by field
type Body = any;
interface Answer {
  status: number;
  body: Body;
  etag: string | null;
}

let systems: TestSystems;
let cluster: number;
let count = 0;
const unique = (prefix: string) => `${prefix}-${++count}`;

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { url, token } = systems.endpoints.netbox;
  const response = await fetch(`${url}/api/${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Connection: "close", ...headers },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return { status: response.status, body: isJson ? JSON.parse(text) : text, etag: response.headers.get("etag") };
}

/** The body of a success. */
async function ok(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const machines = "virtualization/virtual-machines/";
const vm = (fields: Record<string, unknown> = {}): Promise<Body> =>
  ok("POST", machines, { name: unique("vm"), cluster, ...fields });
const nic = (machine: number, fields: Record<string, unknown> = {}): Promise<Body> =>
  ok("POST", "virtualization/interfaces/", { virtual_machine: machine, name: unique("net"), ...fields });
const address = (fields: Record<string, unknown>): Promise<Body> => ok("POST", "ipam/ip-addresses/", fields);
const onNic = (id: number) => ({ assigned_object_type: "virtualization.vminterface", assigned_object_id: id });

beforeAll(async () => {
  systems = await TestSystems.open(seedWith("- { name: seeded, disks: [] }"));
  cluster = (await ok("GET", "virtualization/clusters/?limit=1")).results[0].id;
});
afterAll(() => systems.close());

describe("authentication", () => {
  it("that fails is 403, with or without a token", async () => {
    const bad = await call("GET", "dcim/sites/", undefined, {
      Authorization: "Token 0000000000000000000000000000000000000000",
    });
    expect(bad).toMatchObject({ status: 403, body: { detail: "Invalid v1 token" } });
    const none = await fetch(`${systems.endpoints.netbox.url}/api/dcim/sites/`);
    expect(none.status).toBe(403);
    expect(await none.json()).toEqual({ detail: "Authentication credentials were not provided." });
  });
});

describe("a list", () => {
  let names: string[];
  beforeAll(async () => {
    names = Array.from({ length: 5 }, (_, n) => `list-${n}`);
    await ok(
      "POST",
      machines,
      names.map((name) => ({ name, cluster, status: "planned" })),
    );
  });

  it("comes in pages with absolute links", async () => {
    const first = await ok("GET", `${machines}?name__isw=list-&limit=2&fields=name`);
    expect(first).toMatchObject({ count: 5, previous: null, results: [{ name: "list-0" }, { name: "list-1" }] });
    expect(first.next).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/virtualization\/virtual-machines\/\?.*offset=2/);
    const last = await ok("GET", `${machines}?name__isw=list-&limit=2&offset=4&fields=name`);
    expect(last).toMatchObject({ count: 5, next: null, results: [{ name: "list-4" }] });
    expect(last.previous).toContain("offset=2");
  });

  it("comes by cursor, without a count, in the order of ids", async () => {
    const first = await ok("GET", `${machines}?name__isw=list-&limit=3&start=0&fields=id,name`);
    expect(first).toMatchObject({ count: null, previous: null });
    expect(first.results.map(({ name }: Body) => name)).toEqual(["list-0", "list-1", "list-2"]);
    const start = new URL(first.next).searchParams.get("start");
    const rest = await ok("GET", `${machines}?name__isw=list-&limit=3&start=${start}&fields=id,name`);
    expect(rest.results.map(({ name }: Body) => name)).toEqual(["list-3", "list-4"]);
    expect(rest.next).toBeNull();
  });

  it("holds a thousand at most, whatever is asked for", async () => {
    const { count: all, results } = await ok("GET", `${machines}?limit=0&brief=1`);
    expect(results).toHaveLength(all);
    expect(Object.keys(results[0]).sort()).toEqual(["description", "display", "id", "name", "url"]);
  });

  it("ignores a filter that NetBox doesn't know", async () => {
    const { count: all } = await ok("GET", `${machines}?limit=1`);
    expect((await ok("GET", `${machines}?limit=1&nosuch=1`)).count).toBe(all);
  });

  it("refuses a value that a filter doesn't have", async () => {
    expect(await call("GET", `${machines}?status=zzz`)).toMatchObject({
      status: 400,
      body: { status: ["Select a valid choice. zzz is not one of the available choices."] },
    });
    expect((await call("GET", `${machines}?cluster_id=999999`)).status).toBe(400);
    expect(await call("GET", `${machines}?tag=nosuch`)).toMatchObject({
      status: 400,
      body: { tag: [expect.any(String)] },
    });
  });

  it("filters by several values, lookups and tags", async () => {
    const named = async (query: string): Promise<string[]> =>
      (await ok("GET", `${machines}?${query}&limit=0&fields=name`)).results.map(({ name }: Body) => name);
    expect(await named("name=list-1&name=list-3")).toEqual(["list-1", "list-3"]);
    expect(await named("name__ic=LIST-4")).toEqual(["list-4"]);
    expect(await named("name__isw=list-&status=active")).toEqual([]);
    await ok("POST", "extras/tags/", { name: "Some Tag", slug: "some-tag" });
    const [{ id }] = (await ok("GET", `${machines}?name=list-2`)).results;
    await ok("PATCH", `${machines}${id}/`, { tags: [{ slug: "some-tag" }] });
    expect(await named("tag=some-tag")).toEqual(["list-2"]);
  });

  it("leaves out what isn't asked for", async () => {
    const [one] = (await ok("GET", `${machines}?name=list-1&omit=config_context`)).results;
    expect(one).not.toHaveProperty("config_context");
    expect(one).toHaveProperty("status", { value: "planned", label: "Planned" });
    const [two] = (await ok("GET", `${machines}?name=list-1&fields=id,name`)).results;
    expect(Object.keys(two).sort()).toEqual(["id", "name"]);
  });
});

describe("a refusal", () => {
  it("of what isn't there is 404, as JSON for an object and HTML for a path", async () => {
    expect(await call("GET", `${machines}999999/`)).toMatchObject({
      status: 404,
      body: { detail: "No VirtualMachine matches the given query." },
    });
    const path = await call("GET", "nosuch/things/");
    expect(path.status).toBe(404);
    expect(path.body).toContain("<!DOCTYPE html>");
  });

  it("names each field", async () => {
    expect(await call("POST", machines, {})).toMatchObject({
      status: 400,
      body: { name: ["This field is required."] },
    });
    const bad = await call("POST", machines, { name: unique("bad"), cluster: 999999 });
    expect(bad.body).toEqual({ cluster: ["Related object not found using the provided numeric ID: 999999"] });
    expect((await call("POST", machines, { name: unique("bad"), cluster, status: "zzz" })).body).toEqual({
      status: ["zzz is not a valid choice."],
    });
    expect((await call("POST", machines, "{bad")).body.detail).toMatch(/^JSON parse error - /);
    expect((await call("POST", machines, { name: unique("homeless") })).status).toBe(400);
  });

  it("is not given for a field that NetBox doesn't know", async () => {
    expect((await vm({ nosuch: 1 })).id).toBeGreaterThan(0);
  });
});

describe("bulk calls", () => {
  it("create, change and delete many, or none", async () => {
    const made = await ok("POST", machines, [
      { name: unique("bulk"), cluster },
      { name: unique("bulk"), cluster },
    ]);
    const [a, b] = made.map(({ id }: Body) => id);
    const changed = await ok("PATCH", machines, [
      { id: a, status: "offline" },
      { id: b, status: "offline" },
    ]);
    expect(changed.map(({ status }: Body) => status.value)).toEqual(["offline", "offline"]);
    expect(
      await call("PATCH", machines, [
        { id: a, status: "active" },
        { id: b, status: "zzz" },
      ]),
    ).toMatchObject({
      status: 400,
      body: {
        detail: "1 of 2 objects could not be updated.",
        errors: [{ id: b, errors: { status: ["zzz is not a valid choice."] } }],
      },
    });
    expect((await ok("GET", `${machines}${a}/`)).status.value).toBe("offline");
    expect((await call("DELETE", machines, [{ id: a }, { id: b }])).status).toBe(204);
    expect((await call("GET", `${machines}${a}/`)).status).toBe(404);
  });

  it("name what is wrong by its place or its id", async () => {
    const good = unique("half");
    expect(await call("POST", machines, [{ name: good, cluster }, { cluster }])).toMatchObject({
      status: 400,
      body: {
        detail: "1 of 2 objects could not be created.",
        errors: [{ index: 1, errors: { name: ["This field is required."] } }],
      },
    });
    expect((await ok("GET", `${machines}?name=${good}`)).count).toBe(0);
    const { id } = await vm();
    expect(
      (
        await call("PATCH", machines, [
          { id, status: "active" },
          { id: 999999, status: "active" },
        ])
      ).body,
    ).toEqual({
      detail: "1 of 2 objects could not be found.",
      errors: [{ id: 999999, errors: { id: ["Object with ID 999999 does not exist"] } }],
    });
  });
});

describe("an ETag", () => {
  it("guards a change and a deletion, and moves with each change", async () => {
    const { id } = await vm();
    const { etag } = await call("GET", `${machines}${id}/`);
    expect(etag).toMatch(/^W\/".*\+00:00"$/);
    const changed = await call("PATCH", `${machines}${id}/`, { status: "staged" }, { "If-Match": etag ?? "" });
    expect(changed.status).toBe(200);
    expect(changed.etag).not.toBe(etag);
    const stale = await call("PATCH", `${machines}${id}/`, { status: "active" }, { "If-Match": etag ?? "" });
    expect(stale).toMatchObject({ status: 412, body: { detail: "Precondition failed." }, etag: changed.etag });
    expect((await call("DELETE", `${machines}${id}/`, undefined, { "If-Match": etag ?? "" })).status).toBe(412);
    expect((await call("DELETE", `${machines}${id}/`, undefined, { "If-Match": changed.etag ?? "" })).status).toBe(204);
  });

  it("of a machine stays when its disks and interfaces change", async () => {
    const { id } = await vm();
    const { etag } = await call("GET", `${machines}${id}/`);
    await nic(id);
    await ok("POST", "virtualization/virtual-disks/", { virtual_machine: id, name: "scsi0", size: 1000 });
    expect((await call("GET", `${machines}${id}/`)).etag).toBe(etag);
  });
});

describe("next available addresses", () => {
  let prefix: number;
  beforeAll(async () => {
    prefix = (await ok("POST", "ipam/prefixes/", { prefix: "10.99.0.0/29" })).id;
  });

  it("are listed, given with their fields, one or several, and end with 409", async () => {
    const path = `ipam/prefixes/${prefix}/available-ips/`;
    expect((await ok("GET", path)).map(({ address: free }: Body) => free)).toContain("10.99.0.1/29");
    const { id } = await nic((await vm()).id);
    expect(await ok("POST", path, { dns_name: "One.Example", ...onNic(id) })).toMatchObject({
      address: "10.99.0.1/29",
      dns_name: "one.example",
      assigned_object_id: id,
    });
    const two = await ok("POST", path, [{}, {}]);
    expect(two.map(({ address: given }: Body) => given)).toEqual(["10.99.0.2/29", "10.99.0.3/29"]);
    const many = await call("POST", path, [{}, {}, {}, {}]);
    expect(many).toMatchObject({
      status: 409,
      body: { detail: "Insufficient resources are available to satisfy the request" },
    });
    await ok("POST", path, [{}, {}, {}]);
    expect((await call("POST", path, {})).status).toBe(409);
  });

  it("of a range are its own, and end with 409 too", async () => {
    const range = await ok("POST", "ipam/ip-ranges/", { start_address: "10.99.1.10/24", end_address: "10.99.1.11/24" });
    const path = `ipam/ip-ranges/${range.id}/available-ips/`;
    expect((await ok("POST", path, {})).address).toBe("10.99.1.10/24");
    expect((await ok("POST", path, {})).address).toBe("10.99.1.11/24");
    expect((await call("POST", path, {})).status).toBe(409);
    expect((await call("POST", "ipam/prefixes/999999/available-ips/", {})).status).toBe(404);
  });
});

describe("addresses", () => {
  it("are unique whatever their mask", async () => {
    await address({ address: "10.98.0.5/24" });
    expect(await call("POST", "ipam/ip-addresses/", { address: "10.98.0.5/16" })).toMatchObject({
      status: 400,
      body: { address: ["Duplicate IP address found in global table: 10.98.0.5/24"] },
    });
  });

  it("are filtered by themselves, their prefix, their interface", async () => {
    const { id } = await nic((await vm()).id);
    await address({ address: "10.98.1.7/24", ...onNic(id) });
    for (const query of ["address=10.98.1.7/24", "address=10.98.1.7", "parent=10.98.1.0/24", `vminterface_id=${id}`])
      expect((await ok("GET", `ipam/ip-addresses/?${query}&fields=address`)).results).toEqual([
        { address: "10.98.1.7/24" },
      ]);
  });

  it("have names that DNS can hold", async () => {
    const bad = await call("POST", "ipam/ip-addresses/", { address: "10.98.2.1/24", dns_name: "no spaces" });
    expect(bad).toMatchObject({ status: 400, body: { dns_name: [expect.stringContaining("Only alphanumeric")] } });
  });

  it("are a machine's primary ones only where they are its own, of the right family, and stay while they are", async () => {
    const machine = await vm();
    const { id } = await nic(machine.id);
    const own = await address({ address: "10.98.3.1/24", ...onNic(id) });
    const foreign = await address({ address: "10.98.3.2/24" });
    const v6 = await address({ address: "fd98::1/64", ...onNic(id) });
    const path = `${machines}${machine.id}/`;
    expect((await call("PATCH", path, { primary_ip4: foreign.id })).body).toEqual({
      primary_ip4: ["The specified IP address (10.98.3.2/24) is not assigned to this VM."],
    });
    expect((await call("PATCH", path, { primary_ip4: v6.id })).body).toEqual({
      primary_ip4: ["Must be an IPv4 address. (fd98::1/64 is an IPv6 address.)"],
    });
    expect((await ok("PATCH", path, { primary_ip4: own.id })).primary_ip4.address).toBe("10.98.3.1/24");
    const moved = await call("PATCH", `ipam/ip-addresses/${own.id}/`, {
      assigned_object_type: null,
      assigned_object_id: null,
    });
    expect(moved).toMatchObject({
      status: 400,
      body: { __all__: ["Cannot reassign IP address while it is designated as the primary IP for the parent object"] },
    });
    expect((await call("DELETE", `ipam/ip-addresses/${own.id}/`)).status).toBe(204);
    expect((await ok("GET", path)).primary_ip4).toBeNull();
  });
});

describe("a machine", () => {
  it("is unique by name in its cluster, whatever the case", async () => {
    const { name } = await vm();
    expect(await call("POST", machines, { name: name.toUpperCase(), cluster })).toMatchObject({
      status: 400,
      body: { __all__: [expect.stringContaining("must be unique")] },
    });
  });

  it("has every status of this project's table, and no other", async () => {
    const { id } = await vm();
    for (const status of ["offline", "active", "planned", "staged", "failed", "decommissioning", "paused"])
      expect((await ok("PATCH", `${machines}${id}/`, { status })).status.value).toBe(status);
    expect((await ok("PATCH", `${machines}${id}/`, { start_on_boot: "on" })).start_on_boot).toEqual({
      value: "on",
      label: "On",
    });
    expect((await call("PATCH", `${machines}${id}/`, { vcpus: "many" })).status).toBe(400);
  });

  it("is as large as its disks, and can't be otherwise", async () => {
    const { id } = await vm();
    for (const [name, size] of [
      ["scsi0", 10000],
      ["scsi1", 2000],
    ])
      await ok("POST", "virtualization/virtual-disks/", { virtual_machine: id, name, size });
    expect((await ok("GET", `${machines}${id}/`)).disk).toBe(12000);
    expect(await call("PATCH", `${machines}${id}/`, { disk: 5000 })).toMatchObject({
      status: 400,
      body: {
        disk: ["The specified disk size (5000) must match the aggregate size of assigned virtual disks (12000)."],
      },
    });
    const [first] = (await ok("GET", `virtualization/virtual-disks/?virtual_machine_id=${id}&name=scsi1`)).results;
    expect((await call("DELETE", `virtualization/virtual-disks/${first.id}/`)).status).toBe(204);
    expect((await ok("GET", `${machines}${id}/`)).disk).toBe(10000);
    expect(
      (await call("POST", "virtualization/virtual-disks/", { virtual_machine: id, name: "scsi0", size: 1 })).status,
    ).toBe(400);
  });

  it("takes its site from its cluster, and its cluster can't go while it is there", async () => {
    expect((await vm()).site.name).toBe("Lab");
    expect(await call("DELETE", `virtualization/clusters/${cluster}/`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/^Unable to delete object\. \d+ dependent objects were found/) },
    });
  });

  it("goes with its interfaces, disks and addresses", async () => {
    const { id } = await vm();
    const card = await nic(id);
    const own = await address({ address: "10.98.4.1/24", ...onNic(card.id) });
    expect((await call("DELETE", `${machines}${id}/`)).status).toBe(204);
    expect((await call("GET", `virtualization/interfaces/${card.id}/`)).status).toBe(404);
    expect((await call("GET", `ipam/ip-addresses/${own.id}/`)).status).toBe(404);
  });
});

describe("an interface", () => {
  it("makes a MAC address object of the MAC that is written into it", async () => {
    const card = await nic((await vm()).id, { mac_address: "bc:24:11:99:00:01" });
    expect(card).toMatchObject({
      mac_address: "BC:24:11:99:00:01",
      primary_mac_address: { mac_address: "BC:24:11:99:00:01" },
    });
    const { results } = await ok("GET", "dcim/mac-addresses/?mac_address=BC:24:11:99:00:01");
    expect(results).toHaveLength(1);
    expect(results[0].assigned_object_id).toBe(card.id);
    expect((await ok("GET", "virtualization/interfaces/?mac_address=BC:24:11:99:00:01")).count).toBe(1);
  });

  it("may have a MAC address object that was made before it", async () => {
    const card = await nic((await vm()).id);
    const mac = await ok("POST", "dcim/mac-addresses/", { mac_address: "BC:24:11:99:00:02", ...onNic(card.id) });
    const changed = await ok("PATCH", `virtualization/interfaces/${card.id}/`, { primary_mac_address: mac.id });
    expect(changed.mac_address).toBe("BC:24:11:99:00:02");
  });

  it("drops a VLAN that its mode has no place for, without a word", async () => {
    const vlan = await ok("POST", "ipam/vlans/", { vid: 998, name: unique("vlan") });
    const plain = await nic((await vm()).id, { untagged_vlan: vlan.id });
    expect(plain.untagged_vlan).toBeNull();
    const access = await nic((await vm()).id, { untagged_vlan: vlan.id, mode: "access" });
    expect(access).toMatchObject({ mode: { value: "access" }, untagged_vlan: { vid: 998 } });
    const tagged = await nic((await vm()).id, { tagged_vlans: [vlan.id], mode: "tagged" });
    expect(tagged.tagged_vlans).toMatchObject([{ vid: 998 }]);
  });

  it("is unique by name in its machine, with an MTU that there is", async () => {
    const { id } = await vm();
    await nic(id, { name: "net0" });
    expect((await call("POST", "virtualization/interfaces/", { virtual_machine: id, name: "net0" })).status).toBe(400);
    const bad = await call("POST", "virtualization/interfaces/", { virtual_machine: id, name: "net1", mtu: 0 });
    expect(bad).toMatchObject({ status: 400, body: { mtu: ["Ensure this value is greater than or equal to 1."] } });
  });
});

describe("tags and custom fields", () => {
  beforeAll(async () => {
    await ok("POST", "extras/tags/", [
      { name: "red", slug: "red" },
      { name: "blue", slug: "blue" },
    ]);
    const set = await ok("POST", "extras/custom-field-choice-sets/", {
      name: "Colours",
      extra_choices: [
        ["red", "Red"],
        ["blue", "Blue"],
      ],
    });
    const types = ["virtualization.virtualmachine"];
    await ok("POST", "extras/custom-fields/", [
      { name: "size", type: "integer", object_types: types },
      { name: "note", type: "text", object_types: types },
      { name: "colour", type: "select", object_types: types, choice_set: set.id },
      { name: "only", type: "integer", object_types: types, unique: true },
    ]);
  });

  it("are merged and replaced", async () => {
    const { id } = await vm({ tags: [{ name: "red" }], custom_fields: { size: 1, note: "n" } });
    const changed = await ok("PATCH", `${machines}${id}/`, { tags: [{ slug: "blue" }], custom_fields: { size: 2 } });
    expect(changed.tags.map(({ name }: Body) => name)).toEqual(["blue"]);
    expect(changed.custom_fields).toMatchObject({ size: 2, note: "n", colour: null });
  });

  it("have their types, choices and filters", async () => {
    const bad = async (custom_fields: object) =>
      (await call("POST", machines, { name: unique("cf"), cluster, custom_fields })).body;
    expect(await bad({ nosuch: 1 })).toEqual({
      custom_fields: { nosuch: "Custom field 'nosuch' does not exist for this object type." },
    });
    expect(await bad({ size: "abc" })).toEqual({
      __all__: ["Invalid value for custom field 'size': Value must be an integer."],
    });
    expect(JSON.stringify(await bad({ colour: "green" }))).toContain("Invalid choice (green) for choice set Colours.");
    const { id } = await vm({ custom_fields: { colour: "red", only: 7 } });
    expect((await ok("GET", `${machines}${id}/`)).custom_fields.colour).toEqual({ value: "red", label: "Red" });
    expect((await ok("GET", `${machines}?cf_only=7`)).results.map((one: Body) => one.id)).toEqual([id]);
    expect(await bad({ only: 7 })).toEqual({ __all__: ["Custom field 'only' must have a unique value."] });
    expect((await call("POST", machines, { name: unique("cf"), cluster, tags: [{ name: "nosuch" }] })).status).toBe(
      400,
    );
  });
});

describe("config contexts", () => {
  it("are rendered by weight and scope, deep, with the local one last, and counted", async () => {
    const role = await ok("POST", "dcim/device-roles/", {
      name: unique("Role"),
      slug: unique("role"),
      color: "9e9e9e",
    });
    const contexts = "extras/config-contexts/";
    const before = (await ok("GET", `${contexts}?limit=1&fields=id`)).count;
    const context = (weight: number, data: object, more: object = {}) =>
      ok("POST", contexts, { name: unique("context"), weight, data, ...more });
    await context(2000, { pve: { a: "late", list: [3] } }, { roles: [role.id] });
    await context(1000, { pve: { a: "early", b: 1, list: [1, 2] } }, { clusters: [cluster] });
    await context(3000, { pve: { a: "off" } }, { is_active: false });
    expect((await ok("GET", `${contexts}?limit=1&fields=id`)).count).toBe(before + 3);
    const mine = await vm({ role: role.id, local_context_data: { pve: { c: "own" } } });
    const other = await vm();
    const rendered = async ({ id }: Body) =>
      (await ok("GET", `${machines}${id}/?fields=config_context`)).config_context;
    expect(await rendered(mine)).toEqual({ pve: { a: "late", b: 1, c: "own", list: [3] } });
    expect(await rendered(other)).toEqual({ pve: { a: "early", b: 1, list: [1, 2] } });
  });
});

describe("the change log and the journal", () => {
  it("say who changed what, from what, and why", async () => {
    const { id, name } = await vm({ description: "before" });
    await ok("PATCH", `${machines}${id}/`, { description: "after", changelog_message: "because" });
    const path = `core/object-changes/?changed_object_type=virtualization.virtualmachine&changed_object_id=${id}`;
    const { count: changes, results } = await ok("GET", path);
    expect(changes).toBe(2);
    const of = (action: string) => results.find((change: Body) => change.action.value === action);
    expect(of("update")).toMatchObject({
      action: { value: "update", label: "Updated" },
      user_name: of("update").user.username,
      object_repr: name,
      message: "because",
      prechange_data: { description: "before", status: "active", cluster },
      postchange_data: { description: "after" },
    });
    expect(of("create")).toMatchObject({ prechange_data: {}, message: "" });
    expect((await ok("GET", `${path}&action=create`)).count).toBe(1);
    await call("DELETE", `${machines}${id}/`);
    expect((await ok("GET", path)).results[0]).toMatchObject({
      action: { value: "delete" },
      postchange_data: {},
      changed_object: null,
    });
    // Who deleted which of several, in the form that the program asks in.
    const other = await vm();
    await call("DELETE", `${machines}${other.id}/`);
    const type = "changed_object_type=virtualization.virtualmachine";
    const fields = "fields=id,changed_object_type,changed_object_id,action,user_name,time&ordering=id&limit=1000";
    const both = await ok(
      "GET",
      `core/object-changes/?${type}&changed_object_id=${id}&changed_object_id=${other.id}&action=delete&${fields}`,
    );
    expect(both.results.map((change: Body) => change.changed_object_id).sort()).toEqual([id, other.id].sort());
    expect(both.count).toBe(2);
  });

  it("select entries by time, object and fields, and have objects as Django writes them", async () => {
    const { id } = await vm({ vcpus: 2 });
    const { id: port } = await nic(id);
    const { id: ip } = await address({ address: "10.213.7.1/32", ...onNic(port) });
    const { id: vlan } = await ok("POST", "ipam/vlans/", { vid: 2137, name: unique("vlan") });
    await ok("PATCH", `virtualization/interfaces/${port}/`, { mode: "access", untagged_vlan: vlan });
    const log = (query: string) => ok("GET", `core/object-changes/?${query}`);
    const of = (type: string, object: number) => `changed_object_type=${type}&changed_object_id=${object}`;
    const [made] = (await log(of("virtualization.virtualmachine", id))).results;
    expect(made.postchange_data).toMatchObject({ vcpus: "2.00", cluster, tags: [] });
    const [given] = (await log(of("ipam.ipaddress", ip))).results;
    expect(given.postchange_data).toMatchObject({
      address: "10.213.7.1/32",
      assigned_object_type: expect.any(Number),
      assigned_object_id: port,
    });
    // A write that changes nothing is not in it.
    const { count } = await log(of("virtualization.virtualmachine", id));
    await ok("PATCH", `${machines}${id}/`, { vcpus: 2 });
    expect((await log(of("virtualization.virtualmachine", id))).count).toBe(count);
    const since = (time: string) => `time_after=${encodeURIComponent(time)}`;
    const later = await log(`${since(given.time)}&fields=id,time,changed_object_id&ordering=id&limit=1000`);
    expect(later.results[0]).toEqual({ id: given.id, time: given.time, changed_object_id: ip });
    expect(later.results.map((each: Body) => each.id)).not.toContain(made.id);
    expect((await log(`${since(given.time)}&time_before=${encodeURIComponent(made.time)}`)).count).toBe(0);
    // What led to a deleted object leads nowhere, which is a change of its own.
    await call("DELETE", `ipam/vlans/${vlan}/`);
    const [gone] = (await log(of("ipam.vlan", vlan))).results;
    expect((await log(of("virtualization.vminterface", port))).results[0]).toMatchObject({
      action: { value: "update" },
      request_id: gone.request_id,
      prechange_data: { untagged_vlan: vlan },
      postchange_data: { untagged_vlan: null },
    });
  });

  it("forget what was refused", async () => {
    const before = (await ok("GET", "core/object-changes/?limit=1")).count;
    await call("POST", machines, [{ name: unique("refused"), cluster }, { cluster }]);
    expect((await ok("GET", "core/object-changes/?limit=1")).count).toBe(before);
  });

  it("keep what somebody writes of an object, of four kinds", async () => {
    const { id } = await vm();
    const entry = {
      assigned_object_type: "virtualization.virtualmachine",
      assigned_object_id: id,
      comments: "**done**",
    };
    expect(await ok("POST", "extras/journal-entries/", { ...entry, kind: "success" })).toMatchObject({
      kind: { value: "success", label: "Success" },
      assigned_object: { id },
      comments: "**done**",
    });
    expect((await ok("POST", "extras/journal-entries/", entry)).kind.value).toBe("info");
    expect((await call("POST", "extras/journal-entries/", { ...entry, kind: "x" })).body).toEqual({
      kind: ["x is not a valid choice."],
    });
    expect((await ok("GET", `extras/journal-entries/?assigned_object_id=${id}&kind=success`)).count).toBe(1);
    // All entries of a request are written or none, and which objects have no journal is said.
    const gone = { ...entry, assigned_object_id: 999_999_999 };
    const refused = await call("POST", "extras/journal-entries/", [entry, gone]);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toMatch(/Invalid assigned_object: .* ID 999999999/);
    expect((await ok("GET", `extras/journal-entries/?assigned_object_id=${id}`)).count).toBe(2);
    const tag = await ok("POST", "extras/tags/", { name: unique("tag"), slug: unique("tag") });
    const ofTag = { ...entry, assigned_object_type: "extras.tag", assigned_object_id: tag.id };
    expect(JSON.stringify((await call("POST", "extras/journal-entries/", ofTag)).body)).toMatch(
      /Journaling is not supported for this object type/,
    );
    // It is logged as a change of its own, and its object's is none.
    const log = "core/object-changes/?changed_object_type=virtualization.virtualmachine";
    expect((await ok("GET", `${log}&changed_object_id=${id}`)).count).toBe(1);
  });
});

describe("custom links", () => {
  it("are of object types that there are, by one name each", async () => {
    const link = {
      name: unique("link"),
      object_types: ["virtualization.virtualmachine"],
      link_text: "{% if object.name %}Console{% endif %}",
      link_url: "https://pve.example.com:8006/?vmid={{ object.id }}",
    };
    const made = await ok("POST", "extras/custom-links/", { ...link, new_window: true });
    expect(made).toMatchObject({ ...link, enabled: true, weight: 100, group_name: "", new_window: true });
    expect(made.button_class).toBe("default");
    expect((await call("POST", "extras/custom-links/", link)).body).toEqual({
      name: ["custom link with this name already exists."],
    });
    const strange = { ...link, name: unique("link"), object_types: ["virtualization.nothing"] };
    expect((await call("POST", "extras/custom-links/", strange)).body).toEqual({
      object_types: ["Invalid content type: virtualization.nothing"],
    });
    const { link_url: _without, ...rest } = link;
    expect((await call("POST", "extras/custom-links/", { ...rest, name: unique("link") })).body).toEqual({
      link_url: ["This field is required."],
    });
    await ok("PATCH", `extras/custom-links/${made.id}/`, { link_text: "Other" });
    expect((await ok("GET", `extras/custom-links/?name=${made.name}`)).results[0].link_text).toBe("Other");
  });
});

describe("netbox-dns", () => {
  const dns = "plugins/netbox-dns/";
  let forward: number;
  let reverse: number;
  let view: number;

  beforeAll(async () => {
    const server = await ok("POST", `${dns}nameservers/`, { name: "ns1.contract.example" });
    const zone = {
      soa_mname: server.id,
      soa_rname: "hostmaster.contract.example",
      nameservers: [server.id],
      default_ttl: 300,
    };
    forward = (await ok("POST", `${dns}zones/`, { name: "contract.example", ...zone })).id;
    reverse = (await ok("POST", `${dns}zones/`, { name: "97.10.in-addr.arpa", ...zone })).id;
    view = (await ok("GET", `${dns}views/?name=_default_`)).results[0].id;
  });

  const record = (fields: Record<string, unknown>) =>
    call("POST", `${dns}records/`, { zone: forward, type: "A", ...fields });
  const records = async (query: string): Promise<Body[]> => (await ok("GET", `${dns}records/?${query}`)).results;

  it("makes SOA and NS of a zone, which needs a primary server and is there once", async () => {
    const managed = await records(`zone_id=${forward}&managed=true`);
    expect(managed.map(({ type }) => type).sort()).toEqual(["NS", "SOA"]);
    expect((await call("POST", `${dns}zones/`, { name: "bad.example" })).body).toEqual({
      soa_mname: ["soa_mname not set and no template or default value defined"],
      soa_rname: ["soa_rname not set and no template or default value defined"],
    });
    const { soa_mname, soa_rname } = await ok("GET", `${dns}zones/${forward}/`);
    const twice = { name: "contract.example", soa_mname: soa_mname.id, soa_rname };
    expect((await call("POST", `${dns}zones/`, twice)).body).toEqual({
      __all__: ["There is already a zone with the same name in this view"],
    });
  });

  it("makes the PTR of an address record, which nobody else may touch and which goes with it", async () => {
    const { serial } = { serial: (await ok("GET", `${dns}zones/${forward}/`)).soa_serial };
    const { status, body } = await record({ name: "host", value: "10.97.0.1", ttl: 120 });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      fqdn: "host.contract.example.",
      managed: false,
      active: true,
      status: "active",
      ttl: 120,
    });
    expect((await ok("GET", `${dns}zones/${forward}/`)).soa_serial).toBeGreaterThanOrEqual(serial);
    const [pointer] = await records(`zone_id=${reverse}&type=PTR`);
    expect(pointer).toMatchObject({
      name: "1.0",
      value: "host.contract.example.",
      managed: true,
      ttl: 120,
      address_records: [{ id: body.id }],
    });
    expect((await call("PATCH", `${dns}records/${pointer.id}/`, { ttl: 5 })).body).toEqual({
      __all__: ["1.0.97.10.in-addr.arpa [PTR] is managed, refusing update"],
    });
    expect(await call("DELETE", `${dns}records/${pointer.id}/`)).toMatchObject({
      status: 400,
      body: { detail: "1.0.97.10.in-addr.arpa [PTR] is managed, refusing deletion" },
    });
    await ok("PATCH", `${dns}records/${body.id}/`, { value: "10.97.0.2" });
    expect((await records(`zone_id=${reverse}&type=PTR`)).map(({ name }) => name)).toEqual(["2.0"]);
    expect((await call("DELETE", `${dns}records/${body.id}/`)).status).toBe(204);
    expect(await records(`zone_id=${reverse}&type=PTR`)).toEqual([]);
  });

  it("makes no PTR where none is wanted or the record is not active", async () => {
    expect((await record({ name: "quiet", value: "10.97.0.3", disable_ptr: true })).body.ptr_record).toBeNull();
    expect((await record({ name: "asleep", value: "10.97.0.4", status: "inactive" })).body).toMatchObject({
      active: false,
      ptr_record: null,
    });
  });

  it("keeps a text as it was written", async () => {
    const text = "one; two 'three'";
    expect((await record({ name: "text", type: "TXT", value: text })).body.value).toBe(text);
    expect((await record({ name: "text2", type: "TXT", value: `"${text}"` })).body.value).toBe(`"${text}"`);
  });

  it("refuses what DNS could not hold", async () => {
    await record({ name: "taken", value: "10.97.1.1", ttl: 60 });
    const at = "for name taken in zone contract.example";
    expect((await record({ name: "taken", value: "10.97.1.1" })).body).toEqual({
      value: [`There is already an active A record ${at} with value 10.97.1.1.`],
    });
    expect((await record({ name: "taken", value: "10.97.1.2", ttl: 61 })).body).toEqual({
      ttl: [`There is at least one active A record ${at} and TTL is different (60).`],
    });
    expect((await record({ name: "taken", value: "10.97.1.2" })).body.ttl).toBe(60);
    expect((await record({ name: "taken", type: "CNAME", value: "x.contract.example." })).body).toEqual({
      type: ["There is already an active record for name taken in zone contract.example, CNAME is not allowed."],
    });
    expect((await record({ name: "b", value: "10.97.0.999" })).body).toEqual({
      value: ["Record value 10.97.0.999 is not a valid value for a A record: Text input is malformed.."],
    });
    expect((await record({ name: "text", type: "TXT", value: "“quoted”" })).body).toEqual({
      value: ["Record value “quoted” for a type TXT record is not a printable ASCII string."],
    });
    expect((await record({ name: "bad name", value: "10.97.0.9" })).body).toEqual({
      name: ["bad\\032name is not a valid DNS host name"],
    });
    expect((await record({ name: "x.other.example.", value: "10.97.0.9" })).body).toEqual({
      name: ["x.other.example. is not a name in contract.example"],
    });
    expect((await call("POST", `${dns}records/`, {})).body).toEqual({
      type: ["This field is required."],
      name: ["This field is required."],
      value: ["This field is required."],
    });
  });

  it("follows the names of addresses in prefixes that a view has (DNSsync)", async () => {
    const prefix = await ok("POST", "ipam/prefixes/", { prefix: "10.97.8.0/24" });
    const early = await address({ address: "10.97.8.1/24", dns_name: "early.contract.example" });
    expect(await records("fqdn=early.contract.example.")).toEqual([]);
    expect((await ok("PATCH", `${dns}views/${view}/`, { prefixes: [prefix.id] })).prefixes).toMatchObject([
      { prefix: "10.97.8.0/24" },
    ]);
    expect(await records("fqdn=early.contract.example.")).toMatchObject([{ value: "10.97.8.1", managed: true }]);

    const late = await address({ address: "10.97.8.2/24", dns_name: "late.contract.example" });
    const [made] = await records("fqdn=late.contract.example.");
    expect(made).toMatchObject({
      type: "A",
      managed: true,
      active: true,
      ipam_ip_address: { id: late.id },
      ptr_record: { name: "2.8" },
    });
    expect((await call("DELETE", `${dns}records/${made.id}/`)).status).toBe(400);

    await ok("PATCH", `ipam/ip-addresses/${late.id}/`, { dns_name: "renamed.contract.example" });
    expect(await records("fqdn=late.contract.example.")).toEqual([]);
    expect(await records("fqdn=renamed.contract.example.")).toMatchObject([{ value: "10.97.8.2" }]);
    await ok("PATCH", `ipam/ip-addresses/${late.id}/`, { status: "reserved" });
    expect(await records("fqdn=renamed.contract.example.")).toMatchObject([{ status: "inactive", active: false }]);

    // A person's record that says the same stands in its way.
    const other = await ok("POST", "ipam/prefixes/", { prefix: "10.97.9.0/24" });
    const twin = await record({ name: "twin", value: "10.97.9.1" });
    const named = await address({ address: "10.97.9.1/24", dns_name: "twin.contract.example" });
    const refused = await call("PATCH", `${dns}views/${view}/`, { prefixes: [prefix.id, other.id] });
    expect(refused).toMatchObject({ status: 500, body: { exception: "ValidationError" } });
    expect(refused.body.error).toContain("already an active A record for name twin in zone contract.example");
    expect((await ok("GET", `${dns}views/${view}/`)).prefixes).toHaveLength(1);
    expect((await call("DELETE", `${dns}records/${twin.body.id}/`)).status).toBe(204);
    await ok("PATCH", `${dns}views/${view}/`, { prefixes: [prefix.id, other.id] });
    expect(await records("fqdn=twin.contract.example.")).toMatchObject([{ value: "10.97.9.1", managed: true }]);
    expect((await call("DELETE", `ipam/ip-addresses/${named.id}/`)).status).toBe(204);

    for (const { id } of [late, early]) expect((await call("DELETE", `ipam/ip-addresses/${id}/`)).status).toBe(204);
    expect(await records("fqdn=renamed.contract.example.")).toEqual([]);
    expect(await records(`zone_id=${reverse}&type=PTR&name=1.8`)).toEqual([]);
  });
});
