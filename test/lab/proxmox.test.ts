import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// What no recording has: more than one node, running containers, snapshots with RAM, pools' rights, a download.

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"));
});
afterAll(() => systems.close());

type Params = Record<string, string | number>;
const call = <T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Params = {}) =>
  systems.clients.proxmox<T>(method, path, params);
const current = (path: string) => call<Record<string, unknown>>("GET", `${path}/status/current`);

describe("a migration", () => {
  it("takes a guest on shared storage to another node, running or not, and its id with it", async () => {
    await call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 601, full: 1, storage: "ceph" });
    await call("POST", "/nodes/pve1/qemu/601/migrate", { target: "pve2" });
    await call("POST", "/nodes/pve2/qemu/601/status/start");
    await expect(call("POST", "/nodes/pve2/qemu/601/migrate", { target: "pve1" })).rejects.toThrow(/without --online/);
    await call("POST", "/nodes/pve2/qemu/601/migrate", { target: "pve1", online: 1 });
    expect(await current("/nodes/pve1/qemu/601")).toMatchObject({ status: "running" });
    await expect(current("/nodes/pve2/qemu/601")).rejects.toThrow(/does not exist/);
  });

  it("brings local disks of a stopped guest along", async () => {
    await call("POST", "/nodes/pve1/qemu", { vmid: 602, scsi0: "local:1" });
    await call("POST", "/nodes/pve1/qemu/602/migrate", { target: "pve2" });
    const content = await call<{ volid: string }[]>("GET", "/nodes/pve2/storage/local/content", { vmid: 602 });
    expect(content.map(({ volid }) => volid)).toEqual(["local:602/vm-602-disk-0.raw"]);
    expect(await call("GET", "/nodes/pve1/storage/local/content", { vmid: 602 })).toEqual([]);
  });
});

describe("a container", () => {
  it("starts, is changed while it runs, shuts down and goes", async () => {
    const path = "/nodes/pve1/lxc/610";
    const { storages } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    const volid = "local:vztmpl/debian-13-standard_13.1-1_amd64.tar.zst";
    storages.add("pve1", { volid, storage: "local", size: 1, filled: 1, format: "tzst", content: "vztmpl" });
    const net0 = "name=eth0,bridge=vmbr0,ip=10.71.0.9/24";
    await call("POST", "/nodes/pve1/lxc", { vmid: 610, ostemplate: volid, rootfs: "ceph:2", hostname: "ct", net0 });
    await call("POST", `${path}/status/start`);
    expect(await current(path)).toMatchObject({ status: "running", name: "ct", type: "lxc" });
    expect(await call("GET", `${path}/interfaces`)).toMatchObject([
      { name: "lo", inet: "127.0.0.1/8" },
      { name: "eth0", inet: "10.71.0.9/24", inet6: expect.stringMatching(/^fe80::.*\/64$/) },
    ]);
    await call("PUT", `${path}/config`, { memory: 1024, console: 0 });
    const pending = await call<Params[]>("GET", `${path}/pending`);
    expect(pending.find(({ key }) => key === "console")).toEqual({ key: "console", pending: 0 });
    await call("POST", `${path}/snapshot`, { snapname: "one" });
    await call("POST", `${path}/status/shutdown`);
    expect((await call<Params>("GET", `${path}/config`)).console).toBe(0);
    await call("POST", `${path}/snapshot/one/rollback`);
    expect((await call<Params>("GET", `${path}/config`)).parent).toBe("one");
    await call("DELETE", path, { purge: 1 });
    expect(await call("GET", "/nodes/pve1/storage/ceph/content", { vmid: 610 })).toEqual([]);
  });
});

describe("a snapshot with RAM", () => {
  it("keeps its state volume, and runs again after its rollback", async () => {
    await call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 620 });
    await call("POST", "/nodes/pve1/qemu/620/status/start");
    await call("POST", "/nodes/pve1/qemu/620/snapshot", { snapname: "live", vmstate: 1 });
    const listed = await call<Params[]>("GET", "/nodes/pve1/qemu/620/snapshot");
    expect(listed[0]).toMatchObject({ name: "live", vmstate: 1 });
    await call("POST", "/nodes/pve1/qemu/620/status/stop");
    await call("POST", "/nodes/pve1/qemu/620/snapshot/live/rollback");
    await expect.poll(async () => (await current("/nodes/pve1/qemu/620")).status).toBe("running");
    await call("DELETE", "/nodes/pve1/qemu/620/snapshot/live");
    const content = await call<{ volid: string }[]>("GET", "/nodes/pve1/storage/ceph/content", { vmid: 620 });
    expect(content.filter(({ volid }) => volid.includes("-state-"))).toEqual([]);
  });
});

describe("rights", () => {
  it("on a pool are rights on its guests, and NoAccess below takes them back", async () => {
    await call("POST", "/pools", { poolid: "team" });
    await call("POST", "/nodes/pve1/qemu", { vmid: 630, pool: "team" });
    await call("POST", "/access/users", { userid: "mate@pve" });
    await call("POST", "/access/users/mate@pve/token/ci", { privsep: 0 });
    await call("PUT", "/access/acl", { path: "/pool/team", roles: "PVEVMUser", users: "mate@pve" });
    const { access } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    const may = (path: string) => access.may("mate@pve!ci", path, ["VM.PowerMgmt"]);
    expect([may("/vms/630"), may("/vms/601")]).toEqual([true, false]);
    await call("PUT", "/access/acl", { path: "/vms", roles: "PVEVMAdmin", users: "mate@pve" });
    expect(may("/vms/601")).toBe(true);
    await call("PUT", "/access/acl", { path: "/vms/601", roles: "NoAccess", users: "mate@pve" });
    expect(may("/vms/601")).toBe(false);
  });
});

describe("a firewall's digest", () => {
  it("is that of its options or of its rules, and a stale one is refused wherever PVE compares it", async () => {
    const path = "/nodes/pve1/qemu/9000/firewall";
    const rule = { type: "in", action: "ACCEPT" };
    const rules = () => call<Params[]>("GET", `${path}/rules`);
    await call("POST", `${path}/rules`, { ...rule, comment: "one" });
    const digest = (await rules())[0]?.digest ?? "";
    // PVE takes a digest and a position for a new rule, and looks at neither.
    await call("POST", `${path}/rules`, { ...rule, comment: "two", digest: "stale", pos: 1 });
    expect((await rules()).map(({ comment }) => comment)).toEqual(["two", "one"]);
    const modified = /detected modified configuration - file changed by other user\? Try again\./;
    await expect(call("PUT", `${path}/rules/0`, { comment: "mine", digest })).rejects.toThrow(modified);
    await expect(call("DELETE", `${path}/rules/0`, { digest })).rejects.toThrow(modified);
    await expect(call("DELETE", `${path}/rules/9`, { digest })).rejects.toThrow(modified);

    const options = (await call<Params>("GET", `${path}/options`)).digest ?? "";
    await call("PUT", `${path}/options`, { enable: 1, digest: options });
    await expect(call("PUT", `${path}/options`, { enable: 0, digest: options })).rejects.toThrow(modified);
    const fresh = (await rules())[0]?.digest ?? "";
    await call("PUT", `${path}/rules/0`, { comment: "mine", digest: fresh });
    await call("DELETE", `${path}/rules/1`, { digest: (await rules())[0]?.digest ?? "" });
    expect((await rules()).map(({ comment }) => comment)).toEqual(["mine"]);
    await call("DELETE", `${path}/rules/0`);
  });
});

describe("download-url", () => {
  it("downloads, checks the sum, and makes a disk to import from", async () => {
    const data = Buffer.alloc(5000, 7);
    const server = createServer((_request, response) => response.end(data));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.qcow2`;
      const { storages } =
        systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
      storages.get("local").content += ",import";
      const sum = createHash("sha256").update(data).digest("hex");
      const wanted = { content: "import", filename: "image.qcow2", url, "checksum-algorithm": "sha256" };
      await expect(
        call("POST", "/nodes/pve1/storage/local/download-url", { ...wanted, checksum: "0".repeat(64) }),
      ).rejects.toThrow(/checksum mismatch/);
      await call("POST", "/nodes/pve1/storage/local/download-url", { ...wanted, checksum: sum });
      await call("POST", "/nodes/pve1/qemu", { vmid: 640, scsi0: "local:0,import-from=local:import/image.qcow2" });
      expect((await call<Params>("GET", "/nodes/pve1/qemu/640/config")).scsi0).toBe(
        "local:640/vm-640-disk-0.qcow2,size=5000",
      );
    } finally {
      server.close();
    }
  });
});
