import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Container } from "../../../../lab/proxmox/lxc/container";
import { printMark } from "../../../../providers/ownership/mark";
import { containerHandler } from "../../../../providers/proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../../../../providers/proxmox/nodes/qemu/vm.handler";
import { changedVmFields } from "../../../../providers/proxmox/nodes/qemu/vm.model";
import { siteGrants } from "../../../../stacks/access/privileges";
import { guestsHaveNoDriftButTheirOwn } from "../../../harness/guestproperty";
import { limitedToken } from "../../../harness/rights";
import { seedWith, TestSystems } from "../../../harness/systems";

describe("a guest on Proxmox VE", () => {
  let systems: TestSystems;

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    systems.context({ shutdownTimeout: 1 });
  });
  afterAll(() => systems.close());

  const inputs = (vmid: number, changes: Record<string, unknown> = {}) => {
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
  const ct = (vmid: number, changes: Record<string, unknown> = {}) => {
    const { sockets: _sockets, cloudInit: _init, name: _name, ...shared } = inputs(vmid);
    return {
      ...shared,
      type: "lxc",
      name: `c${vmid}`,
      template: 9100 as number | string,
      placement: "pve1",
      storage: "ceph",
      networks: { net0: { name: "eth0", bridge: "vmbr0" } },
      ...changes,
    };
  };
  const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");

  it("is cloned once, however often it is asked for, and read without drift", async () => {
    const [one, two] = await Promise.all([vmHandler.create(inputs(700)), vmHandler.create(inputs(700))]);
    expect(two.id).toBe(one.id);
    const read = await vmHandler.read(one.id, { ...one.state });
    expect(read?.state).toEqual(one.state);
    expect(vmHandler.diff({ ...read?.state }, inputs(700)).changes).toBe(false);
  });

  it("waits for a start with its cloud-init, and remembers that until there was one", async () => {
    const named = (host: number) => ({ cloudInit: { ipconfig: { "0": `ip=10.71.0.${host}/24` } }, power: "running" });
    const made = await vmHandler.create(inputs(798, named(5)));
    expect(JSON.stringify(made.state)).not.toContain("pending");
    // Started a while ago.
    const guest = cluster().guests.get(798) ?? expect.unreachable("it was made");
    guest.startedAt -= 60_000;
    const changed = await vmHandler.update(made.id, { ...made.state }, inputs(798, named(6)));
    expect(changed).toMatchObject({ pending: ["cloud-init"] });
    const read = await vmHandler.read(made.id, { ...changed });
    expect(read?.state).toEqual(changed);
    // Another change does not make it forget, and where it may be restarted, it is.
    const larger = inputs(798, { ...named(6), memory: 1024 });
    const later = await vmHandler.update(made.id, { ...changed }, larger);
    expect(later).toMatchObject({ pending: expect.arrayContaining(["memory", "cloud-init"]) });
    expect(vmHandler.diff({ ...later }, { ...larger, restart: true }).changes).toBe(true);
    const restarted = await vmHandler.update(made.id, { ...later }, { ...larger, restart: true });
    expect(JSON.stringify(restarted)).not.toContain("pending");
    // By whoever it is started anew: the drive is read.
    guest.startedAt -= 60_000;
    const again = await vmHandler.update(made.id, { ...restarted }, inputs(798, { ...named(7), memory: 1024 }));
    expect(again).toMatchObject({ pending: ["cloud-init"] });
    guest.startedAt += 120_000;
    expect(JSON.stringify((await vmHandler.read(made.id, { ...again }))?.state)).not.toContain("pending");
    await vmHandler.delete(made.id, { ...again });
  });

  it("is made and read by a login in the place of a token, and a wrong one is told", async () => {
    const [user, password] = (systems.endpoints.proxmox["pve-lab"]?.login ?? "").split(":");
    const token = undefined;
    try {
      systems.context({ token, user, password, shutdownTimeout: 1 });
      const made = await vmHandler.create(inputs(799));
      expect(
        vmHandler.diff({ ...(await vmHandler.read(made.id, { ...made.state }))?.state }, inputs(799)).changes,
      ).toBe(false);
      await vmHandler.delete(made.id, { ...made.state });
      const wrong = systems.context({ token, user, password: "guessed", shutdownTimeout: 1 });
      await expect(wrong.cluster("pve-lab").version()).rejects.toThrow(
        /refuses the login of root@pam: set netbox-proxmox:proxmox\["pve-lab"\]\.user and \.password/,
      );
    } finally {
      systems.context({ shutdownTimeout: 1 });
    }
  });

  it("linked or full, on the node asked for", async () => {
    await vmHandler.create(inputs(701, { fullClone: false }));
    await vmHandler.create(inputs(702, { node: "pve2", storage: "ceph" }));
    expect((await systems.clients.guest("g701")).config.scsi0).toBe("ceph:base-9000-disk-0/vm-701-disk-0,size=3G");
    expect(
      cluster()
        .storages.clonesOf("ceph:base-9000-disk-0")
        .map(({ vmid }) => vmid),
    ).toEqual([701]);
    expect((await systems.clients.guest("g702")).node).toBe("pve2");
  });

  it("is waited for while a clone of ours still runs, and a lock without a task is said with its remedy", async () => {
    cluster().times.clone = 400;
    const interrupted = systems.clients.proxmox("POST", "/nodes/pve1/qemu/9000/clone", {
      newid: 703,
      name: "g703",
      description: inputs(703).description,
    });
    await expect.poll(() => cluster().guests.get(703)?.lock).toBe("clone");
    const made = await vmHandler.create(inputs(703, { memory: 640 }));
    await interrupted;
    cluster().times.clone = 0;
    expect(made.state).toMatchObject({ memory: 640 });
    const stuck = cluster().guests.get(703);
    stuck?.config.set("lock", "clone").set("description", " qmclone temporary file");
    await expect(vmHandler.create(inputs(703))).rejects.toThrow(
      /locked by a clone that no task of ours runs.*qm unlock 703/,
    );
    stuck?.config.delete("lock");
    stuck?.config.set("description", inputs(703).description);
  });

  it("never touches a stranger at its VMID", async () => {
    const before = JSON.stringify((await systems.clients.guest("firewall")).config);
    await expect(vmHandler.create(inputs(100))).rejects.toThrow(
      /VMID 100 on pve1 is taken by firewall, which carries no mark/,
    );
    await vmHandler.delete("pve-lab/100", { ...inputs(100), system: "cluster pve-lab" });
    expect(JSON.stringify((await systems.clients.guest("firewall")).config)).toBe(before);
    expect(await vmHandler.read("pve-lab/100", inputs(100))).toBeUndefined();
  });

  it("is called gone only by its own cluster", async () => {
    await expect(vmHandler.read("pve-lab/799", { ...inputs(799), system: "cluster other" })).rejects.toThrow(
      /was made on cluster other, but pve-lab's URL now leads to cluster pve-lab/,
    );
    expect(await vmHandler.read("pve-lab/799", { ...inputs(799), system: "cluster pve-lab" })).toBeUndefined();
  });

  it("is not called gone by a token that may not see it", async () => {
    const held = (path: string, pool?: string) => {
      const blind = siteGrants.filter((grant) => grant.path !== "/vms");
      limitedToken(systems.lab, [...blind, { path, privileges: ["VM.Audit"] }]);
      return vmHandler.read("pve-lab/799", { ...inputs(799), pool, system: "cluster pve-lab" });
    };
    await expect(held("/vms/123")).rejects.toThrow(/VM 799 .* whose token may not see it: give it VM\.Audit on \/vms/);
    expect(await held("/pool/team", "team")).toBeUndefined();
    limitedToken(systems.lab, siteGrants);
  });

  it("is found where it was migrated by hand", async () => {
    const moved = cluster().guests.get(702);
    if (moved) moved.node = "pve1";
    await sleep(350); // answers are shared for so long
    const read = await vmHandler.read("pve-lab/702", inputs(702));
    expect(vmHandler.diff({ ...read?.state }, inputs(702)).changes).toBe(false);
  });

  it("is paused, resumed and stopped, and seen as what it is", async () => {
    const wanted = inputs(706, { power: "paused" });
    const made = await vmHandler.create(wanted);
    const current = async () =>
      (await systems.clients.proxmox<{ qmpstatus: string }>("GET", "/nodes/pve1/qemu/706/status/current")).qmpstatus;
    expect(await current()).toBe("paused");
    expect((await vmHandler.read(made.id, { ...made.state }))?.state).toEqual(made.state);
    const running = await vmHandler.update(made.id, { ...made.state }, inputs(706, { power: "running" }));
    expect(await current()).toBe("running");
    expect(running).toMatchObject({ power: "running" });
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/706/status/suspend");
    const read = () => vmHandler.read(made.id, { ...running });
    await expect.poll(async () => (await read())?.state).toMatchObject({ power: "paused" });
    await vmHandler.delete(made.id, { ...(await read())?.state });
    expect(cluster().guests.has(706)).toBe(false);
  });

  it("is made in its pool, moved to another, and seen in the one that it was put into by hand", async () => {
    for (const poolid of ["red", "blue"]) await systems.clients.proxmox("POST", "/pools", { poolid });
    const made = await vmHandler.create(inputs(708, { pool: "red" }));
    expect(made.state).toMatchObject({ pool: "red" });
    const moved = await vmHandler.update(made.id, { ...made.state }, inputs(708, { pool: "blue" }));
    expect(moved).toMatchObject({ pool: "blue" });
    await systems.clients.proxmox("PUT", "/pools", { poolid: "blue", vms: 708, delete: 1 });
    const read = () => vmHandler.read(made.id, { ...moved });
    await expect.poll(async () => (await read())?.state).toMatchObject({ pool: "" });
    expect(changedVmFields({ ...(await read())?.state }, inputs(708, { pool: "blue" }))).toEqual(["pool"]);
    const out = await vmHandler.update(made.id, { ...moved }, inputs(708, { pool: "" }));
    expect(out).toMatchObject({ pool: "" });
    await expect(vmHandler.create(inputs(709, { pool: "nosuch" }))).rejects.toThrow(/pool 'nosuch' does not exist/);
  });

  it("has its disks' and network devices' options beside what PVE keeps itself", async () => {
    const wanted = (discard: string, firewall: number) =>
      inputs(707, {
        disks: {
          scsi0: { size: "4G", options: { discard, ssd: 1 } },
          scsi1: { size: "1G", storage: "ceph", options: { backup: 0 } },
        },
        networks: { net0: { model: "virtio", bridge: "vmbr0", options: { firewall, rate: 10 } } },
      });
    const made = await vmHandler.create(wanted("on", 1));
    const config = async () => (await systems.clients.guest("g707")).config;
    const mac = /virtio=([0-9A-F:]+)/.exec(String((await config()).net0))?.[1];
    expect(await config()).toMatchObject({
      scsi0: "ceph:vm-707-disk-0,discard=on,size=4G,ssd=1",
      scsi1: "ceph:vm-707-disk-1,backup=0,size=1G",
      net0: `virtio=${mac},bridge=vmbr0,firewall=1,rate=10`,
    });
    expect(changedVmFields({ ...(await vmHandler.read(made.id, { ...made.state }))?.state }, wanted("on", 1))).toEqual(
      [],
    );
    expect(changedVmFields({ ...made.state }, wanted("ignore", 0))).toEqual(["disks", "networks"]);
    await vmHandler.update(made.id, { ...made.state }, wanted("ignore", 0));
    expect(await config()).toMatchObject({
      scsi0: "ceph:vm-707-disk-0,discard=ignore,size=4G,ssd=1",
      net0: `virtio=${mac},bridge=vmbr0,firewall=0,rate=10`,
    });
  });

  it.each([
    ["qemu", 1000],
    ["lxc", 3000],
  ] as const)("of whatever kind (%s) and form has no drift but what was changed by hand", (type, first) =>
    guestsHaveNoDriftButTheirOwn(systems, type, first, 25),
  );

  it("that can't become what is asked for says so in the plan, with its name, page and remedy", () => {
    const small = { ...inputs(710), disks: { scsi0: { size: "8G" } } };
    expect(vmHandler.problems?.({ ...small, disks: { scsi0: { size: "9G" } } }, small)).toEqual([
      {
        property: "disks",
        reason: expect.stringMatching(
          /^g710 \(https:\/\/nb\/virtualization\S+\): scsi0 can't shrink from 9G to 8G; set the/,
        ),
      },
    ]);
    expect(vmHandler.problems?.({ ...small, disks: { scsi0: { size: "9G" } } }, { ...small, rebuild: 1 })).toEqual([]);
    const efi = (efitype: string) => ({ ...small, disks: { ...small.disks, efidisk0: { options: { efitype } } } });
    expect(vmHandler.problems?.(efi("4m"), efi("2m"))).toHaveLength(1);
    const privileged = { ...ct(711), unprivileged: false };
    expect(containerHandler.problems?.({ ...privileged, unprivileged: true }, privileged)).toEqual([
      { property: "unprivileged", reason: expect.stringMatching(/^c711 .*: it can't become privileged in place/) },
    ]);
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(vmHandler.problems?.({ ...small }, { ...small, disks: unknown })).toEqual([]);
  });

  it("that is a container is made from an OS template with keys and password, and taken over after an interrupted run", async () => {
    const template = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst";
    systems.context({ shutdownTimeout: 1 }, { main: "correct-horse" });
    const wanted = ct(712, {
      template,
      sshKeys: ["ssh-ed25519 AAAA me"],
      password: { name: "main", version: "1" },
      disks: { rootfs: { size: "2G" } },
      power: "running",
    });
    const made = await containerHandler.create(wanted);
    const guest = cluster().guests.get(712);
    expect(guest instanceof Container && guest.access).toEqual({
      password: "correct-horse",
      keys: "ssh-ed25519 AAAA me",
    });
    expect(JSON.stringify(made)).not.toContain("correct-horse");
    expect(guest?.config.get("rootfs")).toMatch(/^ceph:.*size=2G/);
    const again = await containerHandler.create(wanted);
    expect(again).toEqual(made);
    guest?.config.set("lock", "create").delete("description");
    await expect(containerHandler.create(wanted)).rejects.toThrow(
      /CT 712 on pve1 is locked by a clone that no task.*pct unlock 712/,
    );
    guest?.config.set("description", wanted.description).delete("lock");
    await expect(vmHandler.create(inputs(712))).rejects.toThrow(/VMID 712 on pve1 is taken by c712/);
    await containerHandler.delete(made.id, { ...made.state });
    expect(cluster().guests.has(712)).toBe(false);
  });

  it("that is protected is not deleted, and says what to do", async () => {
    const made = await vmHandler.create(inputs(713, { options: { protection: 1 } }));
    await expect(vmHandler.delete(made.id, { ...made.state })).rejects.toThrow(
      /Unable to delete VM 713 .*: it is protected from deletion on Proxmox VE: take its option protection away there/,
    );
    expect(cluster().guests.has(713)).toBe(true);
  });

  it("of the HA stack is started, restarted and stopped by its manager, and leaves it before it is deleted", async () => {
    const ha = (changes: object) => inputs(714, { ha: "managed", ...changes });
    const made = await vmHandler.create(ha({ power: "running" }));
    const resource = () => cluster().ha.resources.get("vm:714")?.state;
    expect([cluster().guests.get(714)?.running, resource()]).toEqual([true, "started"]);
    const state = await vmHandler.update(
      made.id,
      { ...made.state },
      ha({ power: "running", memory: 1024, restart: true }),
    );
    expect(JSON.stringify(state)).not.toContain("pending");
    expect(cluster().guests.get(714)?.config.get("memory")).toBe("1024");
    await vmHandler.update(made.id, { ...state }, ha({ power: "stopped", memory: 1024 }));
    expect([cluster().guests.get(714)?.running, resource()]).toEqual([false, "stopped"]);
    const rule = { rule: "none-such", type: "node-affinity" };
    await expect(vmHandler.update(made.id, { ...state }, inputs(714, { ha: rule.rule }))).rejects.toThrow(
      /there is no HA node affinity rule none-such; make it in Proxmox VE, or name another/,
    );
    await vmHandler.delete(made.id, { ...state });
    expect([cluster().guests.has(714), resource()]).toEqual([false, undefined]);
  });

  it("has its HA group on Proxmox VE 8, which has no rules", async () => {
    const { version } = cluster();
    const now = { ...version };
    Object.assign(version, { version: "8.4.1", release: "8.4" });
    systems.context({ shutdownTimeout: 1 }); // versions are remembered
    try {
      const made = await vmHandler.create(inputs(715, { ha: "east" }));
      expect(cluster().ha.resources.get("vm:715")).toMatchObject({ group: "east", state: "stopped" });
      expect((await vmHandler.read(made.id, { ...made.state }))?.state).toMatchObject({ ha: "east" });
      const state = await vmHandler.update(made.id, { ...made.state }, inputs(715, { ha: "managed" }));
      expect(cluster().ha.resources.get("vm:715")).not.toHaveProperty("group");
      await vmHandler.update(made.id, { ...state }, inputs(715, { ha: "none" }));
      expect(cluster().ha.resources.has("vm:715")).toBe(false);
    } finally {
      Object.assign(version, now);
      systems.context({ shutdownTimeout: 1 });
    }
  });

  it("that ignores its shutdown is stopped, and destroyed with its disks", async () => {
    const made = await vmHandler.create(inputs(704, { power: "running" }));
    cluster().deaf.add(704);
    await vmHandler.delete(made.id, { ...made.state });
    expect(cluster().guests.has(704)).toBe(false);
    expect(cluster().storages.owned(704)).toEqual([]);
    await vmHandler.delete(made.id, { ...made.state });
  });

  it("says what a failed task said", async () => {
    await expect(
      vmHandler.create(inputs(705, { networks: { net0: { model: "virtio", bridge: "vmbr77" } }, power: "running" })),
    ).rejects.toThrow(
      /Unable to bring VM 705 g705 on pve-lab \(https:\/\/nb.*\) to what NetBox says: bridge 'vmbr77' does not exist/,
    );
  });
});
