import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, forbidden, PveError, parameterErrors } from "../errors";
import { requireUse } from "../rights";
import type { Values } from "../schema/parameters";
import { privilegeOfOption } from "./config";
import { checkDrives, defaultBoot, makeDrive } from "./drives";
import { startVm } from "./power";
import { byName, identity, isDrive, parseVmOption, storedOption, Vm } from "./vm";

/** Rights to make a guest with an id: on the id, or on the pool it goes into. */
export function requireNew({ access }: Cluster, { authId }: ProxmoxCaller, vmid: number, pool: unknown): void {
  const onId = access.may(authId, `/vms/${vmid}`, ["VM.Allocate"]);
  if (!onId && (pool === undefined || !access.may(authId, `/pool/${pool}`, ["VM.Allocate"]))) forbidden();
}

export function requirePool({ pools }: Cluster, pool: unknown): void {
  if (pool !== undefined && !pools.all.has(String(pool))) forbidden(`pool '${pool}' does not exist`);
}

/** What only root@pam itself may set, never a token of it. */
export function requireRoot({ authId }: ProxmoxCaller, options: Values, keys = Object.keys(options)): void {
  if (authId === "root@pam") return;
  if (options.skiplock === 1) parameterErrors({ skiplock: "Only root may use this option." });
  for (const key of keys) {
    if (["args", "lock", "hookscript"].includes(key)) die(`only root can set '${key}' config`);
    const value = String(options[key] ?? "");
    if (/^(hostpci|usb)\d+$/.test(key) && !value.includes("mapping=") && !value.startsWith("spice"))
      die(`only root can set '${key}' config for ${key.startsWith("usb") ? "real" : "non-mapped"} devices`);
    if (/^(parallel|serial)\d+$/.test(key) && value.startsWith("/")) die(`only root can set '${key}' config`);
  }
}

/** Starts a new guest in a task of its own, which waits for the creation's lock. What refuses the start fails no creation. */
export function autostart(start: () => void, log: (line: string) => void): void {
  try {
    start();
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    log(error.message);
  }
}

/** What a creation needs no privilege of its own for; from PVE's sources (PVE::API2::Qemu), nothing is recorded of it. */
const unchecked = (key: string): boolean =>
  isDrive(key) || key === "tags" || /^(unused|serial|usb|hostpci)\d+$/.test(key);

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
  requireNew(cluster, caller, id, pool);
  requirePool(cluster, pool);
  requireRoot(caller, options);
  for (const key of Object.keys(options).filter((each) => !unchecked(each))) {
    const needed = [privilegeOfOption(key, options[key])];
    if (!cluster.access.may(caller.authId, `/pool/${pool}`, needed))
      cluster.access.require(caller.authId, `/vms/${id}`, needed);
  }
  requireUse(cluster, caller, options);
  if (archive !== undefined) die("the lab restores no backups");
  checkDrives(cluster, node, caller, options);
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
          if (!isDrive(key)) vm.config.set(key, storedOption(key, value, cluster.options.mac_prefix));
        if (!vm.config.has("boot")) vm.config.set("boot", defaultBoot(vm));
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
