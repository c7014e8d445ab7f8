import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { describe, expect, it } from "vitest";
import { type Changes, noChanges } from "../../../../providers/proxmox/nodes/guest.model";
import { protectedFrom, type Step, stepsOf } from "../../../../providers/proxmox/nodes/order";

const current = { scsi0: "ceph:a,size=3G", virtio1: "ceph:b,size=1G", net0: "virtio=BC:24:11:00:00:01", protection: 1 };
const changes = (some: Partial<Changes>): Changes => ({ ...noChanges(), ...some });

/** A step in few words. */
const brief = (step: Step): string =>
  step.kind !== "write"
    ? `${step.kind} ${step.disk}`
    : [...step.revert.map((key) => `~${key}`), ...step.remove.map((key) => `-${key}`), ...Object.keys(step.set)].join(
        " ",
      );
const order = (some: Partial<Changes>, running: boolean, now: Record<string, string | number> = current) =>
  stepsOf("qemu", now, changes(some), running).map(brief);

const all: Partial<Changes> = {
  set: {
    protection: 0,
    hotplug: "disk",
    boot: "order=scsi2",
    cores: 2,
    scsi0: "ceph:a,discard=on",
    scsi2: "ceph:1",
    net1: "virtio",
  },
  remove: ["virtio1"],
  revert: ["scsi0"],
  resize: [{ disk: "scsi0", size: "4G" }],
  move: [{ disk: "scsi0", storage: "lvm" }],
};

describe("the order in which a guest's changes are written", () => {
  it("is: unprotect, detach, configure, attach, grow, move, and what its disks then are", () => {
    expect(order(all, true)).toEqual([
      "protection hotplug",
      "~scsi0",
      "-virtio1",
      "cores",
      "scsi2",
      "net1",
      "boot",
      "grow scsi0",
      "move scsi0",
      "scsi0",
    ]);
    expect(order(all, false)).toEqual([
      "protection",
      "~scsi0",
      "-virtio1 hotplug cores scsi2 net1 boot",
      "grow scsi0",
      "move scsi0",
      "scsi0",
    ]);
  });

  it("is one request where nothing is judged by what was there before", () => {
    expect(order({ set: { cores: 2, scsi0: "ceph:a,discard=on", net1: "virtio" }, remove: ["net0"] }, false)).toEqual([
      "-net0 cores net1 scsi0",
    ]);
    expect(order({ set: { protection: 0, cores: 2 } }, true)).toEqual(["protection cores"]);
    expect(order({ set: { protection: 0, cores: 2 } }, false)).toEqual(["protection cores"]);
  });

  it("sets a protection after all else, and leaves one that stays to whoever set it", () => {
    const { protection: _protection, ...open } = current;
    expect(order({ set: { protection: 1, cores: 2 }, remove: ["virtio1"] }, false, open)).toEqual(["-virtio1 cores"]);
    expect(protectedFrom("qemu", current, changes({ remove: ["virtio1", "net0"] }))).toEqual(["virtio1"]);
    expect(protectedFrom("qemu", current, changes({ remove: ["virtio1"], set: { protection: 0 } }))).toEqual([]);
    expect(protectedFrom("lxc", { protection: 1, rootfs: "x:a" }, changes({ set: { mp1: "x:1,mp=/x" } }))).toEqual([
      "mp1",
    ]);
  });

  it("loses nothing, writes nothing twice, and lifts a protection before anything that this refuses", () => {
    const key = fc.constantFrom(
      "protection",
      "hotplug",
      "boot",
      "cores",
      "name",
      "scsi0",
      "scsi2",
      "mp1",
      "rootfs",
      "net0",
      "net1",
    );
    const value = fc.constantFrom(0, 1, "x");
    const any = fc.record({
      set: fc.dictionary(key, value),
      remove: fc.uniqueArray(fc.constantFrom("virtio1", "mp0", "net0", "ipconfig0")),
      revert: fc.uniqueArray(fc.constantFrom("scsi1", "mp3", "net2")),
      resize: fc.uniqueArray(
        fc.constantFrom("scsi0", "rootfs").map((disk) => ({ disk, size: "4G" })),
        { selector: ({ disk }) => disk },
      ),
      move: fc.uniqueArray(
        fc.constantFrom("scsi0", "rootfs").map((disk) => ({ disk, storage: "s" })),
        { selector: ({ disk }) => disk },
      ),
    });
    const now = fc.dictionary(
      fc.constantFrom("scsi0", "virtio1", "rootfs", "mp0", "net0", "protection"),
      fc.constantFrom(0, 1),
    );
    fc.assert(
      fc.property(
        fc.constantFrom("qemu" as const, "lxc" as const),
        now,
        any,
        fc.boolean(),
        (type, before, some, running) => {
          const steps = stepsOf(type, before, changes(some), running);
          const writes = steps.filter((step) => step.kind === "write");
          const isSet = some.set.protection === 1 && before.protection !== 1;
          const keys = Object.keys(some.set).filter((each) => !(isSet && each === "protection"));
          expect(writes.flatMap(({ set }) => Object.keys(set)).sort()).toEqual(keys.sort());
          expect(writes.flatMap(({ remove }) => remove).sort()).toEqual([...some.remove].sort());
          expect(writes.flatMap(({ revert }) => revert).sort()).toEqual([...some.revert].sort());
          expect(steps.filter(({ kind }) => kind === "grow")).toHaveLength(some.resize.length);
          expect(steps.filter(({ kind }) => kind === "move")).toHaveLength(some.move.length);
          const lifted = steps.findIndex((step) => step.kind === "write" && step.set.protection === 0);
          const refused = steps.findIndex(
            (step) =>
              step.kind === "write" &&
              protectedFrom(type, { protection: 1 }, { ...noChanges(), ...step, set: { ...step.set, protection: 1 } })
                .length > 0,
          );
          if (lifted >= 0 && refused >= 0 && before.protection === 1) expect(lifted).toBeLessThan(refused);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
