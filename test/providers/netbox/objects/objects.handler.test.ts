import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { machineHandler } from "../../../../providers/netbox/objects/machine.handler";
import { objectHandler } from "../../../../providers/netbox/objects/object.handler";
import { seedWith, TestSystems } from "../../../harness/systems";

// Objects in NetBox, plain ones and machines with their parts: made, merged, changed, left.

type Values = Record<string, unknown>;

describe("an object of NetBox's", () => {
  let systems: TestSystems;
  let common: Values;
  const netbox = (method: string, path: string, body?: unknown) => systems.clients.netbox(method, path, body);
  const one = async (path: string): Promise<Values> => (await netbox("GET", path)) as Values;
  const idOf = ({ id }: { id: string }) => Number(id);

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith("- { name: theirs, vcpus: 1, memory: 512, interfaces: [{ name: eth0, addresses: [10.71.0.40/24] }] }"),
    );
    const context = systems.context({}, {}, systems.endpoints);
    common = { netboxUrl: context.netbox.url, stack: "netbox-proxmox/test" };
  });
  afterAll(() => systems.close());

  it("is made, read, changed and deleted", async () => {
    const inputs = { ...common, type: "vlan", fields: { vid: 99, name: "lab", status: "active" } };
    const made = await objectHandler.create(inputs);
    const state = made.state as Values;
    expect(state).toMatchObject({ made: true, netboxId: idOf(made) });
    expect(await one(`ipam/vlans/${made.id}/`)).toMatchObject({ vid: 99, name: "lab" });
    const next = { ...inputs, fields: { vid: 99, name: "lab", status: "reserved", description: "of the lab" } };
    expect(objectHandler.diff(state, next).changes).toBe(true);
    const changed = (await objectHandler.update(made.id, state, next)) as Values;
    expect(objectHandler.diff(changed, next).changes).toBe(false);
    expect(await one(`ipam/vlans/${made.id}/`)).toMatchObject({
      description: "of the lab",
      status: { value: "reserved" },
    });
    const seen = await objectHandler.read(made.id, changed);
    expect(objectHandler.diff(seen?.state as Values, next).changes).toBe(false);
    // What is named no more is emptied.
    const { description: _gone, ...fields } = next.fields;
    await objectHandler.update(made.id, changed, { ...next, fields });
    expect(await one(`ipam/vlans/${made.id}/`)).toMatchObject({ description: "" });
    await objectHandler.delete(made.id, changed);
    expect(await objectHandler.read(made.id, changed)).toBeUndefined();
  });

  it("that people made is merged: their values stay, ours go again with us", async () => {
    const platform = (await netbox("POST", "dcim/platforms/", {
      name: "Arch",
      slug: "arch",
      tags: [{ slug: "web" }],
    })) as Values;
    const inputs = {
      ...common,
      type: "platform",
      fields: { name: "Arch", slug: "arch", description: "rolling" },
      tags: ["monitored"],
    };
    const made = await objectHandler.create(inputs);
    expect(made).toMatchObject({ id: String(platform.id), state: { made: false } });
    const tags = async () =>
      ((await one(`dcim/platforms/${made.id}/`)).tags as { slug: string }[]).map(({ slug }) => slug);
    expect((await tags()).sort()).toEqual(["monitored", "web"]);
    await netbox("PATCH", `dcim/platforms/${made.id}/`, { description: "a person's" });
    await objectHandler.delete(made.id, made.state as Values);
    expect(await one(`dcim/platforms/${made.id}/`)).toMatchObject({ name: "Arch", description: "a person's" });
    expect(await tags()).toEqual(["web"]);
  });

  it("with another value than the plan saw is not overwritten", async () => {
    const inputs = { ...common, type: "tag", fields: { name: "blue", slug: "blue", description: "ours" } };
    const made = await objectHandler.create(inputs);
    await netbox("PATCH", `extras/tags/${made.id}/`, { description: "theirs" });
    const next = { ...inputs, fields: { ...inputs.fields, description: "ours, again" } };
    await expect(objectHandler.update(made.id, made.state as Values, next)).rejects.toThrow(
      /Unable to change the tag blue \(.*\): description is "theirs" there now, which somebody wrote while this ran\. Run again/,
    );
    await objectHandler.update(made.id, made.state as Values, { ...next, overwrite: true });
    expect(await one(`extras/tags/${made.id}/`)).toMatchObject({ description: "ours, again" });
    await objectHandler.delete(made.id, made.state as Values);
  });

  it("adds to the choices that are there, and takes none away", async () => {
    const choices = async () => {
      const { results } = (await one("extras/custom-field-choice-sets/?name=proxmox-nodes")) as { results: Values[] };
      const choices = (results[0]?.extra_choices ?? []) as [string, string][];
      return choices.map(([value]) => value).sort();
    };
    const inputs = {
      ...common,
      type: "choiceSet",
      fields: { name: "proxmox-nodes", choices: ["pve2", "pve9"] },
      removal: "keep",
    };
    const made = await objectHandler.create(inputs);
    expect(await choices()).toEqual(["pve1", "pve2", "pve9"]);
    const seen = await objectHandler.read(made.id, made.state as Values);
    expect(objectHandler.diff(seen?.state as Values, inputs).changes).toBe(false);
    await objectHandler.delete(made.id, made.state as Values);
    expect(await choices()).toEqual(["pve1", "pve2", "pve9"]);
  });

  it("a virtual machine is made with its parts, changed part by part, and goes", async () => {
    const inputs = {
      ...common,
      type: "virtualMachine",
      fields: { name: "box", cluster: "pve-lab", vcpus: 2, memory: 1024, role: "Proxmox VM" },
      customFields: { proxmox_vmid: "700" },
      tags: ["web"],
      initial: { status: "staged" },
      interfaces: {
        net0: {
          fields: { mac: "BC:24:11:00:00:01", mode: "access", untaggedVlan: "servers (71)" },
          addresses: ["10.71.0.77/24", "next 10.71.8.0/24"],
          dnsName: "box.lab.example",
        },
      },
      disks: { scsi0: { fields: { size: 10240 } }, scsi1: { fields: { size: 1024 } } },
      primary: "net0",
    };
    const made = await machineHandler.create(inputs);
    const state = made.state as Values;
    const vm = await one(`virtualization/virtual-machines/${made.id}/`);
    expect(vm).toMatchObject({
      status: { value: "staged" },
      memory: 1024,
      disk: 11264,
      primary_ip4: { address: "10.71.0.77/24" },
      custom_fields: { proxmox_vmid: "700" },
    });
    // The change log says who made it: that is how a later run knows what an interrupted one began.
    const query = `changed_object_id=${made.id}&changed_object_type=virtualization.virtualmachine&action=create`;
    const { results: changes } = (await one(`core/object-changes/?${query}`)) as { results: Values[] };
    expect(changes.map(({ message }) => message)).toEqual(["Made by Pulumi stack netbox-proxmox/test"]);
    const addresses = async () => {
      const { results } = (await one(`ipam/ip-addresses/?virtual_machine_id=${made.id}`)) as { results: Values[] };
      return results.map(({ address, dns_name }) => `${address} ${dns_name}`).sort();
    };
    expect(await addresses()).toEqual(["10.71.0.77/24 box.lab.example", "10.71.8.2/24 box.lab.example"]);
    const seen = await machineHandler.read(made.id, state);
    expect(machineHandler.diff(seen?.state as Values, inputs).changes).toBe(false);
    // An address that was given is as good as the one that was asked for.
    const given = structuredClone(inputs);
    given.interfaces.net0.addresses = ["10.71.0.77/24", "10.71.8.2/24"];
    expect(machineHandler.diff(state, given).changes).toBe(false);

    const next = structuredClone(inputs) as Values & typeof inputs;
    next.fields.memory = 2048;
    next.interfaces = { ...inputs.interfaces, net1: { fields: {}, addresses: ["fd71::99/64"] } } as never;
    next.interfaces.net0.addresses = ["10.71.0.78/24", "next 10.71.8.0/24"];
    next.disks = { scsi0: { fields: { size: 20480 } } } as never;
    const changed = (await machineHandler.update(made.id, state, next)) as Values;
    expect(await one(`virtualization/virtual-machines/${made.id}/`)).toMatchObject({
      memory: 2048,
      disk: 20480,
      primary_ip4: { address: "10.71.0.78/24" },
      status: { value: "staged" },
    });
    expect(await addresses()).toEqual([
      "10.71.0.78/24 box.lab.example",
      "10.71.8.2/24 box.lab.example",
      "fd71::99/64 ",
    ]);
    const again = await machineHandler.read(made.id, changed);
    expect(machineHandler.diff(again?.state as Values, next).changes).toBe(false);
    // What a person adds stays, and is no drift.
    await netbox("POST", "virtualization/virtual-disks/", { virtual_machine: idOf(made), name: "scsi9", size: 1 });
    const after = await machineHandler.read(made.id, changed);
    expect(machineHandler.diff(after?.state as Values, next).changes).toBe(false);
    // A person's change of what is ours is drift.
    await netbox("PATCH", `virtualization/virtual-machines/${made.id}/`, { memory: 3000 });
    const drifted = await machineHandler.read(made.id, changed);
    expect(machineHandler.diff(drifted?.state as Values, next).changes).toBe(true);
    await machineHandler.delete(made.id, changed);
    await expect(one(`virtualization/virtual-machines/${made.id}/`)).rejects.toThrow("404");
    expect(await addresses().catch(() => [])).toEqual([]);
  });

  it("a person's virtual machine keeps what they wrote, and gets it back when we leave", async () => {
    const { results } = (await one("virtualization/virtual-machines/?name=theirs")) as { results: Values[] };
    const id = Number(results[0]?.id);
    const inputs = {
      ...common,
      type: "virtualMachine",
      objectId: id,
      fields: { name: "theirs", cluster: "pve-lab", startOnBoot: "off", platform: "Debian 12" },
      conflicts: ["memory: NetBox has 512, Proxmox VE 1024"],
      tags: ["monitored"],
      interfaces: {
        net0: { fields: { name: "eth0", mac: "BC:24:11:00:00:02" }, addresses: ["10.71.0.40/24", "10.71.0.41/24"] },
      },
      disks: { scsi0: { fields: { size: 4096 } } },
      primary: "net0",
    };
    const made = await machineHandler.create(inputs);
    expect(made).toMatchObject({ id: String(id), state: { made: false } });
    expect(await one(`virtualization/virtual-machines/${id}/`)).toMatchObject({
      memory: 512,
      disk: 4096,
      platform: { name: "Debian 12" },
    });
    const state = made.state as Values;
    expect(machineHandler.diff((await machineHandler.read(made.id, state))?.state as Values, inputs).changes).toBe(
      false,
    );
    await machineHandler.delete(made.id, state);
    expect(await one(`virtualization/virtual-machines/${id}/`)).toMatchObject({
      name: "theirs",
      memory: 512,
      platform: null,
      tags: [],
      disk: null,
    });
    const left = (await one(`ipam/ip-addresses/?virtual_machine_id=${id}`)) as { results: Values[] };
    expect(left.results.map(({ address }) => address)).toEqual(["10.71.0.40/24"]);
    const kept = (await one(`virtualization/interfaces/?virtual_machine_id=${id}`)) as { results: Values[] };
    expect(kept.results.map(({ name, mac_address }) => [name, mac_address])).toEqual([["eth0", null]]);
  });

  it("an address that another object has is not taken", async () => {
    const inputs = {
      ...common,
      type: "virtualMachine",
      fields: { name: "thief", cluster: "pve-lab" },
      interfaces: { net0: { fields: {}, addresses: ["10.71.0.40/24"] } },
    };
    await expect(machineHandler.create(inputs)).rejects.toThrow(
      /Unable to give 10\.71\.0\.40\/24 to net0 of virtual machine thief \(.*\): it belongs to another object/,
    );
    // What was made stays for the next run, which takes it by its name.
    const again = await machineHandler.create({ ...inputs, madeByUs: true, interfaces: { net0: { fields: {} } } });
    expect(again.state).toMatchObject({ made: true });
    await machineHandler.delete(again.id, again.state as Values);
  });

  it("a device is made with interfaces that lead to each other", async () => {
    const of = (type: string, fields: Values) => objectHandler.create({ ...common, type, fields, removal: "keep" });
    await of("manufacturer", { name: "Acme", slug: "acme" });
    await of("deviceType", { model: "Acme node", slug: "acme-node", manufacturer: "Acme" });
    await of("role", { name: "Proxmox node", slug: "proxmox-node", color: "9e9e9e", ofMachines: false });
    const inputs = {
      ...common,
      type: "device",
      fields: {
        name: "pve7",
        cluster: "pve-lab",
        site: "Lab",
        role: "Proxmox node",
        deviceType: "Acme node",
        status: "active",
      },
      interfaces: {
        bond0: { fields: { type: "lag", bridge: "vmbr0" } },
        eno1: { fields: { type: "other", lag: "bond0" } },
        vmbr0: { fields: { type: "bridge" }, addresses: ["192.0.2.7/24"] },
        "vmbr0.71": { fields: { type: "virtual", parent: "vmbr0" } },
      },
      primary: "vmbr0",
    };
    const made = await machineHandler.create(inputs);
    const { results } = (await one(`dcim/interfaces/?device_id=${made.id}`)) as { results: Values[] };
    const leads = (key: string) =>
      (results.find(({ name }) => name === key) ?? {}) as Record<string, { name: string } | null>;
    expect(leads("eno1").lag?.name).toBe("bond0");
    expect(leads("bond0").bridge?.name).toBe("vmbr0");
    expect(leads("vmbr0.71").parent?.name).toBe("vmbr0");
    expect(await one(`dcim/devices/${made.id}/`)).toMatchObject({ primary_ip4: { address: "192.0.2.7/24" } });
    const state = made.state as Values;
    expect(machineHandler.diff((await machineHandler.read(made.id, state))?.state as Values, inputs).changes).toBe(
      false,
    );
    const next = { ...inputs, interfaces: { ...inputs.interfaces, eno1: { fields: { type: "other" } } } };
    await machineHandler.update(made.id, state, next);
    expect(
      ((await one(`dcim/interfaces/?device_id=${made.id}&name=eno1`)) as { results: Values[] }).results[0],
    ).toMatchObject({ lag: null });
    // What a person put on its interfaces isn't ours to delete; NetBox would, with the device.
    const person = (await systems.clients.netbox("POST", "ipam/ip-addresses/", {
      ...{ address: "192.0.2.8/24", assigned_object_type: "dcim.interface" },
      assigned_object_id: results.find(({ name }) => name === "vmbr0")?.id,
    })) as { id: number };
    await machineHandler.delete(made.id, state);
    expect(await one(`ipam/ip-addresses/${person.id}/`)).toMatchObject({ assigned_object_id: null });
    expect(await one("ipam/ip-addresses/?address=192.0.2.7")).toMatchObject({ count: 0 });
  });
});
