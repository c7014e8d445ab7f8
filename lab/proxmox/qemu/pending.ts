import type { Cluster } from "../cluster";
import { attachDrive, detachDrive } from "./drives";
import { vmTakesAtOnce } from "./hotplug";
import { isCard, mtuProblem } from "./net";
import { isDrive, parseVmOption, type Vm } from "./vm";

/** Puts one option's next value in force, or its removal. */
function put(cluster: Cluster, vm: Vm, key: string): void {
  const next = vm.pending.get(key);
  if (next === undefined) return;
  vm.pending.delete(key);
  if (next === null && isDrive(key)) detachDrive(cluster, vm, key);
  else if (next === null) vm.config.delete(key);
  else if (isDrive(key)) attachDrive(cluster, vm, key, String(next));
  else vm.config.set(key, next);
}

/** What waits for its start is in force. */
export function applyVmPending(cluster: Cluster, vm: Vm): void {
  const removals = [...vm.pending].filter(([, next]) => next === null);
  for (const [key] of [...removals, ...vm.pending]) put(cluster, vm, key);
}

/** What a running machine takes at once, of the options that a request changes. @returns why one of them could not be plugged, by its name */
export function plugVm(cluster: Cluster, vm: Vm, changed: Iterable<string>): Record<string, string> {
  const errors: Record<string, string> = {};
  const { bridges } = cluster.node(vm.node);
  for (const key of changed) {
    const next = vm.pending.get(key);
    if (next === undefined || !vmTakesAtOnce(vm.config, key, next)) continue;
    const card = isCard(key) && next !== null ? parseVmOption("net0", String(next)) : {};
    const { bridge } = card;
    const mtu = mtuProblem(cluster, vm.node, key, card);
    if (bridge !== undefined && !bridges.includes(bridge))
      errors[key] = `hotplug problem - bridge '${bridge}' does not exist\n`;
    else if (mtu !== undefined) errors[key] = `hotplug problem - ${mtu}\n`;
    else put(cluster, vm, key);
  }
  return errors;
}
