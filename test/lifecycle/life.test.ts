import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labSecrets } from "../../tools/labstack";
import type { Stack } from "../../tools/stack";
import { isReal } from "../harness/services";
import { demoSeed, TestSystems } from "../harness/systems";

// The whole life of the demo's guests by the real CLI; listing the three systems tells.

describe("the demo's guests", () => {
  let systems: TestSystems;
  let stack: Stack;

  beforeAll(async () => {
    systems = await TestSystems.open(demoSeed());
    stack = await systems.stack({}, "test", { secrets: labSecrets(systems.reach) });
  });
  afterAll(() => systems.close());

  it("are made in one up, in the right order", async () => {
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    expect(made.changes).toEqual({ create: 56 });
    const guests = await systems.ourGuests();
    expect(guests.map(({ name, status }) => `${name} ${status}`)).toEqual(
      ["app01", "app02", "app03", "archive01", "batch01", "db01", "db02", "mon01", "ns01", "web01", "web02", "www"].map(
        (name) => `${name} ${["archive01", "batch01"].includes(name) ? "stopped" : "running"}`,
      ),
    );
    expect(guests.find(({ name }) => name === "mon01")?.vmid).toBe(250);
    expect(guests.find(({ name }) => name === "db02")?.node).toBe("pve2");
    const db01 = guests.find(({ name }) => name === "db01");
    expect(db01?.config.net0).toBe("virtio=BC:24:11:71:00:21,bridge=vmbr0,tag=71");
    expect(db01?.config.scsi1).toMatch(/^ceph:vm-\d+-disk-1,size=32G$/);
    expect(db01?.config.ipconfig0).toBe("ip=10.71.0.21/24,gw=10.71.0.1");
    const ns01 = guests.find(({ name }) => name === "ns01");
    expect(ns01?.config).toMatchObject({ unprivileged: 1, nameserver: "10.71.0.53", searchdomain: "lab.example" });
    expect(ns01?.config.net0).toMatch(/^name=eth0,bridge=vmbr0,gw=10.71.0.1,hwaddr=\S+,ip=10.71.0.53\/24,tag=71/);
    expect(ns01?.config.mp0).toMatch(/^ceph:vm-\d+-disk-1,mp=\/srv\/data,size=2G$/);
    expect(await systems.newRecords()).toContain("11.0.71.10.in-addr.arpa. PTR web01.lab.example.");
    expect(await systems.newRecords()).toContain("www.lab.example. A 10.71.8.13");
  });

  it("give a preview without changes, refreshed or not, and NetBox is asked in bulk", async () => {
    systems.lab.log.clear();
    const again = await stack.preview("--expect-no-changes");
    expect(again.code).toBe(0);
    expect(again.changes).toEqual({ same: 56 });
    expect(again.output).not.toContain("Outputs:");
    const perGuest = systems.lab.log.calls.filter(
      ({ system, path }) => system === "proxmox" && /(qemu|lxc)\/(1000\d\d|250)\b/.test(path),
    );
    expect(perGuest).toEqual([]);
    const refreshed = await stack.preview("--refresh", "--expect-no-changes");
    expect(refreshed.errors).toEqual([]);
    expect(refreshed.code).toBe(0);
    // Nothing is called drift that is only another form of the same.
    expect(refreshed.output).not.toMatch(/Outputs:|\[diff: /);
  });

  it("keep no secret and little provider text in state", () => {
    const state = stack.exported();
    for (const secret of [
      systems.reach.netbox.token,
      ...Object.values(systems.reach.proxmox).map(({ token }) => token.split("=")[1] ?? ""),
    ])
      expect(state.includes(secret)).toBe(false);
    for (const [, text] of state.matchAll(/"__provider": "([^"]*)"/g)) expect(text?.length).toBeLessThan(200);
  });

  it("show drift of all three systems and are repaired with the same address", async () => {
    const web = await systems.clients.guest("web01");
    await systems.clients.proxmox("PUT", `/nodes/${web.node}/qemu/${web.vmid}/config`, { memory: 512 });
    await systems.clients.nsupdate("lab.example.", ["update delete web02.lab.example. A"]);
    const lost = (await systems.ourAddresses()).find(
      ({ dns_name, address }) => dns_name === "app02.lab.example" && address.includes("."),
    );
    await systems.clients.netbox("DELETE", `ipam/ip-addresses/${lost?.id}/`);
    const drift = await stack.refresh();
    expect(drift.steps.map(({ op, type }) => `${op} ${type}`).sort()).toEqual([
      "delete NetboxIpAllocation",
      "update Bind9Record",
      "update ProxmoxVm",
    ]);
    const repair = await stack.up();
    expect(repair.errors).toEqual([]);
    expect(repair.steps.map(({ op, type }) => `${op} ${type}`).sort()).toEqual([
      "create NetboxIpAllocation",
      "update Bind9Record",
      "update ProxmoxVm",
    ]);
    expect((await systems.ourAddresses()).map(({ address }) => address)).toContain(lost?.address);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("find a lost address again without a refresh, too", async () => {
    const lost = (await systems.ourAddresses()).find(
      ({ dns_name, address }) => dns_name === "app03.lab.example" && address.includes("."),
    );
    await systems.clients.netbox("DELETE", `ipam/ip-addresses/${lost?.id}/`);
    const repair = await stack.up();
    expect(repair.steps.map(({ op, type }) => `${op} ${type}`)).toEqual(["update NetboxIpAllocation"]);
    expect((await systems.ourAddresses()).map(({ address }) => address)).toContain(lost?.address);
  });

  it("go when they are decommissioned or deleted in NetBox, records first, their objects last", async () => {
    const www = await systems.clients.vm("www");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${www.id}/`, { status: "decommissioning" });
    const app = await systems.clients.vm("app01");
    await systems.clients.netbox("DELETE", `virtualization/virtual-machines/${app.id}/`);
    systems.lab.log.clear();
    const gone = await stack.up();
    expect(gone.errors).toEqual([]);
    const names = (await systems.ourGuests()).map(({ name }) => name);
    expect(names).not.toContain("www");
    expect(names).not.toContain("app01");
    expect((await systems.newRecords()).filter((line) => /www|app01/.test(line))).toEqual([]);
    expect(await systems.clients.all("virtualization/virtual-machines", "&name=www")).toEqual([]);
    if (isReal) return; // the lab's log is not there to read
    const calls = systems.lab.log.calls;
    const at = (fits: (call: (typeof calls)[number]) => boolean) => calls.findLastIndex(fits);
    const shutdown = calls.findIndex(({ path }) => path.includes(`${www.id}/status/shutdown`));
    expect(at(({ system, method }) => system === "bind9" && method === "nsupdate")).toBeLessThan(shutdown);
    const object = at(
      ({ system, method, path }) => system === "netbox" && method === "DELETE" && path.includes("virtual-machines"),
    );
    expect(at(({ system, method }) => system === "proxmox" && method === "DELETE")).toBeLessThan(object);
  });

  it("are stopped, kept and started by their status", async () => {
    const web = await systems.clients.vm("web02");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${web.id}/`, { status: "offline" });
    const batch = await systems.clients.vm("batch01");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${batch.id}/`, { status: "active" });
    const changed = await stack.up();
    expect(changed.steps.map(({ op, type }) => `${op} ${type}`)).toEqual(["update ProxmoxVm", "update ProxmoxVm"]);
    expect((await systems.clients.guest("web02")).status).toBe("stopped");
    expect((await systems.clients.guest("batch01")).status).toBe("running");
  });

  it("are left out when they are planned after they were built", async () => {
    const web = await systems.clients.vm("web02");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${web.id}/`, { status: "planned" });
    const preview = await stack.preview("--expect-no-changes");
    expect(preview.code).toBe(0);
    expect(preview.output).toContain(
      `web02 (${systems.endpoints.netbox.url}/virtualization/virtual-machines/${web.id}/`,
    );
    expect(preview.output).toContain("is planned in NetBox, but was built already");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${web.id}/`, { status: "active" });
  });

  it("refuse a teardown while the stack is protected, and vanish without a trace when it is not", async () => {
    stack.configure(systems.config({ site: { protect: true } }));
    expect((await stack.up()).errors).toEqual([]);
    const before = await systems.inventory();
    const refused = await stack.destroy();
    expect(refused.code).not.toBe(0);
    expect(await systems.inventory()).toBe(before);
    stack.configure(systems.config());
    expect((await stack.up()).errors).toEqual([]);
    const gone = await stack.destroy();
    expect(gone.errors).toEqual([]);
    expect(await systems.newRecords()).toEqual([]);
    expect(await systems.ourAddresses()).toEqual([]);
    expect((await systems.clients.guests()).map(({ name }) => name).sort()).toEqual([
      "debian-12",
      "debian-12-ct",
      "firewall",
      "ubuntu-24.04",
    ]);
    expect((await systems.clients.vm("web01")).status.value).toBe("active");
  });
});
