import { beforeEach, describe, expect, it } from "vitest";
import { Caller, type Sent, twoNodes } from "./calls";

// What a container takes while it runs, what waits, and who may set what (golden/proxmox2, facts/proxmox-more.md).

let root: Caller;
const path = "/nodes/pve1/lxc/350";
const put = (params: Sent) => root.call("PUT", `${path}/config`, params);
const waiting = async () => {
  const rows = await root.call<Sent[]>("GET", `${path}/pending`);
  const next = rows.filter((row) => row.pending !== undefined || row.delete !== undefined);
  return Object.fromEntries(next.map(({ key, pending, delete: gone }) => [key, pending ?? `delete ${gone}`]));
};
const create = (params: Sent = {}) =>
  root.call<{ exitstatus: string }>("POST", "/nodes/pve1/lxc", {
    vmid: 350,
    ostemplate: "shared:vztmpl/debian-13-standard_13.1-1_amd64.tar.zst",
    rootfs: "local:1",
    hostname: "run",
    net0: "name=eth0,bridge=vmbr0,ip=192.0.2.70/24",
    ...params,
  });

beforeEach(() => {
  root = new Caller(twoNodes());
});

describe("a running container", () => {
  beforeEach(async () => {
    await create();
    await root.call("POST", `${path}/status/start`);
  });

  it("takes at once what only its file or its cgroup has, and the rest at its next start", async () => {
    await put({ cores: 2, hostname: "other", onboot: 1, memory: 256, nameserver: "192.0.2.54", features: "nesting=1" });
    expect(await waiting()).toEqual({ nameserver: "192.0.2.54", features: "nesting=1" });
    expect(await root.call("GET", `${path}/config`, { current: 1 })).toMatchObject({ hostname: "other", memory: 256 });
    await root.call("POST", `${path}/status/reboot`);
    expect(await waiting()).toEqual({});
    expect(await root.call("GET", `${path}/config`)).toMatchObject({ nameserver: "192.0.2.54" });
  });

  it("keeps a NIC that can't be plugged waiting until it is reverted, and doesn't start with it", async () => {
    const unplugged = /"net1":"unable to hotplug net1: bridge 'vmbr77' does not exist\\n"/;
    await put({ net1: "name=eth1,bridge=vmbr0" });
    expect(await root.refused("PUT", `${path}/config`, { net1: "name=eth1,bridge=vmbr77" })).toMatch(unplugged);
    expect(await waiting()).toEqual({ net1: "name=eth1,bridge=vmbr77" });
    expect((await root.call<Sent>("GET", `${path}/config`, { current: 1 })).net1).toBeUndefined();
    await put({ net2: "name=eth1,bridge=vmbr0" });
    expect(await root.refused("PUT", `${path}/config`, { delete: "net1" })).toMatch(unplugged);
    expect(await root.refused("POST", `${path}/status/reboot`)).toBe("500 startup for container '350' failed");
    expect(await root.call("GET", `${path}/status/current`)).toMatchObject({ status: "stopped" });
    await put({ delete: "net1" });
    await root.call("POST", `${path}/status/start`);
  });

  it("reverts what waits", async () => {
    await put({ net1: "name=eth1,bridge=vmbr0" });
    await root.refused("PUT", `${path}/config`, { net1: "name=eth1,bridge=vmbr77" });
    await put({ revert: "net1" });
    expect(await waiting()).toEqual({});
    await put({ delete: "net1" });
  });

  it("is not started, removed, made a template or cloned as it is", async () => {
    expect(await root.refused("POST", `${path}/status/start`)).toBe("500 CT 350 already running");
    expect(await root.refused("DELETE", path)).toBe("500 unable to destroy CT 350 - container is running");
    expect(await root.refused("POST", `${path}/template`)).toMatch(/if the CT is running$/);
    expect(await root.refused("POST", `${path}/clone`, { newid: 351, full: 1 })).toBe(
      "500 Full clone of a running container is only possible from a snapshot",
    );
  });

  it("has the room that its file system leaves, and its interfaces with lo first", async () => {
    expect(await root.call("GET", `${path}/status/current`)).toMatchObject({ maxdisk: 1020702720 });
    const interfaces = await root.call<Sent[]>("GET", `${path}/interfaces`);
    expect(interfaces.map(({ name, inet }) => `${name} ${inet}`)).toEqual(["lo 127.0.0.1/8", "eth0 192.0.2.70/24"]);
  });
});

describe("a container with systemd", () => {
  it("warns of nesting when it is made and started without", async () => {
    expect((await create()).exitstatus).toBe("WARNINGS: 1");
    expect(await root.call("POST", `${path}/status/start`)).toMatchObject({
      exitstatus: "WARNINGS: 1",
      log: ["WARN: Systemd 257 detected. You may need to enable nesting.", "TASK WARNINGS: 1"],
    });
    await root.call("POST", `${path}/status/stop`);
    await put({ features: "nesting=1" });
    expect(await root.call("POST", `${path}/status/start`)).toMatchObject({ exitstatus: "OK" });
  });
});

describe("what a token may set in a container", () => {
  const denied = (params: Sent) => root.refused("PUT", `${path}/config`, params);

  it("stops at features, binds, devices and scripts", async () => {
    await create();
    const only = (what: string) => `403 Permission check failed (${what} is only allowed for root@pam)`;
    expect(await denied({ features: "keyctl=1" })).toBe(only("changing feature flags (except nesting)"));
    expect(await denied({ mp0: "/srv,mp=/srv" })).toBe(only("mount point type bind"));
    expect(await denied({ mp0: "/dev/loop0,mp=/srv" })).toBe(only("mount point type device"));
    expect(await denied({ dev0: "/dev/null" })).toBe(only("configuring device passthrough"));
    expect(await denied({ hookscript: "local:snippets/h.pl" })).toBe(only("changing the hookscript"));
    await new Caller(root.cluster, "root@pam").call("PUT", `${path}/config`, { mp0: "/srv,mp=/srv" });
    expect(await root.refused("POST", `${path}/clone`, { newid: 351, full: 1 })).toBe(
      "500 unable to clone mountpoint 'mp0' (type bind)",
    );
    await put({ delete: "mp0" });
  });

  it("takes a lock, which nobody gives back", async () => {
    await create();
    await put({ lock: "backup" });
    const login = new Caller(root.cluster, "root@pam");
    for (const caller of [root, login])
      expect(await caller.refused("PUT", `${path}/config`, { delete: "lock" })).toBe("500 CT is locked (backup)");
  });

  it("protects its volumes", async () => {
    await create({ protection: 1 });
    expect(await denied({ rootfs: "local:2" })).toBe(
      "500 can't update CT 350 drive 'rootfs' - protection mode enabled",
    );
    expect(await denied({ unprivileged: 0 })).toBe("500 unable to modify read-only option: 'unprivileged'");
  });
});
