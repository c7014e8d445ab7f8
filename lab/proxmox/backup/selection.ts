import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import type { Guest } from "../guest";
import { Container } from "../lxc/container";
import { isDrive, parseVmOption, Vm } from "../qemu/vm";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";

// Which guests, and what of them, a back-up takes.

/** @throws what speaks against the options; without a selection only where one is needed */
export function verifySelection(params: Values, complete: boolean): void {
  const { all, vmid, exclude, pool, stop } = params;
  const conflict = "option conflicts with option 'vmid'";
  if (vmid !== undefined && all === 1) parameterErrors({ all: conflict });
  if (vmid !== undefined && exclude !== undefined) parameterErrors({ exclude: conflict });
  if (vmid !== undefined && pool !== undefined) parameterErrors({ pool: conflict });
  if (exclude !== undefined && pool === undefined) params.all = 1;
  if (complete && params.all !== 1 && stop !== 1 && pool === undefined && vmid === undefined)
    parameterErrors({ vmid: "property is missing" });
}

/** The ids of the guests that are meant, those that are not there among them. @throws where the pool is not there */
export function selected(cluster: Cluster, { pool, vmid, all, exclude, node }: Values): number[] {
  const on = (id: number): boolean => {
    const guest = cluster.guests.get(id);
    return guest === undefined || node === undefined || guest.node === node;
  };
  const ids = () => {
    if (pool !== undefined) return [...(cluster.pools.all.get(String(pool)) ?? noPool(pool)).vms];
    if (vmid !== undefined) return words(vmid).map(Number);
    const without = words(exclude).map(Number);
    return all === 1 ? [...cluster.guests.keys()].filter((id) => !without.includes(id)) : [];
  };
  return [...new Set(ids())].filter(on).sort((a, b) => a - b);
}

const noPool = (pool: Value): never => die(`pool '${pool}' does not exist`);

/** One of a guest's volumes, and why a back-up takes it or not. */
export interface BackupVolume {
  slot: string;
  volid: string;
  included: boolean;
  reason: string;
}

function ofDrive(vm: Vm, slot: string, { file = "", backup }: Record<string, string>): BackupVolume {
  const isOn = backup === undefined || /^(1|on|yes|true)$/.test(backup);
  if (slot === "efidisk0" && vm.text("bios") !== "ovmf")
    return { slot, volid: file, included: false, reason: "efidisk but no OMVF BIOS" };
  return { slot, volid: file, included: isOn, reason: isOn ? "backup=yes" : "backup=no" };
}

function ofMountPoint(slot: string, { volume = "", backup }: Record<string, string>): BackupVolume {
  if (slot === "rootfs") return { slot, volid: volume, included: true, reason: "rootfs" };
  if (volume.startsWith("/")) return { slot, volid: volume, included: false, reason: "not a volume" };
  return { slot, volid: volume, included: backup === "1", reason: backup === "1" ? "enabled" : "disabled" };
}

export function backupVolumes(guest: Guest): BackupVolume[] {
  if (guest instanceof Vm)
    return guest.drives
      .map(([slot, text]) => [slot, parseVmOption(slot, text)] as const)
      .filter(([slot, { media }]) => isDrive(slot) && media !== "cdrom")
      .map(([slot, drive]) => ofDrive(guest, slot, drive));
  return guest instanceof Container ? guest.mountPoints.map(([slot, keys]) => ofMountPoint(slot, keys)) : [];
}
