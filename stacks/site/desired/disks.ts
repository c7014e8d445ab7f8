import type { NetboxDisk, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { Disk, Disks } from "../../../providers/proxmox/nodes/guest.model";
import { volumes } from "../../../providers/proxmox/nodes/lxc/container.model";
import { drives } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { parseSize, printSize } from "../../../providers/proxmox/propertystring";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { isRecord, withoutUndefined } from "../../../providers/values";
import { toMebibytes } from "../../netbox/units";
import type { Settings } from "../../settings";
import { isOptionValue } from "../settings";
import { diskSizeOnProxmox } from "./carried";
import { diskOptionsOf } from "./options";
import type { PresentGuest } from "./present";

const rooms: Record<GuestType, Disks & { example: string }> = {
  qemu: { ...drives, example: "scsi0, scsi1, …" },
  lxc: { ...volumes, example: "rootfs, mp0, mp1, …" },
};

/** The disks that are kept as they are though NetBox doesn't list them, with their least size where they have one. */
export type KeptDisks = Record<string, { size?: string }>;

/** The storage that NetBox names for all disks of a guest that is built, and what state has of its disks' own. */
export interface GuestStorage {
  to: string;
  /** Is it another one than last time? */
  changed: boolean;
  last: Record<string, string | undefined>;
}

/** Where the guest's storage leads the disks of a built guest; undefined where NetBox names none, or the guest is new. */
export function guestStorageOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
  last: Record<string, unknown> | undefined,
): GuestStorage | undefined {
  const to = guest.customFields.get(settings.site.customFields.storage);
  if (to === undefined || last === undefined) return undefined;
  const disks = Object.entries(isRecord(last.disks) ? last.disks : {}).map(
    ([slot, disk]): [string, string | undefined] => [
      slot,
      isRecord(disk) && typeof disk.storage === "string" ? disk.storage : undefined,
    ],
  );
  return { to, changed: last.storage !== to, last: Object.fromEntries(disks) };
}

/** What NetBox lists, and what is kept besides; undefined where NetBox lists none. */
export function disksOf(
  disks: NetboxDisk[],
  guest: NetboxVirtualMachine,
  type: GuestType,
  {
    kept,
    present = {},
    storage: shared,
  }: { kept: KeptDisks; present?: PresentGuest["disks"] | undefined; storage?: GuestStorage | undefined },
  settings: Settings,
  problem: (text: string) => void,
): Record<string, Disk> | undefined {
  if (disks.length === 0) {
    if (shared?.changed)
      problem(
        `its storage is ${shared.to} now, and no virtual disk in NetBox says what there is to move; list its disks, or set the custom field ${settings.site.customFields.storage} back`,
      );
    return undefined;
  }
  // A TPM's state is moved by nothing but its own field: PVE can't while the guest runs.
  const follows = (slot: string) =>
    shared !== undefined && slot !== "tpmstate0" && (shared.changed || shared.last[slot] === shared.to);
  const room = rooms[type];
  const { site } = settings;
  const listed = disks.flatMap((disk): [string, Disk][] => {
    const { name, size, customFields } = disk;
    if (!room.isSlot(name)) {
      problem(`virtual disk "${name}" is not named by its slot; rename it in NetBox to ${room.example}`);
      return [];
    }
    const options = diskOptionsOf(disk, guest, type, settings, problem);
    // One that is there has its path.
    if (/^mp/.test(name) && options?.mp === undefined && present[name] === undefined)
      problem(
        `virtual disk ${name} has no path in the container; write one, such as /srv/data, into its custom field ${site.customFields.optionPrefix}mp`,
      );
    const storage = customFields.get(site.customFields.diskStorage) ?? (follows(name) ? shared?.to : undefined);
    if (storage !== undefined && !isOptionValue(storage))
      problem(
        `custom field ${site.customFields.diskStorage} of virtual disk ${name}: "${storage}" is no storage's name; correct it`,
      );
    if (room.fixedSize(name)) return [[name, withoutUndefined({ storage, options })]];
    const wanted = toMebibytes(size, site.diskBaseUnit);
    const least = kept[name]?.size;
    if (wanted === 0) problem(`virtual disk ${name} has no size; write one in NetBox`);
    else if (least !== undefined && wanted < parseSize(least))
      problem(
        `virtual disk ${name} has ${printSize(wanted)}, less than the template's ${least}; give it at least that in NetBox`,
      );
    const there = diskSizeOnProxmox(size, present[name]?.size, site.diskBaseUnit);
    return [[name, withoutUndefined({ size: there ?? printSize(Math.max(wanted, 1)), storage, options })]];
  });
  const unlisted = Object.fromEntries(Object.keys(kept).map((slot) => [slot, {}]));
  return { ...unlisted, ...Object.fromEntries(listed) };
}
