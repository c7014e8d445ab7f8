import { describe, expect, it } from "vitest";
import { disksOf, guestStorageOf } from "../../../../stacks/site/desired/disks";
import { netboxGuest, settingsWith } from "./example";
import { documented, planOf, proxmoxOf } from "./siteworld";

const { storages: ceph } = proxmoxOf(new Map());
const storages = [...ceph, ...ceph.map((each) => ({ ...each, storage: "fast" }))];
const disks = (...names: string[]) => names.map((name) => ({ name, size: 8192 }));
const guest = (storage: string | undefined, more: object = {}) =>
  documented(1, {
    disks: disks("scsi0", "scsi1", "efidisk0", "tpmstate0"),
    customFields: storage === undefined ? {} : { proxmox_vm_storage: storage },
    ...more,
  });
const plan = (built: string | undefined, now: string | undefined, more: object = {}) => {
  const found = planOf({ built: [guest(built)], guests: [guest(now, more)] }, [], { storages });
  const machine = found.guests[0]?.machine.inputs;
  const where = Object.entries(machine?.disks ?? {})
    .map(([slot, { storage }]) => `${slot} ${storage}`)
    .sort();
  const change = found.changes.find(({ action }) => action !== "create");
  return { where, change, left: [...found.left.values()].flat() };
};

describe("the storage of a guest that is built", () => {
  it("leads its listed disks to another one, and counts as their move", () => {
    const { where, change } = plan("ceph", "fast");
    expect(where).toEqual(["efidisk0 fast", "scsi0 fast", "scsi1 fast", "tpmstate0 undefined"]);
    expect(change).toMatchObject({ action: "update", effects: ["moves"] });
    expect(plan(undefined, "fast").where).toContain("scsi0 fast");
  });

  it("changes nothing where it is as it was, or named no more", () => {
    for (const [before, now] of [
      ["ceph", "ceph"],
      ["ceph", undefined],
      [undefined, undefined],
    ]) {
      const { where, change } = plan(before, now);
      expect(where.every((each) => each.endsWith(" undefined"))).toBe(true);
      expect(change).toBeUndefined();
    }
  });

  it("stays where it led them, until it is another one", () => {
    const [one, settings] = [netboxGuest(1, "active"), settingsWith()];
    one.customFields.set("proxmox_vm_storage", "fast");
    const last = { storage: "fast", disks: { scsi0: { size: "8G", storage: "fast" }, scsi1: { size: "8G" } } };
    const storage = guestStorageOf(one, settings, last);
    expect(storage).toEqual({ to: "fast", changed: false, last: { scsi0: "fast", scsi1: undefined } });
    const listed = disks("scsi0", "scsi1").map((disk) => ({ ...disk, id: 1, guestId: 1, customFields: new Map() }));
    expect(disksOf(listed, one, "qemu", { kept: {}, storage }, settings, () => {})).toEqual({
      scsi0: { size: "8G", storage: "fast" },
      scsi1: { size: "8G" },
    });
  });

  it("is refused where NetBox lists no disk to move", () => {
    const { left } = plan("ceph", "fast", { disks: [] });
    expect(left.join()).toMatch(/its storage is fast now, and no virtual disk in NetBox says what there is to move/);
  });
});
