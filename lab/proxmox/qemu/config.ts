import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import { requireUse } from "../rights";
import type { Value, Values } from "../schema/parameters";
import { qemuOptions } from "../schema/qemu";
import { words } from "../schema/words";
import { requireRoot } from "./create";
import { checkDigest, checkDrives, removeDrive, setDrive } from "./drives";
import { isDrive, storedOption, type Vm } from "./vm";

/** The privilege that a change of an option needs. */
export function privilegeOfOption(key: string, value: Value | undefined): string {
  if (isDrive(key) || /^(unused\d+|bootdisk|boot)$/.test(key)) {
    const text = value === undefined ? "" : String(value);
    if (key !== "boot" && text.includes("cloudinit")) return "VM.Config.Cloudinit";
    if (key === "boot" || key === "bootdisk") return "VM.Config.Options";
    return text.includes("media=cdrom") ? "VM.Config.CDROM" : "VM.Config.Disk";
  }
  if (/^(net\d+)$/.test(key)) return "VM.Config.Network";
  if (/^(ci\w+|ipconfig\d+|nameserver|searchdomain|sshkeys)$/.test(key)) return "VM.Config.Cloudinit";
  if (/^(memory|balloon|shares|hugepages)$/.test(key)) return "VM.Config.Memory";
  if (/^(cores|sockets|vcpus|cpu|cpulimit|cpuunits|numa\d*|affinity)$/.test(key)) return "VM.Config.CPU";
  if (
    /^(bios|machine|scsihw|vga|serial\d+|usb\d+|hostpci\d+|audio0|rng0|watchdog|tablet|acpi|kvm|efidisk0|tpmstate0|virtiofs\d+|keyboard|ivshmem)$/.test(
      key,
    )
  )
    return "VM.Config.HWType";
  return "VM.Config.Options";
}

/** The options that `delete` names, each a known one. */
function removals(text: Value | undefined, set: Values): string[] {
  const keys = words(text);
  for (const key of keys) {
    if (!(key in qemuOptions)) parameterErrors({ delete: `unknown option '${key}'` });
    if (key in set) parameterErrors({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
  }
  return keys;
}

const control = ["delete", "revert", "digest", "skiplock", "force", "background_delay", "import-working-storage"];
const optionsOf = (params: Values): Values =>
  Object.fromEntries(Object.entries(params).filter(([key]) => !control.includes(key)));

/** What is refused at once, by PUT and POST alike. */
function check(
  cluster: Cluster,
  vm: Vm,
  params: Values,
  caller: ProxmoxCaller,
): { options: Values; removed: string[] } {
  const options = optionsOf(params);
  const removed = removals(params.delete, options);
  if (Object.keys(options).length === 0 && removed.length === 0 && params.revert === undefined)
    die("no options specified");
  requireRoot(caller, { ...options, ...(params.skiplock === undefined ? {} : { skiplock: params.skiplock }) }, [
    ...Object.keys(options),
    ...removed,
  ]);
  for (const key of [...Object.keys(options), ...removed])
    cluster.access.require(caller.authId, `/vms/${vm.vmid}`, [
      privilegeOfOption(key, options[key] ?? vm.config.get(key)),
    ]);
  requireUse(cluster, caller, options);
  checkDrives(cluster, vm.node, caller, options);
  checkDigest(vm, params.digest);
  if (params.skiplock !== 1) vm.checkLock();
  return { options, removed };
}

function apply(
  cluster: Cluster,
  vm: Vm,
  { options, removed }: { options: Values; removed: string[] },
  params: Values,
  log: (line: string) => void,
): void {
  const force = params.force === 1;
  const stored = Object.entries(options).map(
    ([key, value]) => [key, isDrive(key) ? value : storedOption(key, value, cluster.options.mac_prefix)] as const,
  );
  for (const key of words(params.revert)) vm.pending.delete(key);
  for (const key of removed) {
    if (isDrive(key) || /^unused/.test(key)) removeDrive(cluster, vm, key, force);
    else vm.unset(key);
    dropFromBoot(vm, key);
  }
  for (const [key, value] of stored) {
    if (isDrive(key)) setDrive(cluster, vm, key, String(value), log);
    else vm.set(key, value);
  }
  // A running guest's cloud-init drive waits for what is in force, but a stopped one's is written at its start.
  if (!vm.running) vm.applyPending();
}

/** What is removed is booted from no more. */
function dropFromBoot(vm: Vm, key: string): void {
  const order = /^order=(.*)$/.exec(vm.text("boot") ?? "")?.[1]?.split(";") ?? [];
  if (!order.includes(key)) return;
  const rest = order.filter((slot) => slot !== key);
  vm.set("boot", rest.length === 0 ? " " : `order=${rest.join(";")}`);
}

/** PUT …/config: done when it is answered. */
export function putVmConfig(cluster: Cluster, vm: Vm, params: Values, caller: ProxmoxCaller): void {
  apply(cluster, vm, check(cluster, vm, params, caller), params, () => {});
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
    apply(cluster, vm, change, params, log);
  });
}
