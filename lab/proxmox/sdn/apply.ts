import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import { inNetwork } from "../firewall/addresses";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";
import { networkOfSubnet } from "./changes";
import { perlLine, type Sdn } from "./sdn";

/** Whether a zone is on a node. */
export const isOn = ({ nodes }: Values, node: string): boolean => nodes === undefined || words(nodes).includes(node);

/** Vnets in force that a node has. */
function vnetsOn({ running }: Sdn, node: string): string[] {
  return [...(running?.vnets ?? [])]
    .filter(([, { zone }]) => isOn(running?.zones.get(String(zone)) ?? {}, node))
    .map(([vnet]) => vnet);
}

/** PUT /cluster/sdn: the configuration is in force at once, and a task brings every node's network to it. */
export function applySdn(cluster: Cluster, params: Values, { authId }: ProxmoxCaller): string {
  const { sdn } = cluster;
  const before = sdn.applied;
  sdn.locked("could not commit SDN config", params["lock-token"], () => {
    sdn.commit();
    releaseAfter(sdn, params);
  });
  return cluster.tasks.run(cluster.local, "reloadnetworkall", "", authId, async ({ log }) => {
    for (const node of cluster.nodes.values()) {
      log(`${node.node}: reloading network config`);
      node.bridges = [...node.bridges.filter((each) => !before.includes(each)), ...vnetsOn(sdn, node.node)];
    }
  });
}

/** POST /cluster/sdn/rollback: what is in force is written. */
export function rollbackSdn(sdn: Sdn, params: Values): void {
  sdn.locked("could not rollback SDN configuration", params["lock-token"], () => {
    sdn.rollback();
    releaseAfter(sdn, params);
  });
}

function releaseAfter(sdn: Sdn, { "lock-token": token, "release-lock": release }: Values): void {
  if (token !== undefined && release === 1) sdn.lockToken = undefined;
}

export function releaseSdnLock(sdn: Sdn, { "lock-token": token, force }: Values): void {
  const release = () => {
    sdn.lockToken = undefined;
  };
  if (force === 1) release();
  else sdn.locked("could not release lock", token, release);
}

/**
 * What a person does to an address of PVE's own IPAM.
 * @param end after the text: a deletion ends its line twice
 * @throws where no subnet in force has it
 */
export function needSubnetOf({ running }: Sdn, vnet: string, ip: Value | undefined, end = ""): void {
  const found = [...(running?.subnets ?? [])].find(
    ([id, subnet]) => subnet.vnet === vnet && inNetwork(String(ip), networkOfSubnet(id).cidr),
  );
  if (found === undefined) die(`can't find any subnet for ip ${ip}${perlLine("Network/SDN/Subnets.pm", 115)}${end}`);
}

/** What is written of a node's bridges is in force once its network is reloaded. */
export function changeBridge(cluster: Cluster, node: string, iface: string, values: Values | undefined): void {
  const found = cluster.node(node);
  const changes = found.pendingBridges ?? new Map<string, Values | undefined>();
  const isThere = changes.has(iface) ? changes.get(iface) !== undefined : found.bridges.includes(iface);
  if (values !== undefined && isThere) parameterErrors({ iface: "interface already exists" });
  if (values === undefined && !isThere) parameterErrors({ iface: "interface does not exist" });
  changes.set(iface, values);
  found.pendingBridges = changes;
}

/** PUT …/network. */
export function reloadNetwork(cluster: Cluster, node: string, { authId }: ProxmoxCaller): string {
  return cluster.tasks.run(node, "srvreload", "networking", authId, async () => {
    const found = cluster.node(node);
    for (const [iface, values] of found.pendingBridges ?? []) {
      found.bridges = found.bridges.filter((each) => each !== iface);
      const others = (found.network ?? []).filter((each) => each.iface !== iface);
      found.network = values === undefined ? others : [...others, { ...values, iface }];
      if (values !== undefined) found.bridges = [...found.bridges, iface];
    }
    found.pendingBridges = undefined;
  });
}
