import { guestTitle } from "../../../providers/ownership/mark";
import { drives } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { formatOfNewDisk, keepsSnapshots } from "../../../providers/proxmox/nodes/storage/storages";
import { isRecord } from "../../../providers/values";
import type { DesiredGuest, KnownGuest, ProxmoxFacts } from "./types";

// A guest that gets a snapshot before it is changed needs disks that a snapshot can keep. One that keeps none refuses all of it.

interface PlacedDisk {
  slot: string;
  storage: string;
  isNew: boolean;
}

/** A guest's disks with their storages, as far as these are known: those of a new one with what its template brings. */
function disksOf(
  { machine: { type, inputs } }: DesiredGuest,
  last: Record<string, unknown> | undefined,
  { templates }: ProxmoxFacts,
): PlacedDisk[] {
  const before = isRecord(last?.disks) ? last.disks : {};
  const template = typeof inputs.template === "number" ? templates.get(inputs.template)?.disks : undefined;
  const brought = last === undefined ? (template ?? {}) : {};
  // A linked clone stays on its template's storage; a container's full clone goes where the others go.
  const copiedTo = inputs.fullClone || type === "lxc" ? inputs.storage : undefined;
  const slots = new Set([...Object.keys(brought), ...Object.keys(before), ...Object.keys(inputs.disks ?? {})]);
  return [...slots].flatMap((slot) => {
    const there = before[slot];
    const had = isRecord(there) && typeof there.storage === "string" ? there.storage : undefined;
    const wanted = inputs.disks?.[slot];
    if (inputs.disks !== undefined && wanted === undefined) return [];
    const made = brought[slot] === undefined ? inputs.storage : (copiedTo ?? brought[slot].storage);
    const storage = wanted?.storage ?? had ?? (there === undefined ? made : undefined);
    return storage === undefined ? [] : [{ slot, storage, isNew: storage !== had }];
  });
}

/** Can a snapshot keep it? Undefined where nobody knows: of a disk that is there Proxmox VE's lists don't say the format. */
function isKept(
  { slot, storage, isNew }: PlacedDisk,
  type: "qemu" | "lxc",
  { storages, offers }: ProxmoxFacts,
): boolean | undefined {
  const storageType = storages.find((each) => each.storage === storage)?.type;
  const onFiles = formatOfNewDisk(storageType) !== undefined;
  // Proxmox VE makes EFI and TPM disks raw there, and no snapshot keeps such.
  if (onFiles && type === "qemu") return isNew ? !drives.fixedSize(slot) : undefined;
  return keepsSnapshots(storageType, type, offers?.chained?.has(storage));
}

/**
 * A sentence for each guest that gets a snapshot before its changes, and has a disk that no snapshot keeps: where such a disk is to be
 * made, and where a snapshot is due now.
 * @param due NetBox ids of the guests that get a snapshot in this run
 */
export function snapshotWarnings(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  proxmox: Map<string, ProxmoxFacts>,
  due: ReadonlySet<number>,
): string[] {
  return guests.flatMap((guest) => {
    const { type, inputs } = guest.machine;
    const facts = proxmox.get(inputs.cluster);
    if (guest.safety.before.length === 0 || facts === undefined || inputs.inert) return [];
    const disks = disksOf(guest, known.get(guest.id)?.last, facts);
    const told = disks.filter((disk) => (disk.isNew || due.has(guest.id)) && isKept(disk, type, facts) === false);
    const [first] = told;
    if (first === undefined) return [];
    const where = told.map(({ slot, storage }) => `${slot} on ${storage}`).join(", ");
    return [
      `${guestTitle(guest)} gets a snapshot before it is changed, and no snapshot keeps ${where}: such changes will be refused. Name another storage, or set proxmox.snapshotBefore to [] in its config context.`,
    ];
  });
}
