import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { resized, shortestSize } from "../sizes";
import type { Volume } from "../storage";
import type { Worker } from "../tasks";
import { byName, parseVmOption, printVmOption, type Vm } from "./vm";

type Log = (line: string) => void;

const allocation = /^([^/:\s]+):(\d+(?:\.\d+)?)$/;
const cloudInit = /^([^/:\s]+):cloudinit$/;
/** Is a volume a cloud-init drive's? An image of that name is none. */
export const isCloudInit = (file: string): boolean => /[:/](vm-\d+-)?cloudinit(\.(qcow2|raw|vmdk))?$/.test(file);
/** Bytes of the disks whose size nobody chooses. */
const fixedSizes: Record<string, (drive: Record<string, string>) => number> = {
  efidisk0: ({ efitype }) => (efitype === "4m" ? 540672 : 131072),
  tpmstate0: () => 4 * 1024 ** 2,
};

/** A drive in the form that the configuration has: `storage:SIZE` allocates, a volume is attached as it is. */
export function makeDrive(cluster: Cluster, vm: Vm, slot: string, text: string, log: Log): string {
  const { format, "import-from": source, ...drive } = parseVmOption(slot, text);
  const { file = "" } = drive;
  const { storages } = cluster;
  const cloud = cloudInit.exec(file);
  if (cloud) {
    const { volid } = storages.allocateCloudInit(vm.node, cloud[1] ?? "", vm.vmid, log);
    const printed = printVmOption(slot, { ...drive, file: volid, media: "cdrom" });
    log(`${slot}: successfully created disk '${printed}'`);
    return printed;
  }
  const [, storage, gibibytes] = allocation.exec(file) ?? [];
  if (storage !== undefined) {
    const from = source === undefined ? undefined : storages.need(vm.node, source);
    const size = from?.virtual ?? from?.size ?? fixedSizes[slot]?.(drive) ?? Math.round(Number(gibibytes) * 1024 ** 3);
    if (size === 0) die(`${slot}: size must be greater than zero`);
    const isImage = from !== undefined && /^(raw|qcow2|vmdk)$/.test(from.format);
    const kind = format ?? (isImage ? from.format : undefined);
    const wanted = { storage, vmid: vm.vmid, size, format: kind, filled: from?.filled };
    const volume = storages.allocate(vm.node, wanted, log);
    const printed = printVmOption(slot, { ...drive, file: volume.volid, size: shortestSize(size) });
    log(`${slot}: successfully created disk '${printed}'`);
    return printed;
  }
  if (file === "none" || file === "cdrom") return printVmOption(slot, drive);
  const volume = storages.find(vm.node, file) ?? die(`volume '${file}' does not exist`);
  return printVmOption(slot, drive.media === "cdrom" ? drive : { ...drive, size: shortestSize(volume.size) });
}

/** A detached volume stays with its guest as `unusedN`; a cloud-init drive goes, and what is another's stays where it is. */
export function release(cluster: Cluster, vm: Vm, file: string): void {
  const volume = cluster.storages.find(vm.node, file);
  if (volume?.vmid !== vm.vmid) return;
  if (isCloudInit(file)) cluster.storages.free(vm.node, file);
  else vm.keepUnused(file);
}

/** A volume that is a drive again is unused no more. */
export function reclaim(vm: Vm, file: string): void {
  for (const [key, value] of [...vm.config]) if (/^unused\d+$/.test(key) && value === file) vm.config.delete(key);
}

/** Puts a drive, as `makeDrive` made it, in the place of what the slot had. */
export function attachDrive(cluster: Cluster, vm: Vm, slot: string, text: string): void {
  const before = vm.text(slot);
  const file = parseVmOption(slot, text).file ?? "";
  if (before !== undefined) {
    const old = parseVmOption(slot, before).file ?? "";
    if (old !== file) release(cluster, vm, old);
  }
  reclaim(vm, file);
  vm.config.set(slot, text);
}

/** A protected guest loses no drive and no unused volume. */
export function checkProtection(vm: Vm, key: string, text: string): void {
  if (vm.config.get("protection") !== 1) return;
  const what = /^unused/.test(key) ? `unused disk '${parseVmOption(key, text).file ?? ""}'` : `drive '${key}'`;
  die(`can't remove ${what} - protection mode enabled`);
}

/** Takes a drive out of the configuration. @param force its volume goes too */
export function detachDrive(cluster: Cluster, vm: Vm, key: string, force = false): void {
  const file = parseVmOption(key, vm.text(key) ?? "").file ?? "";
  vm.config.delete(key);
  if (/^unused/.test(key) || force) cluster.storages.free(vm.node, file);
  else release(cluster, vm, file);
}

export function unlinkDrives(cluster: Cluster, vm: Vm, keys: string[], force: boolean): void {
  vm.checkLock();
  for (const key of keys) {
    const text = vm.text(key);
    if (text === undefined) continue;
    checkProtection(vm, key, text);
    detachDrive(cluster, vm, key, force);
  }
}

/** Milliseconds that a copy of a volume takes with a limit in KiB/s. */
const copyTime = ({ filled }: Volume, bwlimit: Value | undefined): number =>
  bwlimit === undefined || Number(bwlimit) === 0 ? 0 : (filled / 1024 / Number(bwlimit)) * 1000;

/** Bytes as qemu-img's progress shows them. */
function bytes(count: number): string {
  const unit = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = count < 1 ? 0 : Math.floor(Math.log(count) / Math.log(1024));
  return `${(count / 1024 ** power).toFixed(1)} ${unit[power]}`;
}

/** Copies a volume's data: an empty one at once, another in steps that its progress shows. */
async function transfer(
  { size }: Volume,
  milliseconds: number,
  { log, wait }: Pick<Worker, "log" | "wait">,
): Promise<void> {
  const steps = milliseconds === 0 ? 1 : 80;
  for (let step = 0; step <= steps; step++) {
    if (step > 0) await wait(milliseconds / steps);
    log(`transferred ${bytes((size * step) / steps)} of ${bytes(size)} (${((100 * step) / steps).toFixed(2)}%)`);
  }
}

/** Copies a drive's volume for a guest on its storage or another. @returns the drive of the copy */
export async function copyDrive(
  cluster: Cluster,
  source: { node: string; slot: string; drive: Record<string, string> },
  target: Vm,
  { storage, format, bwlimit, linked }: { storage?: string; format?: string; bwlimit?: Value; linked: boolean },
  { log, wait }: Pick<Worker, "log" | "wait">,
): Promise<Record<string, string>> {
  const { slot, drive } = source;
  const { file = "" } = drive;
  const volume = cluster.storages.find(source.node, file) ?? die(`volume '${file}' does not exist`);
  const isSeed = isCloudInit(file);
  if (drive.media === "cdrom" && !isSeed) return drive;
  log(`create ${linked && !isSeed ? "linked" : "full"} clone of drive ${slot} (${file})`);
  const on = storage ?? volume.storage;
  const copy = isSeed
    ? cluster.storages.allocateCloudInit(target.node, on, target.vmid, log)
    : cluster.storages.allocate(
        target.node,
        {
          storage: linked ? volume.storage : on,
          vmid: target.vmid,
          size: volume.size,
          format: format ?? volume.format,
          filled: volume.filled,
          parent: linked ? volume : undefined,
        },
        log,
      );
  if (!linked || isSeed) log(`allocated target volume '${copy.volid}'`);
  if (!linked && !isSeed) {
    await transfer(volume, copyTime(volume, bwlimit), { log, wait });
  }
  return { ...drive, file: copy.volid, size: shortestSize(copy.size) };
}

export function resizeDrive(
  cluster: Cluster,
  node: string,
  vmid: number,
  { disk, size, digest }: Values,
  { authId }: ProxmoxCaller,
): string {
  return cluster.lockedTask({ vmid, type: "qemu" }, node, "resize", authId, async ({ log }) => {
    const vm = cluster.vm(node, vmid);
    checkDigest(vm, digest);
    vm.checkLock();
    const slot = String(disk);
    const drive = parseVmOption(slot, vm.text(slot) ?? die(`disk '${slot}' does not exist`));
    if (drive.media === "cdrom") die("you can't resize a cdrom");
    const volume = cluster.storages.need(node, drive.file ?? "");
    const wanted = resized(volume.size, String(size));
    if (wanted < volume.size) die("shrinking disks is not supported");
    if (wanted === volume.size) return;
    const path = cluster.storages.path(volume);
    if (/\/base-[^/]*$/.test(path)) {
      log(`qemu-img: Could not open '${path}': Could not open '${path}': Operation not permitted`);
      const preallocation = volume.format === "qcow2" ? "metadata" : "off";
      die(
        `command '/usr/bin/qemu-img resize '--preallocation=${preallocation}' -f ${volume.format} ${path} ${wanted}' failed: exit code 1`,
      );
    }
    volume.size = wanted;
    vm.config.set(slot, printVmOption(slot, { ...drive, size: shortestSize(wanted) }));
    if (!vm.running) log("Image resized.");
  });
}

export function checkDigest(vm: Vm, digest: Value | undefined): void {
  if (digest !== undefined && digest !== vm.digest()) die("checksum mismatch (file change by other user?)");
}

/** POST …/move_disk: to another storage, or to another guest. */
export function moveDisk(cluster: Cluster, vm: Vm, params: Values, caller: ProxmoxCaller): string {
  checkDigest(vm, params.digest);
  vm.checkLock();
  const slot = String(params.disk);
  const drive = parseVmOption(slot, vm.text(slot) ?? die(`disk '${slot}' does not exist`));
  if (params["target-vmid"] !== undefined) return reassign(cluster, vm, slot, drive, params, caller);
  const { file = "" } = drive;
  const storage = String(
    params.storage ??
      die(
        "Either set storage to move the volume to a different storage, or target-vmid and target-disk to move the disk to another VM",
      ),
  );
  cluster.storages.usable(vm.node, storage, "images");
  cluster.access.require(caller.authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  const source = cluster.storages.need(vm.node, file);
  if (drive.media === "cdrom") die("you can't move a cdrom");
  if (source.storage === storage && (params.format ?? source.format) === source.format)
    die("you can't move to the same storage with same format");
  if (params.delete === 1 && vm.isSnapshotted(slot, file))
    die("you can't move a disk with snapshots and delete the source");
  return cluster.lockedTask(vm, vm.node, "qmmove", caller.authId, async (worker) => {
    worker.log(`copying volume '${file}' from current storage '${source.storage}' to target storage '${storage}'`);
    const format = params.format === undefined ? undefined : String(params.format);
    const moved = await copyDrive(
      cluster,
      { node: vm.node, slot, drive },
      vm,
      { storage, format, bwlimit: params.bwlimit, linked: false },
      worker,
    );
    vm.config.set(slot, printVmOption(slot, moved));
    if (params.delete === 1) {
      worker.log(`removing source volume '${file}' after successful copy`);
      cluster.storages.free(vm.node, file);
    } else release(cluster, vm, file);
  });
}

function reassign(
  cluster: Cluster,
  vm: Vm,
  slot: string,
  drive: Record<string, string>,
  { "target-vmid": targetVmid, "target-disk": targetDisk }: Values,
  { authId }: ProxmoxCaller,
): string {
  const to = cluster.vm(vm.node, Number(targetVmid));
  const toSlot = String(targetDisk ?? slot);
  cluster.access.require(authId, `/vms/${to.vmid}`, ["VM.Config.Disk"]);
  if (to.config.has(toSlot)) die(`Target disk key '${toSlot}' is already in use for VM '${to.vmid}'`);
  if (vm.running && !slot.startsWith("unused")) die(`cannot move '${slot}' of a running VM`);
  const id = `${vm.vmid}-${slot}>${to.vmid}-${toSlot}`;
  return cluster.tasks.run(vm.node, "qmmove", id, authId, async ({ log }) => {
    log(`reassign disk '${slot}' from VM '${vm.vmid}' as '${toSlot}' to VM '${to.vmid}'`);
    log(`removing disk '${slot}' from VM '${vm.vmid}' config`);
    vm.config.delete(slot);
    const file = cluster.storages.reassign(vm.node, drive.file ?? "", to.vmid);
    const text = printVmOption(toSlot, { ...drive, file });
    log(`update VM ${to.vmid}: -${toSlot} ${text}`);
    to.config.set(toSlot, text);
  });
}

/** The slots that a new guest boots from where nobody says: its first disk, its first CD-ROM, its first card. */
export function defaultBoot(vm: Vm): string {
  const inOrder = ["ide", "scsi", "virtio", "sata"].flatMap((family) =>
    vm.drives
      .filter(([slot]) => slot.startsWith(family))
      .map(([slot, text]) => [slot, parseVmOption(slot, text)] as const),
  );
  const disk = inOrder.find(([, drive]) => drive.media !== "cdrom")?.[0];
  const cdrom = inOrder.find(([, drive]) => drive.media === "cdrom")?.[0];
  const card = [...vm.config.keys()].filter((key) => /^net\d+$/.test(key)).sort(byName)[0];
  const order = [disk, cdrom, card].filter((slot) => slot !== undefined).join(";");
  return order === "" ? " " : `order=${order}`;
}
