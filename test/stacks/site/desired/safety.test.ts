import { describe, expect, it } from "vitest";
import { safetyOf } from "../../../../stacks/site/desired/safety";
import type { DesiredGuest, KnownGuest } from "../../../../stacks/site/desired/types";
import type { SnapshotGroup } from "../../../../stacks/site/settings";

const now = new Date("2026-11-26T12:00:00Z");
const day = 86_400;
const mark = { stack: "p/s", netboxUrl: "https://nb", netboxId: 7 };
const base = {
  cluster: "pve",
  vmid: 107,
  mark,
  name: "web1",
  tags: [],
  cores: 2,
  sockets: 1,
  memory: 2048,
  power: "running",
  options: { cpu: "host", balloon: 512, onboot: 1 },
  disks: { scsi0: { size: "10G", storage: "ceph" }, scsi1: { size: "4G" } },
  networks: { net0: { bridge: "vmbr0", tag: 71, model: "virtio" } },
};

const guest = (changes: object, before: SnapshotGroup[], days = 7): DesiredGuest =>
  ({
    id: 7,
    name: "web1",
    status: "active",
    mark,
    allocations: [],
    nics: [],
    promote: false,
    rebootPolicy: "never",
    machine: { type: "qemu", inputs: { ...base, ...changes } },
    safety: { before, days },
  }) as unknown as DesiredGuest;
const known = (last: object = {}): Map<number, KnownGuest> =>
  new Map([[7, { type: "qemu", name: "web1", cluster: "pve", vmid: 107, last: { ...base, ...last } }]]);
const all: SnapshotGroup[] = ["cpu", "memory", "disks", "networks", "options"];
const decided = (changes: object, before = all, last: object = {}, kept: { name: string; takenAt: number }[] = []) => {
  const { snapshots, notes } = safetyOf([guest(changes, before)], known(last), new Map([[7, kept]]), now);
  return { inputs: snapshots.get(7), notes };
};

describe("a snapshot before a risky update", () => {
  it.each([
    ["cpu", { cores: 4 }],
    ["cpu", { sockets: 2 }],
    ["cpu", { options: { ...base.options, cpu: "x86-64-v3" } }],
    ["memory", { memory: 4096 }],
    ["memory", { options: { ...base.options, balloon: 0 } }],
    ["disks", { disks: { ...base.disks, scsi1: { size: "8G" } } }],
    ["disks", { disks: { scsi0: base.disks.scsi0 } }],
    ["disks", { disks: { ...base.disks, scsi2: { size: "1G" } } }],
    ["networks", { networks: { net0: { ...base.networks.net0, tag: 72 } } }],
    ["networks", { networks: {} }],
    ["options", { options: { ...base.options, onboot: 0 } }],
  ] as const)("is due for %s, and only where that is asked for: %j", (group, changes) => {
    const { inputs, notes } = decided(changes);
    expect(inputs?.before).toBe(group);
    expect(inputs?.due).toMatch(/^before-20261126-[0-9a-f]{8}$/);
    expect(notes).toEqual([`A snapshot is taken before the change of: web1 (${group}).`]);
    expect(
      decided(
        changes,
        all.filter((each) => each !== group),
      ).inputs,
    ).toEqual(expect.not.objectContaining({ due: expect.anything() }));
  });

  it("is not due where nothing changes, for a new guest, one that failed, or addresses that are not known yet", () => {
    expect(decided({}).inputs).toEqual({ cluster: "pve", vmid: 107, type: "qemu", mark, name: "web1", expired: [] });
    expect(decided({ inert: true, cores: 4 }).inputs?.due).toBeUndefined();
    expect(decided({ power: "stopped", tags: ["x"] }).inputs?.due).toBeUndefined();
    const nic = { ...base.networks.net0, ip: "10.0.0.5/24", gw: "10.0.0.1" };
    expect(decided({}, all, { networks: { net0: nic } }).inputs?.due).toBeUndefined();
    const fresh = safetyOf([guest({ cores: 4 }, all)], new Map(), new Map(), now);
    expect(fresh.snapshots.get(7)?.due).toBeUndefined();
    expect(safetyOf([guest({ cores: 4 }, [])], known(), new Map(), now).snapshots.size).toBe(0);
  });

  it("has one name for one change, and another for another or on another day", () => {
    const name = (changes: object) => decided(changes).inputs?.due;
    expect(name({ cores: 4 })).toBe(name({ cores: 4 }));
    expect(name({ cores: 4 })).not.toBe(name({ cores: 8 }));
    const later = safetyOf([guest({ cores: 4 }, all)], known(), new Map(), new Date("2026-11-27T00:00:00Z"));
    expect(later.snapshots.get(7)?.due).toMatch(/^before-20261127-/);
    const due = name({ cores: 4 }) ?? "";
    expect(decided({ cores: 4 }, all, {}, [{ name: due, takenAt: now.getTime() / 1000 }]).notes).toEqual([]);
  });

  it("is left out, and told, where a disk goes to another storage: PVE refuses that of a disk in a snapshot", () => {
    const { inputs, notes } = decided({ disks: { ...base.disks, scsi0: { size: "20G", storage: "local-lvm" } } });
    expect(inputs?.due).toBeUndefined();
    expect(notes.join()).toMatch(
      /^web1 \(https:\/\/nb\/virtualization\/virtual-machines\/7\/\): no snapshot is taken before disks/,
    );
  });

  it("goes when it was kept for as many days as it is to be", () => {
    const seconds = now.getTime() / 1000;
    const kept = [
      { name: "before-20261118-aaaaaaaa", takenAt: seconds - 8 * day },
      { name: "before-20261120-bbbbbbbb", takenAt: seconds - 6 * day },
    ];
    expect(decided({}, all, {}, kept).inputs?.expired).toEqual(["before-20261118-aaaaaaaa"]);
  });
});
