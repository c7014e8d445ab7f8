import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Vm } from "../../../lab/proxmox/qemu/vm";
import { recordHandler } from "../../../providers/dns/bind9/record.handler";
import { ipAllocationHandler } from "../../../providers/netbox/ipam/ipallocation.handler";
import { netboxGuestHandler } from "../../../providers/netbox/virtualization/guest.handler";
import { printMark } from "../../../providers/ownership/mark";
import { vmHandler } from "../../../providers/proxmox/nodes/qemu/vm.handler";
import { seedWith, TestSystems } from "../../harness/systems";

// A guest that was there before, taken over, changed, and then out of its stack: removed where NetBox says so, else released.

const names = ["active", "leaving", "deleted", "setting", "tagged", "made"];
const vmidOf = (name: string) => 600 + names.indexOf(name);

let systems: TestSystems;
const ids = new Map<string, { guest: number; nic: number }>();

beforeAll(async () => {
  const guests = names.map(
    (name) =>
      `- { name: ${name}, interfaces: [{ name: net0, vlan: 71 }]${name === "tagged" ? ", tags: [adopt]" : ""} }`,
  );
  systems = await TestSystems.open(seedWith(guests.join("\n")), {}, "lab");
  for (const name of names) {
    const { id } = await systems.clients.vm(name);
    const [nic] = await systems.clients.all<{ id: number }>("virtualization/interfaces", `&virtual_machine_id=${id}`);
    ids.set(name, { guest: id, nic: nic?.id ?? 0 });
  }
});
beforeEach(() => systems.context({ shutdownTimeout: 1 }));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => systems.close());

const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
const markOf = (name: string) => ({
  stack: "netbox-proxmox/test",
  netboxUrl: systems.endpoints.netbox.url,
  netboxId: ids.get(name)?.guest ?? 0,
});

/** All that a stack has of a guest. */
async function stackOf(name: string, { adopt, saysSo = adopt }: { adopt: boolean; saysSo?: boolean }) {
  const [vmid, mark] = [vmidOf(name), markOf(name)];
  if (adopt) {
    const vm = cluster().add(new Vm(vmid, "pve1"));
    for (const [key, value] of Object.entries({ name, memory: 512, cores: 1, sockets: 1, description: "by hand" }))
      vm.config.set(key, value);
  }
  const wanted = {
    ...{ cluster: "pve-lab", vmid, mark, template: 9000, fullClone: true, name, tags: [], memory: 512, cores: 1 },
    ...{ sockets: 1, networks: {}, cloudInit: { ipconfig: {} }, power: "stopped" },
    description: `by hand\n\n${printMark(mark, saysSo)}`,
  };
  const adopted = saysSo ? { adopted: true } : {};
  const object = { mark, vmid, derived: true, field: { name: "proxmox_vmid", integer: false }, ...adopted };
  const netbox = await netboxGuestHandler.create(object);
  const [prefix] = await systems.clients.all<{ id: number }>("ipam/prefixes", "&prefix=10.71.0.0/24");
  const address = await ipAllocationHandler.create({
    ...{ mark, label: name, interfaceId: ids.get(name)?.nic, family: 4, ordinal: 0, given: false, primary: false },
    ...{ from: [{ kind: "prefix", id: prefix?.id, text: "10.71.0.0/24" }], ...adopted },
  });
  const made = await vmHandler.create({ ...wanted, ...(adopt ? { adopt } : {}) });
  // The first update after the adoption made the state forget it.
  const state = await vmHandler.update(made.id, { ...made.state }, { ...wanted, memory: 1024 });
  const host = String({ address: "", ...address.state }.address).split("/")[0] ?? "";
  const record = await recordHandler.create({
    ...{ server: "ns1", name: `${name}.lab.example.`, ttl: 300, records: { A: [host] }, reverse: [host] },
    owner: { stack: mark.stack, guests: [mark.netboxId] },
    ...(saysSo ? { adoptedGuests: [mark.netboxId] } : {}),
  });
  return {
    host,
    /** In the order of a destroy. */
    leave: async () => {
      await recordHandler.delete(record.id, { ...record.state });
      await vmHandler.delete(made.id, { ...state });
      await ipAllocationHandler.delete(address.id, { ...address.state });
      await netboxGuestHandler.delete(netbox.id, { ...netbox.state });
    },
  };
}

async function held(name: string, host: string) {
  const config = cluster().guests.get(vmidOf(name))?.config;
  const address = (await systems.clients.addresses()).find((each) => each.address.startsWith(`${host}/`));
  const records = (await systems.newRecords()).filter((line) => line.includes(`${name}.lab.example.`)).sort();
  const memory = config?.get("memory");
  return {
    notes: config?.get("description"),
    memory: memory && Number(memory),
    address: address?.description,
    records,
  };
}
const gone = { notes: undefined, memory: undefined, address: undefined, records: [] };
const released = (name: string, host: string) => ({
  ...{ notes: "by hand", memory: 1024, address: "" },
  records: [
    `${host.split(".").reverse().join(".")}.in-addr.arpa. PTR ${name}.lab.example.`,
    `${name}.lab.example. A ${host}`,
  ].sort(),
});
const patch = (name: string, body: object) =>
  systems.clients.netbox("PATCH", `virtualization/virtual-machines/${ids.get(name)?.guest}/`, body);

describe("an adopted guest that leaves its stack", () => {
  it("is released with its address and names, after updates too", async () => {
    const { leave, host } = await stackOf("active", { adopt: true });
    expect((await held("active", host)).notes).toMatch(/^by hand\n\nManaged by .*\/ \(adopted\)$/);
    await leave();
    expect(await held("active", host)).toEqual(released("active", host));
    // What is over can be done again.
    await leave();
    const { custom_fields: fields } = (await systems.clients.netbox(
      "GET",
      `virtualization/virtual-machines/${ids.get("active")?.guest}/`,
    )) as { custom_fields: Record<string, unknown> };
    expect(fields.proxmox_vmid).toBe(String(vmidOf("active")));
  });

  it("is removed where NetBox calls it decommissioning", async () => {
    const { leave, host } = await stackOf("leaving", { adopt: true });
    await patch("leaving", { status: "decommissioning" });
    await leave();
    expect(await held("leaving", host)).toEqual(gone);
  });

  it("is removed where somebody deleted it in NetBox", async () => {
    const { leave, host } = await stackOf("deleted", { adopt: true });
    await systems.clients.netbox("DELETE", `virtualization/virtual-machines/${ids.get("deleted")?.guest}/`);
    await leave();
    expect(await held("deleted", host)).toEqual(gone);
  });

  it("is removed where site.destroyAdopted is true", async () => {
    const { leave, host } = await stackOf("setting", { adopt: true });
    vi.stubEnv("NETBOX_PROXMOX_DESTROY_ADOPTED", "true");
    await leave();
    expect(await held("setting", host)).toEqual(gone);
  });
});

describe("a guest that may have been adopted by an earlier version", () => {
  it("goes nowhere until a setting says where to", async () => {
    const { leave, host } = await stackOf("tagged", { adopt: false });
    cluster().guests.get(vmidOf("tagged"))?.config.set("memory", 1024);
    const before = await held("tagged", host);
    await expect(leave()).rejects.toThrow(/may have been adopted .* set netbox-proxmox:site.destroyAdopted to true/);
    expect(await held("tagged", host)).toEqual(before);
    vi.stubEnv("NETBOX_PROXMOX_DESTROY_ADOPTED", "false");
    await leave();
    expect(await held("tagged", host)).toEqual(released("tagged", host));
  });
});

describe("a guest that was made", () => {
  it("is removed", async () => {
    const { leave, host } = await stackOf("made", { adopt: false });
    await leave();
    expect(await held("made", host)).toEqual(gone);
  });
});
