import { afterEach, describe, expect, it } from "vitest";
import type { Seed } from "../../../lab/seed";
import { printAllocation } from "../../../providers/ownership/netbox";
import { planOf, planStack, recordsOf, stateWith } from "../../harness/plan";
import { isReal } from "../../harness/services";
import { seedWith, TestSystems } from "../../harness/systems";

// The rule for names, as a plan of the site program shows it.

const dns = { domain: "lab.example" };

const guest = (name: string, addresses: string, more = "") => `
- name: ${JSON.stringify(name)}
  vcpus: 1
  memory: 1024
  disks: [{ name: scsi0, size: 8192 }]
  interfaces: [{ name: net0, vlan: 71, ${addresses} }]${more}`;
const asks = 'customFields: { allocate_from: "10.71.0.0/24 fd71::/64" }';

describe.skipIf(isReal)("names of guests", () => {
  let systems: TestSystems;
  const open = async (guests: string, change: (seed: Seed) => Seed = (seed) => seed) => {
    systems = await TestSystems.open(change(seedWith(guests)), {}, "lab");
    return systems;
  };
  afterEach(() => systems.close());

  it("a name with a dot is a full name, one without gets the domain, in both families", async () => {
    await open(
      [
        guest("web01.lab.example", asks),
        guest("WEB02.Lab.Example.", asks),
        guest("Web03", asks),
        guest("web04.other.example", asks),
      ].join(""),
    );
    const plan = await planOf(systems, { dns: { domain: "lab.example." } });
    expect(recordsOf(plan)).toEqual(
      ["web01", "web02", "web03"].flatMap((name) => [`${name}.lab.example. ?`, `${name}.lab.example. ?`]),
    );
    expect(plan.warnings.join()).toMatch(/No zone of netbox-proxmox:bind9 holds web04.other.example:/);
    expect(plan.guests.map(({ machine }) => machine.inputs.name)).toEqual([
      ...["web01.lab.example", "WEB02.Lab.Example", "Web03", "web04.other.example"],
    ]);
  });

  it("a new address gets the name that the NIC's other address has", async () => {
    const documented = "addresses: [{ address: 10.71.0.9/24, dnsName: shop.lab.example }]";
    await open(guest("web01", `${documented}, ${asks.replace("10.71.0.0/24 ", "")}`));
    for (const sections of [{ dns }, { dns: {} }])
      expect(recordsOf(await planOf(systems, sections))).toEqual([
        "shop.lab.example. 10.71.0.9",
        "shop.lab.example. ?",
      ]);
  });

  it("a name that no host can have is told with one that it could have", async () => {
    await open([guest("Web Server (alt)", asks), guest("a".repeat(64), asks), guest("bürö", asks)].join(""));
    const refused = await planOf(systems, { dns }).then(String, String);
    expect(refused).toMatch(
      /has " " in it, which no host name has; rename it in NetBox, for instance to Web-Server-alt/,
    );
    expect(refused).toMatch(/has a part of 64 characters/);
    expect(refused).toMatch(/has "ü" in it.* for instance to buro/);
  });

  it("wildcards have no PTR, the zone's own name is taken, and underscores are told", async () => {
    const named = (address: string, dnsName: string) => `addresses: [{ address: ${address}, dnsName: "${dnsName}" }]`;
    await open(
      [
        guest("a", named("10.71.0.21/24", "*.apps.lab.example")),
        guest("b", named("10.71.0.22/24", "lab.example")),
        guest("c", named("10.71.0.23/24", "my_host.lab.example")),
      ].join(""),
    );
    const plan = await planOf(systems, { dns });
    expect(recordsOf(plan)).toEqual(["*.apps.lab.example. 10.71.0.21", "lab.example. 10.71.0.22"]);
    expect(plan.warnings.join()).toMatch(/my_host.lab.example: a name with an underscore can't have addresses/);
  });

  it("an alias of a zone's own name is refused in the plan", async () => {
    const fields = [{ name: "dns_aliases", type: "text", objectTypes: ["ipam.ipaddress"] }];
    await open(guest("a", "addresses: [{ address: 10.71.0.21/24, dnsName: a.lab.example }]"), (seed) => ({
      ...seed,
      netbox: { ...seed.netbox, customFields: [...seed.netbox.customFields, ...fields] },
    }));
    const [address] = (await systems.clients.addresses()).filter((each) => each.address === "10.71.0.21/24");
    const alias = (text: string) =>
      systems.clients.netbox("PATCH", `ipam/ip-addresses/${address?.id}/`, { custom_fields: { dns_aliases: text } });
    await alias("lab.example");
    await expect(planOf(systems)).rejects.toThrow(/lab.example. is a zone's own name, and can't be an alias of a.lab/);
    await alias("Bücher.lab.example, _acme-challenge.lab.example");
    expect(recordsOf(await planOf(systems))).toEqual([
      "_acme-challenge.lab.example. CNAME a.lab.example.",
      "a.lab.example. 10.71.0.21",
      "xn--bcher-kva.lab.example. CNAME a.lab.example.",
    ]);
  });

  it("a name goes to one guest alone, unless a person gave it to both", async () => {
    await open([guest("web01", asks), guest("WEB01.lab.example", asks)].join(""));
    const plan = await planOf(systems, { dns });
    expect(recordsOf(plan)).toEqual(["web01.lab.example. ?", "web01.lab.example. ?"]);
    expect(plan.named.records[0]?.owner.guests).toHaveLength(1);
    expect(plan.warnings.join()).toMatch(
      /WEB01.lab.example \(\S+\) does not get the name web01.lab.example in DNS, as web01 \(\S+\) has it/,
    );
  });

  it("a renamed guest takes the names along that this stack gave, and a person's are told", async () => {
    const documented = "addresses: [{ address: 10.71.0.9/24, dnsName: old.lab.example }]";
    await open([guest("new", asks), guest("other", documented)].join(""));
    const [made, given] = [(await systems.clients.vm("new")).id, (await systems.clients.vm("other")).id];
    const [nic] = await systems.clients.all<{ id: number }>("virtualization/interfaces", `&virtual_machine_id=${made}`);
    const interfaceId = nic?.id ?? 0;
    for (const [family, address] of [
      [4, "10.71.0.30/24"],
      [6, "fd71::30/64"],
    ] as const)
      await systems.clients.netbox("POST", "ipam/ip-addresses/", {
        ...{ address, dns_name: "old.lab.example", assigned_object_type: "virtualization.vminterface" },
        assigned_object_id: interfaceId,
        description: printAllocation({ stack: planStack, interfaceId, family, ordinal: 0 }),
      });
    const known = (vmid: number) => ({ type: "qemu" as const, name: "old", cluster: "pve-lab", vmid, last: {} });
    const state = stateWith({
      guests: new Map([
        [made, known(101)],
        [given, known(102)],
      ]),
    });
    const plan = await planOf(systems, { dns, site: { missing: "remove" } }, state);
    expect(plan.guests[0]?.allocations.map(({ inputs }) => [inputs.dnsName, inputs.renames])).toEqual([
      ["new.lab.example", "old.lab.example"],
      ["new.lab.example", "old.lab.example"],
    ]);
    expect(recordsOf(plan)).toEqual([
      "new.lab.example. 10.71.0.30",
      "new.lab.example. fd71::30",
      "old.lab.example. 10.71.0.9",
    ]);
    expect(plan.warnings.join()).toMatch(
      /other \(\S+\) was old and has the name old.lab.example in DNS, as 10.71.0.9\/24 \(\S+\) says/,
    );
  });
});
