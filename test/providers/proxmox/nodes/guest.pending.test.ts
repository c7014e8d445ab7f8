import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { context } from "../../../../providers/context";
import { printMark } from "../../../../providers/ownership/mark";
import { containerHandler } from "../../../../providers/proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../../../../providers/proxmox/nodes/qemu/vm.handler";
import { changesHold, openForPairs, pairsOf } from "../../../harness/attributepairs";
import type { TestSystems } from "../../../harness/systems";

describe("a guest whose changes wait, or are refused", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await openForPairs();
  });
  afterAll(() => systems.close());

  const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
  const guest = (vmid: number) => cluster().guests.get(vmid) ?? expect.unreachable("it was made");
  const base = (vmid: number) => {
    const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
    return { cluster: "pve-lab", vmid, mark, description: printMark(mark), fullClone: true, storage: "ceph", tags: [] };
  };
  const vm = (vmid: number, changes: Record<string, unknown>): Record<string, unknown> => ({
    ...{ ...base(vmid), name: `g${vmid}`, template: 9000, power: "running", cloudInit: { ipconfig: {} } },
    ...{ networks: { net0: { model: "virtio", bridge: "vmbr0" } }, ...changes },
  });
  const ct = (vmid: number, changes: Record<string, unknown>): Record<string, unknown> => ({
    ...{ ...base(vmid), name: `c${vmid}`, type: "lxc", template: 9100, placement: "pve1", power: "running" },
    ...{ networks: { net0: { name: "eth0", bridge: "vmbr0" } }, ...changes },
  });
  const more = { size: "512M", options: { mp: "/srv/more" } };
  const stop = async (type: string, vmid: number) => {
    await systems.clients.proxmox("POST", `/nodes/pve1/${type}/${vmid}/status/stop`);
    context().cluster("pve-lab").forget();
  };

  it("loses its protection before the disk that it protected, whichever kind it is", async () => {
    const disks = { scsi0: { size: "3G" }, virtio1: { size: "1G" } };
    const made = await vmHandler.create(vm(900, { disks, options: { protection: 1 } }));
    const later = vm(900, { disks: { scsi0: disks.scsi0 }, options: { protection: 0 } });
    const state = await vmHandler.update(made.id, { ...made.state }, later);
    expect(vmHandler.diff({ ...state }, later)).toEqual({ changes: false });
    expect(guest(900).text("unused0")).toContain("vm-900-disk");
    const mounts = { rootfs: { size: "8G" }, mp1: more };
    const container = await containerHandler.create(ct(901, { disks: mounts, options: { protection: 1 } }));
    const without = ct(901, { disks: { rootfs: mounts.rootfs }, options: { protection: 0 }, power: "stopped" });
    expect(
      containerHandler.diff(
        { ...(await containerHandler.update(container.id, { ...container.state }, without)) },
        without,
      ),
    ).toEqual({ changes: false });
    expect(guest(901).config.has("mp1")).toBe(false);
  });

  it("that stays protected keeps its disks, and says how to change that, before anything is written", async () => {
    const disks = { scsi0: { size: "3G" }, virtio1: { size: "1G" } };
    const made = await vmHandler.create(vm(902, { disks, options: { protection: 1 } }));
    const later = vm(902, { disks: { scsi0: disks.scsi0 }, options: { protection: 1 }, cores: 4 });
    const remedy =
      /virtio1 can't be changed or detached while the VM is protected: set its option protection to 0 in NetBox/;
    expect(vmHandler.problems?.({ ...made.state }, later)).toEqual([
      { property: "disks", reason: expect.stringMatching(remedy) },
    ]);
    // Somebody protected it on Proxmox VE.
    await expect(vmHandler.update(made.id, { ...made.state }, { ...later, options: {} })).rejects.toThrow(remedy);
    expect(guest(902).config.get("cores")).toBe(1);
    const mounts = (disks: object) =>
      ct(903, { options: { protection: 1 }, disks: { rootfs: { size: "8G" }, ...disks } });
    expect(containerHandler.problems?.(mounts({}), mounts({ mp1: more }))).toHaveLength(1);
  });

  it("is stopped before it is changed, where it is to be offline", async () => {
    const nics = { net0: { model: "virtio", bridge: "vmbr0" }, net1: { model: "virtio", bridge: "vmbr77" } };
    const made = await vmHandler.create(vm(904, {}));
    const wanted = vm(904, { networks: nics, power: "stopped" });
    const state = await vmHandler.update(made.id, { ...made.state }, wanted);
    expect(guest(904).running).toBe(false);
    expect(vmHandler.diff({ ...state }, wanted)).toEqual({ changes: false });
  });

  it("isn't grown or moved by a mount point that is not there yet", async () => {
    const disks = { rootfs: { size: "8G" } };
    const made = await containerHandler.create(ct(905, { disks }));
    // As Proxmox VE keeps one that it could not mount.
    guest(905).pending.set("mp1", "ceph:0.5,mp=/srv/more");
    context().cluster("pve-lab").forget();
    const wanted = ct(905, { disks: { ...disks, mp1: { ...more, storage: "ceph" } } });
    const read = (await containerHandler.read(made.id, { ...wanted, ...made.state, disks: wanted.disks }))?.state;
    expect(containerHandler.diff({ ...read }, wanted)).toEqual({ changes: false });
    expect(read).toMatchObject({ pending: ["mp1"] });
    // Neither is one that is to be larger: it can be grown when it is there.
    const larger = ct(905, { disks: { ...disks, mp1: { ...more, size: "1G" } }, cores: 2 });
    const state = await containerHandler.update(made.id, { ...read }, larger);
    expect(state).toMatchObject({ cores: 2, pending: ["mp1"] });
    await stop("lxc", 905);
    const grown = await containerHandler.update(made.id, { ...state }, larger);
    expect(grown).toMatchObject({ disks: { mp1: { size: "1G" } } });
    // One that nobody wants any more is taken back.
    guest(905).pending.set("mp2", "ceph:0.5,mp=/x");
    context().cluster("pve-lab").forget();
    const seen = (await containerHandler.read(made.id, { ...grown }))?.state;
    expect(containerHandler.diff({ ...seen }, larger).changes).toBe(true);
    await containerHandler.update(made.id, { ...seen }, larger);
    expect(guest(905).pending.has("mp2")).toBe(false);
  });

  it("keeps a disk that only waited to be taken away, with what it holds", async () => {
    const disks = { scsi0: { size: "3G" }, sata1: { size: "1G", options: { cache: "none" } } };
    const made = await vmHandler.create(vm(906, { disks }));
    const volume = guest(906).text("sata1");
    const without = await vmHandler.update(made.id, { ...made.state }, vm(906, { disks: { scsi0: disks.scsi0 } }));
    expect(without).toMatchObject({ pending: ["sata1"] });
    const wanted = vm(906, { disks: { ...disks, sata1: { size: "2G", options: { cache: "unsafe" } } } });
    const state = await vmHandler.update(made.id, { ...without }, wanted);
    expect(vmHandler.diff({ ...state }, wanted)).toEqual({ changes: false });
    await stop("qemu", 906);
    expect(guest(906).text("sata1")?.split(",")[0]).toBe(volume?.split(",")[0]);
    expect(guest(906).text("sata1")).toContain("cache=unsafe,size=2G");
  });

  it("has the size and the place that it was given, though an option of its disk still waited", async () => {
    const disk = (size: string, storage: string) => ({
      disks: { scsi0: { size, storage, options: { discard: "on" } } },
    });
    const made = await vmHandler.create(vm(907, { disks: { scsi0: { size: "3G", options: { discard: "ignore" } } } }));
    const one = await vmHandler.update(made.id, { ...made.state }, vm(907, disk("3G", "ceph")));
    expect(one).toMatchObject({ pending: ["scsi0"] });
    const two = await vmHandler.update(made.id, { ...one }, vm(907, disk("4G", "ceph2")));
    expect(vmHandler.diff({ ...two }, vm(907, disk("4G", "ceph2")))).toEqual({ changes: false });
    await stop("qemu", 907);
    expect(guest(907).text("scsi0")).toMatch(/^ceph2:vm-907-disk-\d+,discard=on,size=4G$/);
    const read = (await vmHandler.read(made.id, { ...two }))?.state;
    expect(vmHandler.diff({ ...read }, vm(907, { ...disk("4G", "ceph2"), power: "stopped" }))).toEqual({
      changes: false,
    });
  });

  it("has one MAC from when its network device is asked for, though that can't be plugged", async () => {
    const nic = (name: string, bridge: string) =>
      ct(908, { networks: { net0: { name: "eth0", bridge: "vmbr0" }, net1: { name, bridge } } });
    const made = await containerHandler.create(nic("eth1", "vmbr0"));
    const mac = () =>
      /hwaddr=([0-9A-F:]+)/.exec(String(guest(908).pending.get("net1") ?? guest(908).text("net1")))?.[1];
    const before = mac();
    expect(before).toBeDefined();
    await expect(containerHandler.update(made.id, { ...made.state }, nic("lan1", "vmbr77"))).rejects.toThrow(
      /hotplug net1/,
    );
    expect(guest(908).pending.has("net1")).toBe(true);
    expect(mac()).toBe(before);
    const wanted = nic("lan1", "vmbr0");
    const state = await containerHandler.update(made.id, { ...made.state }, wanted);
    expect(containerHandler.diff({ ...state }, wanted)).toEqual({ changes: false });
    expect(mac()).toBe(before);
    // What could not be plugged is taken back by who wants it no more.
    await expect(containerHandler.update(made.id, { ...state }, nic("eth1", "vmbr77"))).rejects.toThrow(/hotplug net1/);
    const without = ct(908, { networks: { net0: { name: "eth0", bridge: "vmbr0" } } });
    const left = await containerHandler.update(made.id, { ...state }, without);
    expect(containerHandler.diff({ ...left }, without)).toEqual({ changes: false });
    expect([guest(908).pending.size, guest(908).config.has("net1")]).toEqual([0, false]);
  });

  it("goes on with its old name inside, until it is started anew", async () => {
    const made = await containerHandler.create(ct(909, {}));
    guest(909).startedAt -= 60_000;
    const renamed = ct(909, { name: "renamed" });
    const state = await containerHandler.update(made.id, { ...made.state }, renamed);
    expect(guest(909).pending.size).toBe(0);
    expect(state).toMatchObject({ pending: ["hostname"] });
    expect((await containerHandler.read(made.id, { ...state }))?.state).toEqual(state);
    const restarted = await containerHandler.update(made.id, { ...state }, { ...renamed, restart: true });
    expect(JSON.stringify(restarted)).not.toContain("pending");
  });

  it("of a state that an earlier release wrote still waits for what that says", async () => {
    const made = await vmHandler.create(vm(910, {}));
    guest(910).startedAt -= 60_000;
    const earlier = { ...made.state, pending: ["cloud-init"], cloudInitAt: Math.floor(Date.now() / 1000) };
    const read = (await vmHandler.read(made.id, earlier))?.state;
    expect(read).toMatchObject({ pending: ["cloud-init"] });
    expect(vmHandler.diff({ ...read }, vm(910, {}))).toEqual({ changes: false });
  });

  // All of them: test/slow/attributepairs.test.ts.
  it.each([
    ["qemu", "running", 2000],
    ["qemu", "stopped", 5000],
    ["lxc", "running", 8000],
    ["lxc", "stopped", 9000],
  ] as const)("has two attributes changed in an order that Proxmox VE takes (%s, %s)", async (type, power, first) => {
    const sample = [...pairsOf(type, power).entries()].filter(([n]) => n % (type === "qemu" ? 211 : 97) === 5);
    // A container that is cloned is locked meanwhile.
    if (type === "qemu")
      await Promise.all(sample.map(([n, pair]) => changesHold(systems, type, first + n, power, pair)));
    else for (const [n, pair] of sample) await changesHold(systems, type, first + n, power, pair);
  });
});
