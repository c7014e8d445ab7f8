import { guestTitle } from "../../../providers/ownership/mark";
import type { KeptSnapshot, SnapshotInputs } from "../../../providers/proxmox/nodes/snapshot.model";
import { canonicalText, isRecord, sameValue, shortDigest, withoutUndefined } from "../../../providers/values";
import type { SnapshotGroup } from "../settings";
import type { DesiredGuest, KnownGuest } from "./types";

// Which guests get a snapshot before this run changes them.

/** PVE's options that belong to a guest's CPUs and memory; every other one is of the options. */
const optionsOf = {
  cpu: ["affinity", "cpu", "cpulimit", "cpuunits", "numa", "vcpus"],
  memory: ["balloon", "hugepages", "shares", "swap"],
} as const;

type Groups = Record<SnapshotGroup, Record<string, unknown>>;

/** A guest's properties by the groups that a snapshot can be asked for, without its addresses, which may not be known yet. */
function groupsOf(properties: Record<string, unknown>): Groups {
  const { cores, sockets, memory, disks, networks } = properties;
  const options = isRecord(properties.options) ? properties.options : {};
  const pick = (test: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => test(name)));
  const special: readonly string[] = [...optionsOf.cpu, ...optionsOf.memory];
  const isOf = (names: readonly string[]) => (name: string) => names.includes(name);
  return {
    cpu: { cores, sockets, ...pick(isOf(optionsOf.cpu)) },
    memory: { memory, ...pick(isOf(optionsOf.memory)) },
    disks: isRecord(disks) ? disks : { disks },
    networks: isRecord(networks)
      ? Object.fromEntries(Object.entries(networks).map(([slot, nic]) => [slot, bare(nic)]))
      : {},
    options: pick((name) => !special.includes(name)),
  };
}

function bare(nic: unknown): unknown {
  if (!isRecord(nic)) return nic;
  const { ip: _ip, gw: _gw, ip6: _ip6, gw6: _gw6, ...rest } = nic;
  return rest;
}

/** The parts of a group that the run changes: what is not asked for stays, but a disk or NIC that is there is taken away. */
function changed(before: Record<string, unknown>, wanted: Record<string, unknown>, isWhole: boolean): string[] {
  const names = isWhole ? [...new Set([...Object.keys(before), ...Object.keys(wanted)])] : Object.keys(wanted);
  return names.filter((name) => (isWhole || wanted[name] !== undefined) && !sameValue(before[name], wanted[name]));
}

/** Does a disk go to another storage? PVE refuses that of a disk that a snapshot holds. */
function movesDisk(before: Record<string, unknown>, wanted: Record<string, unknown>): boolean {
  return Object.entries(wanted).some(([slot, disk]) => {
    const there = before[slot];
    return isRecord(disk) && isRecord(there) && disk.storage !== undefined && disk.storage !== there.storage;
  });
}

export interface Safety {
  /** By the guest's NetBox id. */
  snapshots: Map<number, SnapshotInputs>;
  notes: string[];
}

/** @param kept the snapshots that were taken by earlier runs and are still there, by NetBox id */
export function safetyOf(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  kept: Map<number, KeptSnapshot[]>,
  now: Date,
): Safety {
  const snapshots = new Map<number, SnapshotInputs>();
  const notes: string[] = [];
  const taken: string[] = [];
  for (const guest of guests) {
    const { id, name, mark, machine, safety } = guest;
    if (safety.before.length === 0) continue;
    const { cluster, vmid } = machine.inputs;
    const last = known.get(id)?.last;
    const from = groupsOf(last ?? {});
    const to = groupsOf({ ...machine.inputs });
    const risks = last === undefined || machine.inputs.inert ? [] : risksOf(guest, from, to);
    const isMove = last !== undefined && movesDisk(from.disks, to.disks);
    if (risks.length > 0 && isMove)
      notes.push(
        `${guestTitle({ name, mark })}: no snapshot is taken before ${risks.join(", ")} change: one of its disks goes to another storage, which Proxmox VE refuses for a disk that a snapshot holds.`,
      );
    const isDue = risks.length > 0 && !isMove;
    const due = isDue ? nameOf(from, to, now) : undefined;
    if (due !== undefined && !kept.get(id)?.some((each) => each.name === due))
      taken.push(`${name} (${risks.join(", ")})`);
    const oldest = now.getTime() / 1000 - safety.days * 86_400;
    const expired = (kept.get(id) ?? []).filter(({ takenAt }) => takenAt < oldest).map((each) => each.name);
    const before = isDue ? risks.join(", ") : undefined;
    snapshots.set(
      id,
      withoutUndefined({ cluster, vmid, type: machine.type, mark, name, due, before, expired: expired.sort() }),
    );
  }
  if (taken.length > 0)
    notes.push(
      `A snapshot is taken before the change of: ${taken.slice(0, 20).join(", ")}${taken.length > 20 ? ` and ${taken.length - 20} more` : ""}.`,
    );
  return { snapshots, notes };
}

function risksOf({ machine, safety }: DesiredGuest, before: Groups, wanted: Groups): SnapshotGroup[] {
  return safety.before.filter((group) => {
    const isWhole = group === "networks" || (group === "disks" && machine.inputs.disks !== undefined);
    return changed(before[group], wanted[group], isWhole).length > 0;
  });
}

/** The same for the same change on one day, so that a run that goes on with another's work takes none twice. */
function nameOf(from: Groups, to: Groups, now: Date): string {
  const day = now.toISOString().slice(0, 10).replaceAll("-", "");
  return `before-${day}-${shortDigest(canonicalText([from, to])).slice(0, 8)}`;
}
