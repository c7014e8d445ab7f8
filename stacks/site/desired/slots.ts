import type { NetboxDisk, NetboxInterface } from "../../../providers/netbox/schemas";
import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import { type Disk, disksFrom, type Nic, othersAt } from "../../../providers/proxmox/nodes/guest.model";
import { cardOf, slotsOf } from "../../../providers/proxmox/nodes/nics";
import type { GuestConfig, GuestType } from "../../../providers/proxmox/schemas";
import { isRecord } from "../../../providers/values";
import type { Source } from "./sources";
import type { KnownGuest } from "./types";

// Slots where something else stands already: what NetBox means must not take its place.

/** How many slots each bus has. */
const buses: Record<GuestType, Record<string, number>> = {
  qemu: { ide: 4, sata: 6, scsi: 31, virtio: 16 },
  lxc: { mp: 256 },
};
const usual: Record<GuestType, string> = { qemu: "scsi", lxc: "mp" };

/**
 * Does the state not say enough of a guest? It knows no disks where NetBox listed none; what stands at a slot that is new, and
 * where a disk is that goes, only Proxmox VE says.
 */
export function needsLook(last: KnownGuest["last"], listed: { disks: NetboxDisk[]; nics: NetboxInterface[] }): boolean {
  if (listed.nics.length > Object.keys(isRecord(last.networks) ? last.networks : {}).length) return true;
  if (listed.disks.length === 0) return false;
  const { disks } = last;
  if (!isRecord(disks)) return true;
  const names = new Set(listed.disks.map(({ name }) => name));
  // A disk without a size is the template's own, and stays.
  const goes = Object.entries(disks).some(
    ([slot, disk]) => isRecord(disk) && disk.size !== undefined && !names.has(slot),
  );
  return goes || [...names].some((name) => !(name in disks));
}

interface Standing {
  type: GuestType;
  vmid: number;
  /** The guest's configuration, where it is there and was read. */
  config: GuestConfig | undefined;
  known: KnownGuest | undefined;
  /** What it is made from, where it is not there. */
  source: Source | undefined;
}

/** @param disks what NetBox lists */
export function diskSlotProblems(
  standing: Standing,
  disks: Record<string, Disk>,
  problem: (text: string) => void,
): void {
  const { type, vmid, config, source } = standing;
  const template = source !== undefined && "disks" in source.facts ? source.facts : undefined;
  const others = config === undefined ? (template?.others ?? {}) : othersAt(config, diskKinds[type]);
  const strange = strangeDisks(standing);
  const there = config === undefined ? (template?.disks ?? {}) : disksFrom(config, diskKinds[type]);
  const occupied = new Set([others, disks, there].flatMap((all) => Object.keys(all)));
  const where = config === undefined ? `template ${source?.vmid ?? ""} ${template?.name ?? ""}` : `guest ${vmid}`;
  for (const [slot, wanted] of Object.entries(disks)) {
    const free = `rename it in NetBox to ${freeSlot(type, slot, occupied)}, which is free`;
    if (others[slot] !== undefined)
      problem(`virtual disk ${slot} stands where ${where} has ${others[slot]} on Proxmox VE; ${free}`);
    const other = strange[slot];
    if (other === undefined || isMeant(wanted, other)) continue;
    problem(
      `virtual disk ${slot} stands where ${where} has a disk of ${other.size} on ${other.storage} that this stack doesn't know; ${free}, or, if that disk is meant, give it that size and storage`,
    );
  }
}

/** Disks that are there and that the state doesn't have: somebody else's work. */
function strangeDisks({ type, config, known }: Standing): ReturnType<typeof disksFrom> {
  const before = known?.last.disks;
  // Where NetBox listed none so far, all of them are the guest's own.
  if (config === undefined || !isRecord(before)) return {};
  const kind = diskKinds[type];
  return Object.fromEntries(
    Object.entries(disksFrom(config, kind)).filter(([slot]) => !(slot in before) && !kind.stays(slot)),
  );
}

const isMeant = (wanted: Disk, there: { size: string; storage: string }): boolean =>
  wanted.size === there.size && (wanted.storage === undefined || wanted.storage === there.storage);

/** The first free slot of the same bus, else of the usual one. */
function freeSlot(type: GuestType, slot: string, occupied: ReadonlySet<string>): string {
  const own = /^[a-z]+/.exec(slot)?.[0] ?? "";
  const free = [own, usual[type]].flatMap((bus) =>
    Array.from({ length: buses[type][bus] ?? 0 }, (_, n) => `${bus}${n}`).filter((each) => !occupied.has(each)),
  );
  return free[0] ?? `${usual[type]}0`;
}

/** @param nics what NetBox lists, by slot number */
export function nicSlotProblems(
  { type, vmid, config, known }: Standing,
  nics: Map<number, Nic>,
  interfaces: Map<number, NetboxInterface>,
  problem: (text: string) => void,
): void {
  const before = known?.last.networks;
  if (config === undefined || !isRecord(before)) return;
  const there = slotsOf(config);
  for (const [slot, nic] of nics) {
    if (`net${slot}` in before || !there.includes(slot)) continue;
    const { mac, keys } = cardOf(config, slot, type);
    const tag = keys.has("tag") ? Number(keys.get("tag")) : undefined;
    const isSame = nic.mac === undefined ? keys.get("bridge") === nic.bridge && tag === nic.tag : nic.mac === mac;
    if (isSame) continue;
    let free = 0;
    while (there.includes(free) || nics.has(free)) free++;
    problem(
      `interface ${interfaces.get(slot)?.name} stands where guest ${vmid} has a network device on Proxmox VE that this stack doesn't know (net${slot}, ${mac ?? "no MAC address"}, bridge ${keys.get("bridge") ?? "none"}); name it net${free} in NetBox, which is free, or, if that device is meant, give it that MAC address`,
    );
  }
}
