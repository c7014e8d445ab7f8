import { beforeEach, describe, expect, it } from "vitest";
import { Caller, type Sent, twoNodes } from "./calls";

// Which right an option, a tag, a mapping or a pool takes, and what an answer leaves out without it.

let root: Caller;
const config = "/nodes/pve1/qemu/120/config";
beforeEach(async () => {
  root = new Caller(twoNodes());
  await root.call("POST", "/nodes/pve1/qemu", { vmid: 120, memory: 128, scsi0: "local:1", tags: "prod" });
});

describe("an option of a VM", () => {
  it.each<[Sent, string]>([
    [{ memory: 256 }, "/vms/120, VM.Config.Memory"],
    [{ cpu: "host" }, "/vms/120, VM.Config.CPU"],
    [{ net0: "virtio,bridge=vmbr0" }, "/vms/120, VM.Config.Network"],
    [{ ciuser: "x" }, "/vms/120, VM.Config.Cloudinit|VM.Config.Network"],
    [{ ide2: "none,media=cdrom" }, "/vms/120, VM.Config.CDROM"],
    [{ ide2: "local:cloudinit" }, "/vms/120, VM.Config.Cloudinit"],
    [{ scsi1: "local:1" }, "/storage/local, Datastore.AllocateSpace"],
    [{ serial0: "socket" }, "/vms/120, VM.Config.HWType"],
    [{ boot: "order=scsi0" }, "/vms/120, VM.Config.Disk"],
    [{ startup: "order=1" }, "/, Sys.Modify"],
    [{ usb0: "mapping=key" }, "/vms/120, VM.Config.HWType"],
    [{ delete: "net0" }, "/vms/120, VM.Config.Network"],
  ])("%o takes %s", async (params, needed) => {
    const limited = root.limited("VM.Audit VM.Config.Options");
    expect(await limited.refused("PUT", config, params)).toBe(`403 Permission check failed (${needed})`);
  });

  it.each<[Sent]>([[{ name: "x" }], [{ onboot: 1 }], [{ agent: "1" }], [{ description: "d" }], [{ protection: 1 }]])(
    "%o takes VM.Config.Options alone",
    async (params) => {
      await root.limited("VM.Audit VM.Config.Options").call("PUT", config, params);
    },
  );

  it("may not name a device to boot from that isn't there", async () => {
    expect(await root.refused("PUT", config, { boot: "order=scsi0;net5" })).toBe(
      "500 invalid bootorder: device 'net5' does not exist'",
    );
  });
});

describe("a tag", () => {
  it("is set by others only where the cluster's options allow it", async () => {
    const limited = root.limited("VM.Audit VM.Config.Options", "/vms");
    await root.call("PUT", "/cluster/options", { "registered-tags": "prod" });
    await root.call("PUT", "/cluster/options", { "user-tag-access": "user-allow=list,user-allow-list=team" });
    await limited.call("PUT", config, { tags: "prod;team" });
    const refused = (tag: string) => `403 Permission check failed (/, Sys.Modify for modifying tag '${tag}')`;
    expect(await limited.refused("PUT", config, { tags: "team" })).toBe(refused("prod"));
    expect(await limited.refused("PUT", config, { tags: "prod;team;free" })).toBe(refused("free"));
    expect(await limited.call("GET", "/cluster/options")).toEqual({ "allowed-tags": ["team"] });
    expect(await root.call("GET", "/cluster/options")).toMatchObject({
      "allowed-tags": ["prod", "team"],
      "user-tag-access": { "user-allow": "list", "user-allow-list": ["team"] },
    });
  });
});

describe("the cluster's options", () => {
  it("move the next id and the MACs of new cards", async () => {
    await root.call("PUT", "/cluster/options", { "next-id": "lower=500,upper=600", mac_prefix: "02:00:5e" });
    expect(await root.call("GET", "/cluster/nextid")).toBe("500");
    expect(await root.refused("PUT", "/cluster/options", { "next-id": "lower=600,upper=500" })).toBe(
      "500 lower (600) <= upper (500) boundary rule broken",
    );
    await root.call("PUT", config, { net0: "virtio,bridge=vmbr0" });
    expect((await root.call<Sent>("GET", config)).net0).toMatch(/^virtio=02:00:5E:/);
    await root.call("PUT", "/cluster/options", { delete: "next-id" });
    expect(await root.call("GET", "/cluster/nextid")).toBe("100");
  });
});

describe("a pool", () => {
  beforeEach(async () => {
    for (const poolid of ["top", "top/mid"]) await root.call("POST", "/pools", { poolid });
    await root.call("PUT", "/pools", { poolid: "top/mid", vms: 120, storage: "local" });
  });

  it("hands its rights to guests of pools in it, and no further", async () => {
    const limited = root.limited("VM.Audit", "/pool/top");
    expect(await limited.call("GET", "/access/permissions")).toEqual({
      "/pool/top": { "VM.Audit": 1 },
      "/vms/120": { "VM.Audit": 0 },
      "/storage/local": { "VM.Audit": 0 },
    });
    const [guest] = await limited.call<Sent[]>("GET", "/cluster/resources", { type: "vm" });
    expect(guest).toMatchObject({ vmid: 120 });
    expect(guest?.pool).toBeUndefined();
    expect((await root.call<Sent[]>("GET", "/cluster/resources", { type: "vm" }))[0]?.pool).toBe("top/mid");
  });

  it("stays while another is in it", async () => {
    expect(await root.refused("DELETE", "/pools", { poolid: "top" })).toBe(
      "500 delete pool failed: pool 'top' is not empty (contains pool 'top/mid')",
    );
    expect(await root.refused("POST", "/pools", { poolid: "a/b/c/d" })).toContain("nested too deeply (max levels = 3)");
    expect(await root.refused("PUT", "/pools", { poolid: "top", vms: 120 })).toContain("'allow-move' is not set");
  });
});

describe("a mapping", () => {
  const gpu = { id: "gpu", map: "node=pve1,path=0000:01:00.0,id=10de:1234" };

  it("is looked at where it is, and is missed by a VM only when that starts", async () => {
    await root.call("POST", "/cluster/mapping/pci", gpu);
    expect(await root.refused("POST", "/cluster/mapping/pci", gpu)).toBe(
      "500 create hardware mapping failed: pci ID 'gpu' already defined",
    );
    const [listed] = await root.call<{ checks: unknown }[]>("GET", "/cluster/mapping/pci", { "check-node": "pve1" });
    expect(listed?.checks).toMatchObject([{ severity: "error" }]);
    await root.call("PUT", config, { hostpci0: "mapping=nosuch" });
    expect(await root.refused("POST", "/nodes/pve1/qemu/120/status/start")).toBe(
      "500 PCI device mapping not found for 'nosuch'",
    );
    expect(await root.refused("GET", "/nodes/pve1/qemu/120/migrate")).toMatch(/undefined value as an ARRAY reference/);
  });

  it("is seen and used with a right on it", async () => {
    await root.call("POST", "/cluster/mapping/pci", gpu);
    const blind = root.limited("VM.Audit VM.Config.HWType");
    expect(await blind.call("GET", "/cluster/mapping/pci")).toEqual([]);
    expect(await blind.refused("PUT", config, { hostpci0: "mapping=gpu" })).toBe(
      "403 Permission check failed (/mapping/pci/gpu, Mapping.Use)",
    );
  });
});

describe("a bulk action", () => {
  it("acts on guests of all nodes, and warns of what there was nothing to do for", async () => {
    await root.call("POST", "/nodes/pve2/qemu", { vmid: 121 });
    const start = (vms: string) => root.call("POST", "/cluster/bulk-action/guest/start", { vms });
    expect(await start("120\x00121")).toMatchObject({ exitstatus: "OK" });
    expect([120, 121].map((vmid) => root.cluster.guests.get(vmid)?.running)).toEqual([true, true]);
    expect(await start("120\x00999")).toMatchObject({ exitstatus: "WARNINGS: 1" });
    expect(await root.limited("VM.Audit").refused("POST", "/cluster/bulk-action/guest/start", { vms: 120 })).toBe(
      "403 Permission check failed (/vms/120, VM.PowerMgmt)",
    );
    expect(await root.refused("POST", "/nodes/pve2/migrateall", { target: "pve1" })).toMatch(
      /max_workers in datacenter.cfg/,
    );
  });
});

describe("a program in a guest", () => {
  const agent = "/nodes/pve1/qemu/120/agent";
  const run = async (command: string, input = "") => {
    const { pid } = await root.call<{ pid: number }>("POST", `${agent}/exec`, { command, "input-data": input });
    return root.call("GET", `${agent}/exec-status`, { pid });
  };
  beforeEach(async () => {
    await root.call("PUT", config, { agent: 1 });
    await root.call("POST", "/nodes/pve1/qemu/120/status/start");
  });

  it("ends with its code and what it wrote", async () => {
    expect(await run("/bin/sh\0-c\0echo out; echo err >&2; exit 3")).toEqual({
      exited: 1,
      exitcode: 3,
      "out-data": "out\n",
      "out-truncated": 0,
      "err-data": "err\n",
      "err-truncated": 0,
    });
    expect(await run("cat", "in")).toMatchObject({ "out-data": "in" });
    expect(await run("sh\0-c\0false || echo 'a  b' | cat")).toMatchObject({ exitcode: 0, "out-data": "a  b\n" });
    expect(await run("sleep\x0060")).toEqual({ exited: 0 });
    expect(await root.refused("POST", `${agent}/exec`, { command: "/no/such" })).toBe("596 Broken pipe");
  });

  it("finds the files that the agent wrote", async () => {
    await root.call("POST", `${agent}/file-write`, { file: "/tmp/a", content: "aGVsbG8=", encode: 0 });
    expect(await root.call("GET", `${agent}/file-read`, { file: "/tmp/a" })).toEqual({
      content: "hello",
      "bytes-read": 5,
    });
    expect(await run("cat\0/tmp/a")).toMatchObject({ "out-data": "hello" });
    expect(await root.refused("POST", `${agent}/file-write`, { file: "/no/dir/x", content: "x" })).toContain(
      "(mode: 'wb')",
    );
    expect(await root.limited("VM.GuestAgent.Audit").refused("GET", `${agent}/file-read`, { file: "/tmp/a" })).toBe(
      "403 Permission check failed (/vms/120, VM.GuestAgent.FileRead|VM.GuestAgent.Unrestricted)",
    );
  });
});
