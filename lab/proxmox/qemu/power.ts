import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import { requestPower } from "../ha/requests";
import type { Values } from "../schema/parameters";
import type { Worker } from "../tasks";
import { checkSnippets, seedCloudInit } from "./cloudinit";
import { checkMapped } from "./devices";
import { isCloudInit } from "./drives";
import { checkBridges } from "./net";
import { applyVmPending } from "./pending";
import { parseVmOption, type Vm } from "./vm";

export function startVm(cluster: Cluster, node: string, vmid: number, caller: ProxmoxCaller): string {
  const known = cluster.guests.get(vmid);
  const requested = known?.type === "qemu" ? requestPower(cluster, cluster.vm(node, vmid), "start", caller) : undefined;
  if (requested !== undefined) return requested;
  return cluster.lockedTask({ vmid, type: "qemu" }, node, "qmstart", caller.authId, async ({ log, wait }) => {
    const vm = cluster.vm(node, vmid);
    vm.checkLock();
    if (vm.template) die("you can't start a vm if it's a template");
    if (vm.running) die(`VM ${vmid} already running`);
    const drives = vm.drives.map(([slot, text]) => parseVmOption(slot, text));
    if (drives.some(({ file = "" }) => isCloudInit(file))) {
      checkSnippets(cluster, vm);
      log("generating cloud-init ISO");
    }
    checkMapped(cluster, vm);
    for (const { file = "none" } of drives)
      if (/^[^:/]+:/.test(file) && cluster.storages.find(node, file) === undefined)
        die(`volume '${file}' does not exist`);
    checkBridges(cluster, vm);
    await startVmNow(cluster, vm, wait);
  });
}

export async function startVmNow(cluster: Cluster, vm: Vm, wait: Worker["wait"]): Promise<void> {
  await wait(cluster.times.start);
  applyVmPending(cluster, vm);
  seedCloudInit(vm);
  vm.running = true;
  vm.paused = false;
  vm.pid = cluster.newPid();
  vm.startedAt = cluster.now();
}

export function haltVm(cluster: Cluster, vm: Vm): void {
  vm.running = false;
  vm.paused = false;
  applyVmPending(cluster, vm);
}

/** A guest that has no process, or isn't there, is one for the task to find. */
export function stopVm(
  cluster: Cluster,
  { node, vmid }: Pick<Vm, "node" | "vmid">,
  { skiplock, "overrule-shutdown": overrule }: Values,
  caller: ProxmoxCaller,
): string {
  const known = cluster.guests.get(vmid);
  if (overrule === 1 && known !== undefined && cluster.ha.manages(known))
    parameterErrors({ "overrule-shutdown": "Not applicable for HA resources." });
  const requested = known?.type === "qemu" ? requestPower(cluster, known, "stop", caller) : undefined;
  if (requested !== undefined) return requested;
  if (overrule === 1)
    for (const task of cluster.tasks.all.values())
      if (task.type === "qmshutdown" && task.id === String(vmid) && task.exitstatus === undefined) task.stop();
  return cluster.lockedTask({ vmid, type: "qemu" }, node, "qmstop", caller.authId, async () => {
    const vm = cluster.processOf(node, vmid);
    if (!vm.running) return;
    if (skiplock !== 1) vm.checkLock();
    haltVm(cluster, vm);
  });
}

/** Waits for a guest to follow ACPI: one that is still booting, or that was made deaf, never does. */
async function powerdown(cluster: Cluster, vm: Vm, timeout: number, wait: Worker["wait"]): Promise<boolean> {
  const hears = cluster.booted(vm) && !vm.paused && !cluster.deaf.has(vm.vmid);
  const needed = hears ? cluster.times.shutdown : Number.POSITIVE_INFINITY;
  await wait(Math.min(needed, timeout));
  return needed <= timeout;
}

export function shutdownVm(
  cluster: Cluster,
  { node, vmid }: Pick<Vm, "node" | "vmid">,
  { timeout, forceStop }: Values,
  caller: ProxmoxCaller,
): string {
  const known = cluster.guests.get(vmid);
  const requested = known?.type === "qemu" ? requestPower(cluster, known, "stop", caller) : undefined;
  if (requested !== undefined) return requested;
  return cluster.lockedTask({ vmid, type: "qemu" }, node, "qmshutdown", caller.authId, async ({ log, wait }) => {
    const vm = cluster.processOf(node, vmid);
    if (!vm.running) return;
    vm.checkLock();
    if (!(await powerdown(cluster, vm, Number(timeout ?? 180) * 1000, wait))) {
      if (forceStop !== 1) die("VM quit/powerdown failed - got timeout");
      log("VM still running - terminating now with SIGTERM");
    }
    haltVm(cluster, vm);
  });
}

export function rebootVm(cluster: Cluster, vm: Vm, { timeout }: Values, { authId }: ProxmoxCaller): string {
  needRunning(vm);
  return cluster.lockedTask(vm, vm.node, "qmreboot", authId, async ({ wait }) => {
    vm.checkLock();
    if (!(await powerdown(cluster, vm, Number(timeout ?? 180) * 1000, wait)))
      die("VM quit/powerdown failed - got timeout");
    haltVm(cluster, vm);
    await startVmNow(cluster, vm, wait);
  });
}

function needRunning(vm: Vm): void {
  if (!vm.running) die(`VM ${vm.vmid} not running`);
}

/** reset, suspend and resume: at once, in a worker. */
export function controlVm(
  cluster: Cluster,
  vm: Vm,
  action: "reset" | "pause" | "resume",
  { authId }: ProxmoxCaller,
): string {
  needRunning(vm);
  return cluster.lockedTask(vm, vm.node, `qm${action}`, authId, async () => {
    vm.checkLock();
    if (action === "reset") vm.startedAt = cluster.now();
    else vm.paused = action === "pause";
  });
}
