import type { Cluster } from "../cluster";
import { die } from "../errors";
import { parseVmOption, type Vm } from "./vm";

/** Whether an option is a network device. */
export const isCard = (key: string): boolean => /^net\d+$/.test(key);

/** A guest's network devices by number. */
export function cards(vm: Vm): { n: number; card: Record<string, string> }[] {
  return [...vm.config]
    .filter(([key]) => isCard(key))
    .map(([key, value]) => ({ n: Number(key.slice(3)), card: parseVmOption("net0", String(value)) }))
    .sort((a, b) => a.n - b.n);
}

/** A guest starts only on bridges that its node has. */
export function checkBridges(cluster: Cluster, vm: Vm): void {
  for (const { card } of cards(vm))
    if (card.bridge !== undefined && !cluster.node(vm.node).bridges.includes(card.bridge))
      die(`bridge '${card.bridge}' does not exist`);
}
