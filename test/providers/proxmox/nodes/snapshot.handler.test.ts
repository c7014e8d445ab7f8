import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { printMark } from "../../../../providers/ownership/mark";
import { snapshotHandler } from "../../../../providers/proxmox/nodes/snapshot.handler";
import { seedWith, TestSystems } from "../../../harness/systems";

const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: 1 };
const notes = `Front page\n\n${printMark(mark)}`;

describe("a guest's safety snapshots", () => {
  let systems: TestSystems;
  const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
  const names = (vmid: number) => [...(cluster().guests.get(vmid)?.snapshots.keys() ?? [])];
  const inputs = (vmid: number, changes: Record<string, unknown> = {}) => ({
    cluster: "pve-lab",
    vmid,
    type: vmid === 302 ? "lxc" : "qemu",
    mark,
    name: `g${vmid}`,
    expired: [],
    ...changes,
  });
  const due = { due: "before-20261126-aaaaaaaa", before: "cpu, disks" };

  beforeAll(async () => {
    const seed = seedWith("[]");
    const { guests } = seed.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const common = { node: "pve1", template: false, running: false };
    guests.push(
      { ...common, vmid: 301, type: "qemu", config: { name: "g301", description: notes, scsi0: "ceph:1G" } },
      { ...common, vmid: 302, type: "lxc", config: { hostname: "g302", description: notes, rootfs: "ceph:1G" } },
      { ...common, vmid: 303, type: "qemu", config: { name: "stranger", scsi0: "ceph:1G" } },
    );
    systems = await TestSystems.open(seed, {}, "lab");
    systems.context();
  });
  afterAll(() => systems.close());
  beforeEach(() => {
    systems.lab.set({ setup: "clear" });
    for (const guest of cluster().guests.values()) guest.snapshots.clear();
  });

  it.each([301, 302])(
    "of %i are taken once, with what they are for, and deleted when their time is over",
    async (vmid) => {
      const { id, state } = await snapshotHandler.create(inputs(vmid, due));
      expect(state).toMatchObject({ kept: [{ name: due.due, takenAt: expect.any(Number) }] });
      expect(names(vmid)).toEqual([due.due]);
      expect(cluster().guests.get(vmid)?.snapshots.get(due.due)?.description).toMatch(
        /^Before cpu, disks are changed\./,
      );
      expect(snapshotHandler.diff({ ...state }, inputs(vmid, due)).changes).toBe(false);
      expect(snapshotHandler.diff({ ...state }, inputs(vmid)).changes).toBe(false);

      const next = { due: "before-20261127-bbbbbbbb", before: "memory" };
      expect(snapshotHandler.diff({ ...state }, inputs(vmid, next)).changes).toBe(true);
      const second = await snapshotHandler.update(id, { ...state }, inputs(vmid, next));
      expect(names(vmid)).toEqual([due.due, next.due]);

      const over = inputs(vmid, { expired: [due.due] });
      expect(snapshotHandler.diff({ ...second }, over).changes).toBe(true);
      const third = await snapshotHandler.update(id, { ...second }, over);
      expect(names(vmid)).toEqual([next.due]);
      expect(third).toMatchObject({ kept: [{ name: next.due }] });
      expect(snapshotHandler.diff({ ...third }, over).changes).toBe(false);

      await snapshotHandler.delete(id, { ...third });
      expect(names(vmid)).toEqual([]);
    },
  );

  it("are not taken twice where an answer was lost, and a person's stay", async () => {
    cluster()
      .guests.get(301)
      ?.snapshots.set("mine", { config: new Map(), snaptime: 1, description: "", vmstate: 0, parent: undefined });
    systems.lab.set({ setup: "call", system: "proxmox", call: "POST .*/snapshot", how: "drop after", times: 1 });
    await expect(snapshotHandler.create(inputs(301, due))).rejects.toThrow(
      /^Unable to keep g301 \(pve-lab\/301, https:\/\/nb\/virtualization\/virtual-machines\/1\/\) as it is in a snapshot: /,
    );
    const { id, state } = await snapshotHandler.create(inputs(301, due));
    expect(names(301)).toEqual(["mine", due.due]);
    await snapshotHandler.delete(id, { ...state });
    expect(names(301)).toEqual(["mine"]);
  });

  it("are read as they are: one that a person deleted is not missed, and may be taken again", async () => {
    const { id, state } = await snapshotHandler.create(inputs(301, due));
    cluster().guests.get(301)?.snapshots.clear();
    const read = await snapshotHandler.read(id, { ...state });
    expect(read?.state).toMatchObject({ kept: [] });
    expect(snapshotHandler.diff({ ...read?.state }, inputs(301, due)).changes).toBe(true);
    await snapshotHandler.delete(id, { ...state });
  });

  it("of a guest that isn't there, or is another's, are none", async () => {
    for (const vmid of [399, 303]) {
      const { id, state } = await snapshotHandler.create(inputs(vmid, due));
      expect(state).toMatchObject({ kept: [] });
      expect(names(vmid)).toEqual([]);
      expect((await snapshotHandler.read(id, { ...state }))?.state).toEqual(state);
      await snapshotHandler.delete(id, { ...state });
    }
  });

  it("that can't be taken stop the change, with the reason", async () => {
    systems.lab.set({ setup: "task", type: "qmsnapshot", id: "301", fails: "snapshot feature is not available" });
    await expect(snapshotHandler.create(inputs(301, due))).rejects.toThrow(
      /as it is in a snapshot: a storage of its disks keeps no snapshots .*snapshotBefore/,
    );
    systems.lab.set({ setup: "lock-vm", vmid: 301, lock: "backup" });
    await expect(snapshotHandler.create(inputs(301, due))).rejects.toThrow(/VM is locked \(backup\)/);
  });
});
