import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

const guests = `
- name: web01
  vcpus: 1
  memory: 512
  disks: [{ name: scsi0, size: 8192 }]
  interfaces:
    - { name: net0, vlan: 71, addresses: [{ address: 10.71.0.11/24, dnsName: web01.lab.example }] }
- name: app01
  vcpus: 1
  memory: 512
  disks: [{ name: scsi0, size: 8192 }]
  interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: "vlan@4" } }]
`;

/** A record of the plugin as the API gives it. */
interface PluginRecord {
  id: number;
  fqdn: string;
  type: string;
  value: string;
  managed: boolean;
  description: string;
}

describe("zones that netbox-dns keeps", () => {
  let systems: TestSystems;
  let stack: Stack;
  const ids = new Map<string, number>();
  const plugin = "plugins/netbox-dns";
  const made = async (path: string, body: Record<string, unknown>) => {
    const { id } = (await systems.clients.netbox("POST", `${plugin}/${path}/`, body)) as { id: number };
    return id;
  };
  const records = async () =>
    (await systems.clients.all<PluginRecord>(`${plugin}/records`)).filter(({ type }) => type !== "SOA");
  const ours = async () =>
    (await records())
      .filter(({ description }) => description.startsWith("Managed by Pulumi"))
      .map(({ fqdn, type, value }) => `${fqdn} ${type} ${value}`)
      .sort();
  const inDns = async () => (await systems.newRecords()).filter((line) => !line.startsWith("_netbox-proxmox."));
  /** Changes without the cases that a real BIND prints in another form. */
  const clean = async () => {
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(again.steps.map(({ op, name }) => `${op} ${name}`)).toEqual([]);
    expect(again.code).toBe(0);
  };

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guests));
    const server = await made("nameservers", { name: "ns1.lab.example" });
    const soa = { nameservers: [server], soa_mname: server, soa_rname: "hostmaster.lab.example", default_ttl: 600 };
    ids.set("zone", await made("zones", { name: "lab.example", ...soa }));
    ids.set("reverse", await made("zones", { name: "71.10.in-addr.arpa", ...soa }));
    const zone = ids.get("zone");
    const given: [name: string, type: string, value: string, more?: Record<string, unknown>][] = [
      ["printer", "A", "10.71.0.200", { ttl: 120 }],
      ["hidden", "A", "10.71.0.201", { disable_ptr: true }],
      ["@", "MX", "10 printer.lab.example."],
      ["_sip._tcp", "SRV", "0 5 5060 printer.lab.example."],
      ["@", "CAA", '0 issue "letsencrypt.org"'],
      ["printer", "SSHFP", "4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789"],
      ["_443._tcp.printer", "TLSA", "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
      ["printer", "TXT", "second floor; by the 'stairs'"],
      ["docs", "CNAME", "printer.lab.example."],
    ];
    for (const [name, type, value, more] of given)
      ids.set(`${name} ${type}`, await made("records", { zone, name, type, value, ...more }));
    stack = await systems.stack();
  });
  afterAll(() => systems.close());

  it("are written to BIND with every type of record, and the guests' records to netbox-dns first", async () => {
    const up = await stack.up();
    expect(up.errors).toEqual([]);
    const app = (await systems.ourAddresses())[0]?.address.split("/")[0];
    const found = await inDns();
    expect(found).toEqual(
      expect.arrayContaining([
        "printer.lab.example. A 10.71.0.200",
        "200.0.71.10.in-addr.arpa. PTR printer.lab.example.",
        "hidden.lab.example. A 10.71.0.201",
        "lab.example. MX 10 printer.lab.example.",
        "_sip._tcp.lab.example. SRV 0 5 5060 printer.lab.example.",
        'lab.example. CAA 0 issue "letsencrypt.org"',
        "docs.lab.example. CNAME printer.lab.example.",
        "web01.lab.example. A 10.71.0.11",
        `app01.lab.example. A ${app}`,
      ]),
    );
    expect(found.some((line) => line.startsWith("201.0.71.10.in-addr.arpa. PTR"))).toBe(false);
    expect(found.filter((line) => / (SSHFP|TLSA|TXT) /.test(line))).toHaveLength(3);
    expect(await ours()).toEqual([`app01.lab.example. A ${app}`, "web01.lab.example. A 10.71.0.11"].sort());
    await clean();
  });

  it("follow a change there, and another TTL", async () => {
    await systems.clients.netbox("PATCH", `${plugin}/records/${ids.get("_sip._tcp SRV")}/`, {
      value: "0 5 5061 printer.lab.example.",
    });
    await systems.clients.netbox("DELETE", `${plugin}/records/${ids.get("docs CNAME")}/`);
    await systems.clients.netbox("PATCH", `${plugin}/records/${ids.get("printer TXT")}/`, { ttl: 60 });
    const planned = await stack.preview();
    expect(planned.steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      "delete ns1/docs.lab.example",
      "update ns1/_sip._tcp.lab.example",
      "update ns1/printer.lab.example",
    ]);
    expect((await stack.up()).errors).toEqual([]);
    const found = await inDns();
    expect(found).toContain("_sip._tcp.lab.example. SRV 0 5 5061 printer.lab.example.");
    expect(found.some((line) => line.startsWith("docs."))).toBe(false);
    await clean();
  });

  it("are left to DNSsync where it makes an address's records by itself", async () => {
    const before = await inDns();
    const [prefix] = await systems.clients.all<{ id: number }>("ipam/prefixes", "&prefix=10.71.0.0/24");
    const views = await systems.clients.all<{ id: number; default_view: boolean }>(`${plugin}/views`);
    const view = views.find((each) => each.default_view)?.id;
    // The plugin refuses to link a prefix while records of ours say what it would: they are handed over first.
    const { dns } = systems.config() as { dns: object };
    stack.configure(systems.config({ dns: { ...dns, plugin: "read" } }));
    expect((await stack.up()).errors).toEqual([]);
    expect(await ours()).toEqual([]);
    expect(await inDns()).toEqual(before);
    stack.configure(systems.config());
    await systems.clients.netbox("PATCH", `${plugin}/views/${view}/`, { prefixes: [prefix?.id] });
    expect((await stack.up()).errors).toEqual([]);
    expect(await ours()).toEqual([]);
    expect(
      (await records())
        .filter(({ type, managed }) => type === "A" && managed)
        .map(({ fqdn }) => fqdn)
        .sort(),
    ).toEqual(["app01.lab.example.", "web01.lab.example."]);
    expect(await inDns()).toEqual(before);
    await clean();
  });

  it("have nothing of a guest's written into them that DNSsync makes, though its address is yet to be allocated", async () => {
    const machine = await systems.clients.vm("app01");
    const made = (await systems.clients.netbox("POST", "virtualization/virtual-machines/", {
      name: "app02",
      cluster: 1,
      vcpus: 1,
      memory: 512,
    })) as { id: number };
    const [vlan] = await systems.clients.all<{ id: number }>("ipam/vlans", "&vid=71");
    expect(machine.id).not.toBe(made.id);
    await systems.clients.netbox("POST", "virtualization/interfaces/", {
      virtual_machine: made.id,
      name: "net0",
      mode: "access",
      untagged_vlan: vlan?.id,
      custom_fields: { allocate_from: "vlan@4" },
    });
    expect((await stack.up()).errors).toEqual([]);
    expect(await ours()).toEqual([]);
    expect((await inDns()).some((line) => line.startsWith("app02.lab.example. A "))).toBe(true);
    await clean();
  });

  it("lose no name to an answer that is suddenly empty", async () => {
    stack.configure(systems.config({ site: { maxRemovals: 2, protect: false } }));
    for (const { id, managed } of await records())
      if (!managed) await systems.clients.netbox("DELETE", `${plugin}/records/${id}/`);
    const before = await inDns();
    const refused = await stack.up();
    expect(refused.output).toMatch(/\d names would be removed, and 2 are allowed at once/);
    expect(await inDns()).toEqual(before);
  });

  it("have none of our records after destroy", async () => {
    stack.configure(systems.config({ site: { maxRemovals: "100%", protect: false } }));
    expect((await stack.destroy()).errors).toEqual([]);
    expect(await systems.newRecords()).toEqual([]);
    expect(await ours()).toEqual([]);
  });
});
