import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import { requestMigration } from "../ha/requests";
import { isCloudInit } from "../qemu/drives";
import { parseVmOption, type Vm } from "../qemu/vm";
import type { Values } from "../schema/parameters";
import { perlLine } from "../sdn/sdn";
import { carryVolumes, journey, localVolumes, requireTarget, storageMap } from "./journey";

/** POST …/migrate: to a node that has its storages; a running guest goes with `online`. */
export function migrateVm(cluster: Cluster, vm: Vm, params: Values, caller: ProxmoxCaller): string {
  const { authId } = caller;
  const target = cluster.member(String(params.target)).node;
  for (const key of ["force", "migration_type", "migration_network"])
    if (params[key] !== undefined && params[key] !== 0 && authId !== "root@pam")
      parameterErrors({ [key]: "Only root may use this option." });
  vm.checkLock();
  if (vm.running && params.online !== 1) die("can't migrate running VM without --online");
  const { map, targets } = storageMap("targetstorage", params.targetstorage);
  if (targets.length > 0) cluster.access.require(authId, `/vms/${vm.vmid}`, ["VM.Config.Disk"]);
  for (const storage of targets) requireTarget(cluster, authId, storage, { node: target, content: "images" });
  if (params.targetstorage === undefined)
    for (const { storage } of attached(cluster, vm)) cluster.storages.enabled(target, storage);
  const requested = requestMigration(cluster, vm, target, caller);
  if (requested !== undefined) return requested;
  return cluster.lockedTask(vm, vm.node, "qmigrate", authId, (worker) =>
    journey(cluster, vm, target, worker, {
      prepare: (log) => {
        vm.checkLock();
        if (vm.running && params["with-conntrack-state"] !== 1)
          log("conntrack state migration not supported or disabled, active connections might get dropped");
        const devices = localDevices(vm);
        if (devices.length > 0) die(`can't migrate VM which uses local devices: ${devices.join(", ")}`);
      },
      scan: (log) => scan(cluster, vm, params, log),
      move: (log) => {
        const volids = localVolumes(cluster, vm);
        if (volids.length > 0) log("copying local disk images");
        carryVolumes(cluster, vm, target, { volids, map, log });
        if (vm.running) cluster.tasks.run(target, "qmstart", String(vm.vmid), "root@pam", async () => {});
        vm.node = target;
      },
    }),
  );
}

const localDevices = (vm: Vm): string[] =>
  [...vm.config.keys()].filter(
    (key) => /^(hostpci|usb)\d+$/.test(key) && !/mapping=|^spice/.test(String(vm.config.get(key))),
  );

/** The volumes in a guest's drives, ISO images among them. */
const attached = (cluster: Cluster, vm: Vm): { storage: string; file: string; media?: string }[] =>
  vm.drives.flatMap(([slot, text]) => {
    const { file = "", media } = parseVmOption(slot, text);
    const storage = file.split(":")[0] ?? "";
    return cluster.storages.configs.has(storage) ? [{ storage, file, media }] : [];
  });

function scan(cluster: Cluster, vm: Vm, params: Values, log: (line: string) => void): void {
  const failed = (why: string) => die(`Problem found while scanning volumes - ${why}`);
  const { storages } = cluster;
  const isLocal = (storage: string) => !storages.get(storage).shared;
  const drives = attached(cluster, vm).filter(({ storage }) => isLocal(storage));
  const own = localVolumes(cluster, vm);
  const inDrives = new Set(drives.map(({ file }) => file));
  const errors = new Map<string, string>();
  for (const { file, media } of drives) {
    if (media === "cdrom" && !isCloudInit(file)) errors.set(file, "local cdrom image");
    else if (storages.find(vm.node, file) === undefined) errors.set(file, `volume '${file}' does not exist`);
    else if (storages.clonesOf(file).length > 0) errors.set(file, "referenced by linked clone(s)");
    if (media !== "cdrom" && vm.running && params["with-local-disks"] !== 1)
      errors.set(file, "can't live migrate attached local disks without with-local-disks option");
  }
  for (const { config } of vm.snapshots.values())
    for (const volid of own) {
      const { format } = storages.need(vm.node, volid);
      const isHeld = [...config.values()].some((value) => String(value).split(",").includes(volid));
      if (!isHeld) continue;
      if (vm.running) errors.set(volid, "online storage migration not possible if non-replicated snapshot exists");
      else if (format !== "qcow2") errors.set(volid, "non-migratable snapshot exists");
    }
  for (const volid of [...new Set([...inDrives, ...own])].sort()) {
    if (isCloudInit(volid)) log(`found generated disk '${volid}' (in current VM config)`);
    else if (inDrives.has(volid)) log(`found local disk '${volid}' (attached)`);
    else log(`found local disk '${volid}' (unused)`);
  }
  for (const [volid, why] of [...errors].sort(([a], [b]) => (a < b ? -1 : 1)))
    log(`can't migrate local disk '${volid}': ${why}`);
  if (errors.size > 0) failed("can't migrate VM - check log");
  for (const volid of own) {
    const base = storages.need(vm.node, volid).parent;
    if (base !== undefined)
      failed(
        `can't migrate '${volid}' as it's a clone of '${base.split(/[:/]/).pop()}'${perlLine("QemuMigrate.pm", 586)}`,
      );
  }
}
