import type { ProxmoxCaller } from "../access";
import { mayRestoreOver, refuseOverwrite, restoreVm } from "../backup/restore";
import type { Cluster } from "../cluster";
import { die, forbidden, PveError, parameterErrors } from "../errors";
import { requireUse } from "../rights";
import type { Values } from "../schema/parameters";
import { requireTags } from "../tags";
import type { Worker } from "../tasks";
import { requireVolume } from "../volumes";
import { defaultBoot, makeDrive } from "./drives";
import { startVm } from "./power";
import { checkDriveTexts, requireCpuModel, requireDevice, requireDriveStorages, requireVmOptions } from "./rights";
import { byName, checkSshKeys, identity, isDrive, parseVmOption, storedOption, Vm } from "./vm";

/** Rights to make a guest with an id: on the id, or on the pool it goes into. */
export function requireNew({ access }: Cluster, { authId }: ProxmoxCaller, vmid: number, pool: unknown): void {
  const onId = access.may(authId, `/vms/${vmid}`, ["VM.Allocate"]);
  if (!onId && (pool === undefined || !access.may(authId, `/pool/${pool}`, ["VM.Allocate"]))) forbidden();
}

export function requirePool({ pools }: Cluster, pool: unknown): void {
  if (pool !== undefined && !pools.all.has(String(pool))) forbidden(`pool '${pool}' does not exist`);
}

const creation =
  "vmid archive bwlimit force pool start ha-managed storage unique live-restore import-working-storage".split(" ");

/** Starts a new guest in a task of its own, which waits for the creation's lock. What refuses the start fails no creation. */
export function autostart(start: () => void, log: (line: string) => void): void {
  try {
    start();
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    log(error.message);
  }
}

/** What is refused of a new guest at once, in PVE's order. */
function checkNew(
  cluster: Cluster,
  caller: ProxmoxCaller,
  { node, vmid }: { node: string; vmid: number },
  params: Values,
): void {
  const { access } = cluster;
  const { pool, storage, start, archive, force, "ha-managed": ha } = params;
  const options = Object.fromEntries(Object.entries(params).filter(([key]) => !creation.includes(key)));
  if (options.sshkeys !== undefined) checkSshKeys(String(options.sshkeys));
  requirePool(cluster, pool);
  if (storage !== undefined) access.require(caller.authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  if (ha === 1) access.require(caller.authId, "/", ["Sys.Console"]);
  const place = { vmid, pool };
  if (start === 1 && !access.may(caller.authId, `/pool/${pool}`, ["VM.PowerMgmt"]))
    access.require(caller.authId, `/vms/${vmid}`, ["VM.PowerMgmt"]);
  if (!mayRestoreOver(cluster, caller, vmid, archive !== undefined && force === 1))
    requireNew(cluster, caller, vmid, pool);
  if (archive !== undefined) {
    const drive = Object.keys(options).sort().find(isDrive);
    if (drive !== undefined) parameterErrors({ [drive]: "option conflicts with option 'archive'" });
    requireVolume(cluster, caller, String(archive), { vmid, content: "backup" });
  }
  requireDriveStorages(cluster, caller, { node, vmid }, options);
  requireVmOptions(cluster, caller, place, Object.keys(options));
  for (const option of Object.entries(options)) requireDevice(cluster, caller, place, option);
  requireUse(cluster, caller, options);
  requireCpuModel(cluster, caller, options);
  checkDriveTexts(cluster, options);
}

/** POST …/qemu with `archive`: a back-up becomes a VM, over one of that id where `force` says so. */
function restoreFrom(cluster: Cluster, node: string, params: Values, caller: ProxmoxCaller): string {
  const { vmid, archive, storage, pool, start, unique, force } = params;
  const id = Number(vmid);
  refuseOverwrite(cluster, { vmid: id, noun: "VM", force: force === 1 });
  const existing = cluster.guests.get(id);
  const vm = existing instanceof Vm ? existing : cluster.add(new Vm(id, node));
  vm.config.set("lock", "create");
  const options = Object.fromEntries(Object.entries(params).filter(([key]) => !creation.includes(key)));
  const at = storage === undefined ? {} : { storage: String(storage) };
  const wanted = { vmid: id, volid: String(archive), ...at, unique: unique === 1, options };
  const undo = () => {
    if (existing === undefined) cluster.remove(vm);
    else vm.config.delete("lock");
  };
  const work = async ({ log }: Worker) => {
    restoreVm(cluster, vm, wanted, log);
    if (pool !== undefined) cluster.pools.get(String(pool)).vms.add(id);
    if (start === 1) autostart(() => startVm(cluster, node, id, caller), log);
  };
  return cluster.lockedTask(vm, node, "qmrestore", caller.authId, work, undo);
}

/** POST …/qemu: the id is taken before the answer, the drives are made by the worker. */
export function createVm(cluster: Cluster, node: string, params: Values, caller: ProxmoxCaller): string {
  const {
    vmid,
    start,
    pool,
    storage: _storage,
    unique: _unique,
    archive,
    force: _force,
    bwlimit: _bwlimit,
    "ha-managed": ha,
    ...options
  } = params;
  const id = Number(vmid);
  checkNew(cluster, caller, { node, vmid: id }, params);
  if (archive !== undefined) return restoreFrom(cluster, node, params, caller);
  const taken = cluster.guests.get(id);
  if (taken !== undefined) die(`unable to create VM ${id} - VM ${id} already exists on node '${taken.node}'`);
  const vm = cluster.add(new Vm(id, node));
  vm.config.set("lock", "create");
  return cluster.lockedTask(
    vm,
    node,
    "qmcreate",
    caller.authId,
    async ({ log }) => {
      try {
        const seconds = Math.floor(cluster.now() / 1000);
        const made = { ...identity(seconds), ...options };
        if (options.vmgenid === 1 || options.vmgenid === "1") made.vmgenid = identity(seconds).vmgenid ?? "";
        const drives = Object.keys(made).filter(isDrive).sort(byName);
        // Volumes that are there already are looked for before any is made.
        for (const slot of drives) {
          const source = parseVmOption(slot, String(made[slot]));
          for (const volid of [source["import-from"], source.file])
            if (volid !== undefined && /^[^:]+:.*\//.test(volid)) cluster.storages.need(node, volid);
        }
        for (const slot of drives) vm.config.set(slot, makeDrive(cluster, vm, slot, String(made[slot]), log));
        for (const [key, value] of Object.entries(made))
          if (!isDrive(key)) vm.config.set(key, storedOption(key, value, cluster.options));
        if (!vm.config.has("boot")) vm.config.set("boot", defaultBoot(vm));
        if (options.tags !== undefined) requireTags(cluster, caller, id, undefined, vm.text("tags"));
        vm.config.delete("lock");
        if (pool !== undefined) cluster.pools.get(String(pool)).vms.add(id);
        if (ha === 1) cluster.ha.create({ sid: `vm:${id}` });
      } catch (error) {
        if (error instanceof PveError) die(`unable to create VM ${id} - ${error.message}`);
        throw error;
      }
      if (start !== 1) return;
      log("Execute autostart");
      autostart(() => startVm(cluster, node, id, caller), log);
    },
    () => cluster.remove(vm),
  );
}
