import { randomUUID } from "node:crypto";
import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { requireUse } from "../rights";
import type { Value, Values } from "../schema/parameters";
import { requireNew, requirePool } from "./create";
import { copyDrive } from "./drives";
import { isCard } from "./net";
import { newMac, parseVmOption, printVmOption, Vm } from "./vm";

export function cloneVm(cluster: Cluster, node: string, vmid: number, params: Values, caller: ProxmoxCaller): string {
  const { newid, name, description, full, storage, target, format, snapname, pool, bwlimit } = params;
  const id = Number(newid);
  requireNew(cluster, caller, id, pool);
  requirePool(cluster, pool);
  const targetNode = cluster.member(String(target ?? node)).node;
  if (storage !== undefined) requireTargetStorage(cluster, String(storage), { node, targetNode, content: "images" });
  const found = cluster.guests.get(vmid);
  const source =
    found instanceof Vm && found.node === node
      ? found
      : die(`unable to find configuration file for VM ${vmid} on node '${node}'`);
  source.checkLock();
  const config = snapname === undefined ? source.config : source.snapshot(String(snapname)).config;
  const linked = full === undefined ? source.template : full === 0;
  if (linked && storage !== undefined) die("parameter 'storage' not allowed for linked clones");
  if (linked && format !== undefined) die("parameter 'format' not allowed for linked clones");
  const drives = source.drives
    .filter(([slot]) => config.has(slot))
    .map(([slot]) => ({ node, slot, drive: parseVmOption(slot, String(config.get(slot))) }));
  for (const { slot, drive } of drives) {
    const { file = "", media } = drive;
    const volume = cluster.storages.find(node, file);
    if (volume === undefined) continue;
    if (linked && media !== "cdrom" && !cluster.storages.linkable(file))
      die(`Linked clone feature is not supported for '${file}' (${slot})`);
    const on = linked ? volume.storage : String(storage ?? volume.storage);
    cluster.access.require(caller.authId, `/storage/${on}`, ["Datastore.AllocateSpace"]);
    if (targetNode !== node && !cluster.storages.get(volume.storage).shared)
      die(`can't clone VM to node '${targetNode}' (VM uses local storage)`);
  }
  requireUse(cluster, caller, Object.fromEntries(config));
  // The node that is asked looks at its own guests; one of another node is found when the file is written.
  const refuseTaken = () => {
    const taken = cluster.guests.get(id);
    if (taken?.node === node) die(`unable to create VM ${id}: config file already exists`);
    return taken !== undefined;
  };
  refuseTaken();
  return cluster.tasks.run(node, "qmclone", String(vmid), caller.authId, (worker) =>
    cluster.locked({ vmid: id, type: "qemu" }, worker, async () => {
      worker.log(`creating a clone of VM ${vmid} with ID ${id}`);
      if (refuseTaken())
        die(`close (rename) atomic file '/etc/pve/nodes/${node}/qemu-server/${id}.conf' failed: File exists`);
      const vm = cluster.add(new Vm(id, targetNode));
      cluster.firewall.cloned(vmid, id);
      vm.config.set("lock", "clone").set("description", " qmclone temporary file");
      try {
        const copies = new Map<string, string>();
        const options = {
          bwlimit,
          linked,
          ...(storage === undefined ? {} : { storage: String(storage) }),
          ...(format === undefined ? {} : { format: String(format) }),
        };
        for (const drive of drives)
          copies.set(drive.slot, printVmOption(drive.slot, await copyDrive(cluster, drive, vm, options, worker)));
        await worker.wait(cluster.times.clone);
        if (cluster.guests.get(id) !== vm) die("clone failed: unable to read VM config");
        copyConfig(cluster, config, vm, copies);
        vm.config.set("name", String(name ?? `Copy-of-VM-${config.get("name") ?? vmid}`));
        if (description !== undefined) vm.config.set("description", description);
        if (pool !== undefined) cluster.pools.get(String(pool)).vms.add(id);
      } catch (error) {
        cluster.remove(vm);
        throw error;
      }
    }),
  );
}

/** A clone that goes to another node can only be on a storage that both have, whatever its source is on. */
export function requireTargetStorage(
  { storages }: Cluster,
  storage: string,
  { node, targetNode, content }: { node: string; targetNode: string; content: "images" | "rootdir" },
): void {
  const { shared } = storages.usable(node, storage, content);
  if (targetNode === node) return;
  storages.usable(targetNode, storage, content);
  if (!shared) die(`can't clone to non-shared storage '${storage}'`);
}

/** A clone's configuration: the source's, with drives, cards' MACs and identity of its own. */
function copyConfig(cluster: Cluster, source: Map<string, Value>, vm: Vm, drives: Map<string, string>): void {
  vm.config.clear();
  for (const [key, value] of source)
    if (!/^(template|lock|unused\d+)$/.test(key)) vm.config.set(key, drives.get(key) ?? value);
  for (const [key, value] of [...vm.config])
    if (isCard(key)) {
      const card = parseVmOption("net0", String(value));
      vm.config.set(key, printVmOption("net0", { ...card, macaddr: newMac(cluster.options.mac_prefix) }));
    }
  const smbios = String(vm.config.get("smbios1") ?? "").replace(/^uuid=[^,]*/, `uuid=${randomUUID()}`);
  vm.config.set("smbios1", smbios === "" ? `uuid=${randomUUID()}` : smbios);
  if (vm.config.has("vmgenid")) vm.config.set("vmgenid", randomUUID());
}

/** POST …/template: the disks become bases that linked clones can share. */
export function templateFromVm(cluster: Cluster, vm: Vm, { authId }: ProxmoxCaller): string {
  if (vm.template) die("you can't convert a template to a template");
  if (vm.snapshots.size > 0) die("unable to create template, because VM contains snapshots");
  vm.checkLock();
  if (vm.running) die("you can't convert a VM to template if VM is running");
  return cluster.lockedTask(vm, vm.node, "qmtemplate", authId, async () => {
    for (const [slot, drive] of vm.disks)
      vm.config.set(slot, printVmOption(slot, { ...drive, file: cluster.storages.toBase(vm.node, drive.file ?? "") }));
    vm.config.set("template", 1);
  });
}

export function destroyVm(cluster: Cluster, vm: Vm, { purge }: Values, { authId }: ProxmoxCaller): string {
  if (vm.config.get("protection") === 1) die(`can't remove VM ${vm.vmid} - protection mode enabled`);
  if (cluster.ha.has(vm) && purge !== 1)
    die(`unable to remove VM ${vm.vmid} - used in HA resources and purge parameter not set.`);
  if (vm.running) die(`VM ${vm.vmid} is running - destroy failed`);
  return cluster.lockedTask(vm, vm.node, "qmdestroy", authId, async ({ log }) => {
    cluster.vm(vm.node, vm.vmid);
    vm.checkLock();
    cluster.refuseShared(vm);
    cluster.remove(vm);
    if (purge === 1) cluster.purge(vm, log);
  });
}
