import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import { requireUse } from "../rights";
import type { Values } from "../schema/parameters";
import { qemuOptions } from "../schema/qemu";
import { words } from "../schema/words";
import { requireTags } from "../tags";
import { checkDigest, checkProtection, detachDrive, makeDrive, reclaim, release } from "./drives";
import { applyVmPending, plugVm } from "./pending";
import {
  checkCpuModel,
  checkDriveTexts,
  checkHookScript,
  refuseSkipLock,
  requireCpuModel,
  requireDevice,
  requireDrive,
  requireDriveStorages,
  requireVmOptions,
} from "./rights";
import { checkSshKeys, isDrive, parseVmOption, storedOption, type Vm } from "./vm";

/** The options that `delete` and `revert` name, each a known one. */
function removals({ delete: remove, revert }: Values, set: Values): string[] {
  const reverted = words(revert);
  for (const key of reverted) {
    if (!(key in qemuOptions)) parameterErrors({ revert: `unknown option '${key}'` });
    if (key in set) parameterErrors({ delete: `you can't use '-${key}' and -revert ${key}' at the same time` });
  }
  const removed = words(remove);
  for (const key of removed) {
    if (key in set) parameterErrors({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    if (reverted.includes(key))
      parameterErrors({ revert: `you can't use '-delete ${key}' and -revert ${key}' at the same time` });
    if (!(key in qemuOptions)) parameterErrors({ delete: `unknown option '${key}'` });
  }
  return removed;
}

const control = ["delete", "revert", "digest", "skiplock", "force", "background_delay", "import-working-storage"];
const optionsOf = (params: Values): Values =>
  Object.fromEntries(Object.entries(params).filter(([key]) => !control.includes(key)));

interface Change {
  options: Values;
  removed: string[];
}

/** What is refused at once, by PUT and POST alike, in PVE's order. */
function check(cluster: Cluster, vm: Vm, params: Values, caller: ProxmoxCaller): Change {
  const { vmid, node } = vm;
  const options = optionsOf(params);
  checkCpuModel(cluster, options);
  refuseSkipLock(caller, params);
  if (options.sshkeys !== undefined) checkSshKeys(String(options.sshkeys));
  if (Object.keys(options).length === 0 && params.delete === undefined && params.revert === undefined)
    die("no options specified");
  const removed = removals(params, options);
  checkDriveTexts(cluster, options);
  checkHookScript(cluster, node, options);
  requireVmOptions(cluster, caller, { vmid }, removed);
  requireVmOptions(cluster, caller, { vmid }, Object.keys(options));
  requireDriveStorages(cluster, caller, { node, vmid }, options);
  requireUse(cluster, caller, options);
  checkDigest(vm, params.digest);
  requireCpuModel(cluster, caller, options, vm.config.get("cpu"));
  if (params.skiplock !== 1) vm.checkLock();
  checkBalloon(vm, options);
  return { options, removed };
}

function checkBalloon(vm: Vm, options: Values): void {
  if (options.memory === undefined && options.balloon === undefined) return;
  const next = (key: string) => options[key] ?? vm.pending.get(key) ?? vm.config.get(key);
  const memory = Number(parseVmOption("memory", String(next("memory") ?? 512)).current);
  if (Number(next("balloon") ?? 0) > memory) die("balloon value too large (must be smaller than assigned memory)");
}

/** What depends on a value is refused where it is written: in a worker, for POST. */
function requireValues(cluster: Cluster, vm: Vm, { options, removed }: Change, caller: ProxmoxCaller): void {
  const { vmid } = vm;
  for (const key of [...removed, ...Object.keys(options)]) {
    const now = vm.config.get(key) ?? vm.pending.get(key) ?? undefined;
    for (const value of [now, options[key]].filter((each) => each !== undefined)) {
      if (isDrive(key)) requireDrive(cluster, caller, vmid, String(value));
      requireDevice(cluster, caller, { vmid }, [key, value]);
    }
    if (/^unused\d+$/.test(key)) cluster.access.require(caller.authId, `/vms/${vmid}`, ["VM.Config.Disk"]);
    if (/^net\d+$/.test(key) && now !== undefined) requireUse(cluster, caller, { [key]: now });
    if (key === "tags" && (key in options || now !== undefined))
      requireTags(cluster, caller, vmid, vm.text("tags"), key in options ? String(options.tags) : undefined);
  }
  checkBootOrder(vm, { options, removed });
}

/** What is booted from must be there. */
function checkBootOrder(vm: Vm, { options, removed }: Change): void {
  const order =
    /^order=(.*)$/
      .exec(String(options.boot ?? ""))?.[1]
      ?.split(";")
      .filter(Boolean) ?? [];
  for (const device of order)
    if (removed.includes(device) || !(vm.config.has(device) || vm.pending.has(device) || device in options))
      die(`invalid bootorder: device '${device}' does not exist'`);
}

/** Writes a change where it waits, and puts in force what doesn't have to (qemu-server's update_vm_api). */
function apply(
  cluster: Cluster,
  vm: Vm,
  change: Change,
  params: Values,
  caller: ProxmoxCaller,
  log: (line: string) => void,
): void {
  const { options, removed } = change;
  requireValues(cluster, vm, change, caller);
  const stored = Object.entries(options).map(
    ([key, value]) => [key, isDrive(key) ? value : storedOption(key, value, cluster.options)] as const,
  );
  const changed = new Set<string>();
  const reverted = words(params.revert);
  for (const key of reverted.filter((each) => vm.config.has(each))) vm.pending.delete(key);
  const gone = [...removed, ...reverted.filter((key) => !vm.config.has(key))];
  for (const key of gone) for (const each of planRemoval(cluster, vm, key, params.force === 1)) changed.add(each);
  for (const [key, value] of stored) {
    changed.add(key);
    if (key === "cipassword") vm.config.set(key, value);
    else if (vm.pending.get(key) !== value)
      vm.pending.set(key, isDrive(key) ? planDrive(cluster, vm, key, String(value), log) : value);
  }
  for (const [key, next] of [...vm.pending]) if (vm.config.get(key) === next) vm.pending.delete(key);
  const errors = vm.running ? plugVm(cluster, vm, changed) : {};
  if (!vm.running) applyVmPending(cluster, vm);
  if (Object.keys(errors).length > 0) parameterErrors(errors);
}

/** @returns the options that change with it */
function planRemoval(cluster: Cluster, vm: Vm, key: string, force: boolean): string[] {
  const now = vm.text(key);
  const next = vm.pending.get(key) ?? undefined;
  if (now === undefined && next === undefined) return [];
  if (isDrive(key) || /^unused/.test(key)) checkProtection(vm, key, now ?? String(next));
  if (isDrive(key) && next !== undefined) release(cluster, vm, parseVmOption(key, String(next)).file ?? "");
  if (/^unused/.test(key) || (isDrive(key) && force)) detachDrive(cluster, vm, key, true);
  if (vm.config.has(key)) vm.pending.set(key, null);
  else vm.pending.delete(key);
  return dropFromBoot(vm, key) ? [key, "boot"] : [key];
}

/** Makes a drive that is to come. @returns its text */
function planDrive(cluster: Cluster, vm: Vm, key: string, text: string, log: (line: string) => void): string {
  const made = makeDrive(cluster, vm, key, text, log);
  const { file = "" } = parseVmOption(key, made);
  const next = vm.pending.get(key) ?? undefined;
  const waiting = next === undefined ? "" : (parseVmOption(key, String(next)).file ?? "");
  if (waiting !== "" && waiting !== file) release(cluster, vm, waiting);
  reclaim(vm, file);
  return made;
}

/** What is removed is booted from no more. */
function dropFromBoot(vm: Vm, key: string): boolean {
  const order = /^order=(.*)$/.exec(String(vm.pending.get("boot") ?? vm.text("boot") ?? ""))?.[1]?.split(";") ?? [];
  if (!order.includes(key)) return false;
  const rest = order.filter((slot) => slot !== key);
  vm.pending.set("boot", rest.length === 0 ? " " : `order=${rest.join(";")}`);
  return true;
}

/** PUT …/config: done when it is answered. */
export function putVmConfig(cluster: Cluster, vm: Vm, params: Values, caller: ProxmoxCaller): void {
  apply(cluster, vm, check(cluster, vm, params, caller), params, caller, () => {});
}

/** POST …/config: a worker does it. */
export function postVmConfig(cluster: Cluster, vm: Vm, params: Values, caller: ProxmoxCaller): string {
  const change = check(cluster, vm, params, caller);
  const { digest: _digest, background_delay: _delay, ...shown } = params;
  return cluster.lockedTask(vm, vm.node, "qmconfig", caller.authId, async ({ log }) => {
    const list = Object.keys(shown)
      .sort()
      .map((key) => `-${key} ${key === "cipassword" ? "<hidden>" : shown[key]}`);
    log(`update VM ${vm.vmid}: ${list.join(" ")}`);
    apply(cluster, vm, change, params, caller, log);
  });
}
