import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { recordHandler } from "../../providers/dns/bind9/record.handler";
import { ipAllocationHandler } from "../../providers/netbox/ipam/ipallocation.handler";
import { printMark } from "../../providers/ownership/mark";
import { vmHandler } from "../../providers/proxmox/nodes/qemu/vm.handler";
import { seedWith, TestSystems } from "../harness/systems";

// Each failure switch of the lab, and the product that meets it: what it says, what it leaves, what the next run does.

let systems: TestSystems;
let context: Context;
let guestId: number;
let interfaceId: number;
let prefixId: number;

beforeAll(async () => {
  systems = await TestSystems.open(seedWith("- { name: one, interfaces: [{ name: net0, vlan: 71 }] }"));
  context = systems.context({ shutdownTimeout: 1, taskTimeout: 1 });
  guestId = (await systems.clients.vm("one")).id;
  interfaceId = (await systems.clients.all<{ id: number }>("virtualization/interfaces"))[0]?.id ?? 0;
  prefixId = (await systems.clients.all<{ id: number }>("ipam/prefixes", "&prefix=10.71.0.0/24"))[0]?.id ?? 0;
});
afterEach(() => {
  systems.lab.set({ setup: "clear" });
  systems.lab.set({ setup: "latency", clone: 0, proxmox: 0, netbox: 0, nsupdate: 0 });
});
afterAll(() => systems.close());

const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
const calls = (pattern: RegExp) =>
  systems.lab.log.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;

let lastVmid = 750;
const guest = (changes: Record<string, unknown> = {}) => {
  const vmid = ++lastVmid;
  const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
  return {
    cluster: "pve-lab",
    vmid,
    mark,
    template: 9000,
    fullClone: true,
    name: `g${vmid}`,
    description: printMark(mark),
    tags: [],
    cores: 1,
    sockets: 1,
    memory: 512,
    networks: { net0: { model: "virtio", bridge: "vmbr0" } },
    cloudInit: { ipconfig: {} },
    power: "stopped",
    ...changes,
  };
};
const record = (name: string) => ({
  server: "ns1",
  name: `${name}.lab.example.`,
  ttl: 300,
  records: { A: ["10.71.0.77"] },
  reverse: ["10.71.0.77"],
  owner: { stack: "netbox-proxmox/test", guests: [1] },
});
const allocation = (ordinal: number) => ({
  mark: { stack: "netbox-proxmox/test", netboxUrl: systems.endpoints.netbox.url, netboxId: guestId },
  label: `one net0 ${ordinal}`,
  interfaceId,
  family: 4,
  ordinal,
  given: false,
  primary: false,
  from: [{ kind: "prefix", id: prefixId, text: "10.71.0.0/24" }],
});

describe("a slow system", () => {
  it("is waited for", async () => {
    systems.lab.set({ setup: "latency", proxmox: 5, clone: 300 });
    const wanted = guest();
    const began = Date.now();
    await vmHandler.create(wanted);
    expect(Date.now() - began).toBeGreaterThan(300);
  });
});

describe("a task that fails", () => {
  it("is told with its exit status, and leaves nothing in the way of the next run", async () => {
    systems.lab.set({ setup: "task", type: "qmclone", fails: "clone failed: copy failed: command exited with code 5" });
    const wanted = guest();
    await expect(vmHandler.create(wanted)).rejects.toThrow(
      new RegExp(`^Unable to clone template 9000 to VM ${wanted.vmid} .*copy failed: command exited with code 5`),
    );
    expect(cluster().guests.has(wanted.vmid)).toBe(false);
    expect((await vmHandler.create(wanted)).id).toBe(`pve-lab/${wanted.vmid}`);
  });

  it("or never ends is given up after taskTimeout, with the setting's name", async () => {
    systems.lab.set({ setup: "task", type: "qmstart" });
    const wanted = guest({ power: "running" });
    await expect(vmHandler.create(wanted)).rejects.toThrow(
      /not done after 1 s, and still running on pve1 \(raise netbox-proxmox:proxmox\["pve-lab"\]\.taskTimeout\)/,
    );
    cluster().tasks.stopAll();
    expect((await vmHandler.create(wanted)).state).toMatchObject({ power: "running" });
  });
});

describe("a connection that drops", () => {
  it("before or after a clone began never makes two guests", async () => {
    for (const how of ["drop before", "drop after"] as const) {
      const wanted = guest();
      systems.lab.set({ setup: "latency", clone: 200 });
      systems.lab.set({ setup: "call", system: "proxmox", call: "POST .*/9000/clone$", how });
      await expect(vmHandler.create(wanted)).rejects.toThrow(/^Unable to clone template 9000 .*closed/);
      const before = calls(/POST .*\/9000\/clone$/);
      expect((await vmHandler.create(wanted)).id).toBe(`pve-lab/${wanted.vmid}`);
      // What had begun is waited for, what had not is done.
      expect(calls(/POST .*\/9000\/clone$/) - before).toBe(how === "drop before" ? 1 : 0);
      expect([...cluster().guests.values()].filter(({ name }) => name === wanted.name)).toHaveLength(1);
    }
  });

  it("after NetBox gave an address never takes two", async () => {
    systems.lab.set({ setup: "call", system: "netbox", call: "POST .*/available-ips/$", how: "drop after" });
    await expect(ipAllocationHandler.create(allocation(5))).rejects.toThrow(/one net0 5/);
    const made = await ipAllocationHandler.create(allocation(5));
    expect(await systems.ourAddresses()).toHaveLength(1);
    await ipAllocationHandler.delete(made.id, { ...made.state });
  });

  it("before or after an update of DNS never leaves half of it", async () => {
    for (const how of ["drop before", "drop after"] as const) {
      systems.lab.set({ setup: "call", system: "bind9", call: "^nsupdate", how });
      await expect(recordHandler.create(record("dropped"))).rejects.toThrow(/dropped\.lab\.example/);
      const made = await recordHandler.create(record("dropped"));
      expect((await systems.newRecords()).filter((line) => / (A|PTR) /.test(line))).toEqual([
        "77.0.71.10.in-addr.arpa. PTR dropped.lab.example.",
        "dropped.lab.example. A 10.71.0.77",
      ]);
      await recordHandler.delete(made.id, { ...made.state });
      expect(await systems.newRecords()).toEqual([]);
    }
  });
});

describe("a server's error", () => {
  it("is tried again where that changes nothing twice, and told where not", async () => {
    systems.lab.set({ setup: "call", system: "proxmox", call: "GET /version$", how: "status", status: 503, times: 2 });
    expect(await context.cluster("pve-lab").version()).toBe("9.2.11");
    systems.lab.set({ setup: "call", system: "netbox", call: "POST .*/available-ips/$", how: "status", status: 502 });
    await expect(ipAllocationHandler.create(allocation(6))).rejects.toThrow(/one net0 6.*502/);
    expect(await systems.ourAddresses()).toEqual([]);
  });
});

describe("a node that is away", () => {
  it("makes no guest of it look gone", async () => {
    const wanted = guest({ node: "pve2", storage: "ceph" });
    const made = await vmHandler.create(wanted);
    systems.lab.set({ setup: "node", node: "pve2", offline: true });
    await expect(vmHandler.read(made.id, { ...made.state })).rejects.toThrow(/595/);
    await expect(vmHandler.delete(made.id, { ...made.state })).rejects.toThrow(/595/);
    systems.lab.set({ setup: "node", node: "pve2", offline: false });
    expect(await vmHandler.read(made.id, { ...made.state })).toBeDefined();
  });
});

describe("a full storage", () => {
  it("is told from the task's log, and leaves no half guest", async () => {
    systems.lab.set({ setup: "storage", storage: "ceph", full: true });
    const wanted = guest();
    await expect(vmHandler.create(wanted)).rejects.toThrow(/No space left on device/);
    expect(cluster().guests.has(wanted.vmid)).toBe(false);
    expect(cluster().storages.owned(wanted.vmid)).toEqual([]);
  });
});

describe("a guest", () => {
  it("whose agent never comes up is started and shut down all the same", async () => {
    const wanted = guest({ power: "running" });
    systems.lab.set({ setup: "agent", vmid: wanted.vmid, missing: true });
    const made = await vmHandler.create(wanted);
    const stopped = await vmHandler.update(made.id, { ...made.state }, { ...wanted, power: "stopped" });
    expect(stopped).toMatchObject({ power: "stopped" });
  });

  it("that ignores its shutdown is stopped", async () => {
    const wanted = guest({ power: "running" });
    const made = await vmHandler.create(wanted);
    systems.lab.set({ setup: "acpi", vmid: wanted.vmid, ignored: true });
    await vmHandler.delete(made.id, { ...made.state });
    expect(cluster().guests.has(wanted.vmid)).toBe(false);
  });

  it("that is locked is left as it is, and the lock is named", async () => {
    const wanted = guest();
    const made = await vmHandler.create(wanted);
    systems.lab.set({ setup: "lock-vm", vmid: wanted.vmid, lock: "backup" });
    const more = { ...wanted, cores: 4 };
    await expect(vmHandler.update(made.id, { ...made.state }, more)).rejects.toThrow(/VM is locked \(backup\)/);
    systems.lab.set({ setup: "unlock-vm", vmid: wanted.vmid });
    expect(await vmHandler.update(made.id, { ...made.state }, more)).toMatchObject({ cores: 4 });
  });
});

describe("a clock that is wrong", () => {
  it("ends a token early, which is told as such, and nothing else", async () => {
    const token = cluster().access.users.get("pulumi@pve")?.tokens.get("site") ?? expect.unreachable("the lab's token");
    token.expire = Math.floor(Date.now() / 1000) + 3600;
    systems.lab.set({ setup: "clock-skew", seconds: -86_400 });
    const wanted = guest();
    expect((await vmHandler.create(wanted)).id).toBe(`pve-lab/${wanted.vmid}`);
    systems.lab.set({ setup: "clock-skew", seconds: 7200 });
    await expect(context.cluster("pve-lab").version()).rejects.toThrow(/refuses the API token.*not expired/);
    token.expire = 0;
  });
});

describe("a list that changes while it is read", () => {
  it("is read again, and given up with the reason where it never rests", async () => {
    const many = Array.from({ length: 1100 }, (_, n) => ({ prefix: `fd99:0:0:${n.toString(16)}::/64` }));
    await systems.clients.netbox("POST", "ipam/prefixes/", many);
    const prefix = z.object({ id: z.number() });
    systems.lab.set({ setup: "netbox-pages", changing: true });
    await expect(context.netbox.list("ipam/prefixes", prefix, "id")).rejects.toThrow(
      /ipam\/prefixes \(\S+\) changed three times while it was read: run again when fewer people write/,
    );
    systems.lab.set({ setup: "clear" });
    expect((await context.netbox.list("ipam/prefixes", prefix, "id")).length).toBeGreaterThan(1000);
  });
});

describe("a frozen zone", () => {
  it("is told as BIND says it, and written when it thaws", async () => {
    systems.lab.set({ setup: "zone", zone: "lab.example", frozen: true });
    await expect(recordHandler.create(record("frozen"))).rejects.toThrow(/frozen\.lab\.example.*REFUSED/);
    expect(await systems.newRecords()).toEqual([]);
    systems.lab.set({ setup: "zone", zone: "lab.example", frozen: false });
    const made = await recordHandler.create(record("frozen"));
    await recordHandler.delete(made.id, { ...made.state });
  });
});

describe("a switch", () => {
  it("can be set by HTTP, and one that isn't there is refused", async () => {
    const post = (body: object) =>
      fetch(`${systems.endpoints.control.url}/setup`, { method: "POST", body: JSON.stringify(body) });
    expect(
      (await post({ setup: "call", system: "proxmox", call: "GET /version$", how: "status", status: 500 })).status,
    ).toBe(200);
    await expect(context.cluster("pve-lab").version()).rejects.toThrow(/500|does not answer like Proxmox VE/);
    const refused = await post({ setup: "nosuch" });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({ error: expect.stringContaining("not a switch of the lab") });
    expect((await post({ setup: "lock-vm", vmid: 1, lock: "backup" })).status).toBe(400);
  });
});
