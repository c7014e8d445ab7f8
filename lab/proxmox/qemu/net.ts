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
  for (const { n, card } of cards(vm)) {
    checkBridge(cluster, vm.node, card);
    const problem = mtuProblem(cluster, vm.node, `net${n}`, card);
    if (problem !== undefined) die(problem);
  }
}

/** What a bridge's network has for an MTU: 1,500 where nothing is set. */
export const bridgeMtu = (cluster: Cluster, node: string, bridge: string): number =>
  cluster.node(node).mtus?.[bridge] ?? 1500;

/** Why QEMU gets no such network device (PVE::QemuServer's print_netdevice_full); only a virtio one is told its MTU. */
export function mtuProblem(
  cluster: Cluster,
  node: string,
  key: string,
  { model, bridge, mtu }: Partial<Record<string, string>>,
): string | undefined {
  if (model !== "virtio" || bridge === undefined || mtu === undefined || mtu === "1") return undefined;
  if (Number(mtu) < 576) return `netdev ${key}: MTU '${mtu}' is smaller than the IP minimum MTU '576'`;
  const most = bridgeMtu(cluster, node, bridge);
  return Number(mtu) > most ? `netdev ${key}: MTU '${mtu}' is bigger than the bridge MTU '${most}'` : undefined;
}

/**
 * A guest's network device is plugged into a bridge that its node has, and that can carry its VLANs: from PVE's sources
 * (PVE::Network), nothing is recorded of VLANs.
 */
export function checkBridge(
  cluster: Cluster,
  node: string,
  { bridge, tag, trunks }: Partial<Record<string, string>>,
): void {
  if (bridge === undefined) return;
  const { bridges, network = [] } = cluster.node(node);
  if (!bridges.includes(bridge)) die(`bridge '${bridge}' does not exist`);
  if (cluster.sdn.applied.includes(bridge)) return;
  const found = network.find(({ iface }) => iface === bridge);
  if (Number(found?.bridge_vlan_aware ?? 0) === 1) return;
  if (trunks !== undefined) die("vlan aware feature need to be enabled to use trunks");
  if (tag !== undefined && ["", "none"].includes(String(found?.bridge_ports ?? "").trim()))
    die(`no physical interface on bridge '${bridge}'`);
}
