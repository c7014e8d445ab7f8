import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die, parameterErrors } from "./errors";
import type { Values } from "./schema/parameters";

/** The SDN's configuration: what is written is in force once it is applied. */
export class Sdn {
  readonly zones = new Map<string, Values>();
  readonly vnets = new Map<string, Values>();
  /** By vnet and id. */
  readonly subnets = new Map<string, Values>();
  /** Vnets that are in force. */
  applied: string[] = [];

  addZone(values: Values): void {
    const zone = String(values.zone);
    if (this.zones.has(zone)) die(`create sdn zone object failed: sdn zone object ID '${zone}' already defined`);
    this.zones.set(zone, values);
  }

  addVnet(values: Values): void {
    const vnet = String(values.vnet);
    if (this.vnets.has(vnet)) die(`create sdn vnet object failed: sdn vnet object ID '${vnet}' already defined`);
    if (!this.zones.has(String(values.zone)))
      die(`create sdn vnet object failed: zone '${values.zone}' does not exist`);
    this.vnets.set(vnet, values);
  }

  addSubnet(vnet: string, values: Values): void {
    const found = this.vnets.get(vnet) ?? parameterErrors({ vnet: `vnet '${vnet}' doesn't exist` });
    const id = `${found.zone}-${String(values.subnet).replace("/", "-")}`;
    if (this.subnets.has(`${vnet}/${id}`))
      die(`create sdn subnet object failed: sdn subnet object ID '${id}' already defined`);
    this.subnets.set(`${vnet}/${id}`, { ...values, subnet: id, cidr: String(values.subnet), vnet });
  }

  subnetsOf(vnet: string): Values[] {
    return [...this.subnets.values()].filter((subnet) => subnet.vnet === vnet);
  }

  deleteZone(zone: string): void {
    const used = [...this.vnets.values()].find((vnet) => vnet.zone === zone);
    if (used) die(`delete sdn zone object failed: zone ${zone} is used by vnet ${used.vnet}`);
    if (!this.zones.delete(zone)) die(`delete sdn zone object failed: sdn '${zone}' does not exist`);
  }

  deleteVnet(vnet: string): void {
    if (this.subnetsOf(vnet).length > 0) die("delete sdn vnet object failed: Can't delete vnet if subnets exists");
    if (!this.vnets.delete(vnet)) die(`delete sdn vnet object failed: sdn '${vnet}' does not exist`);
  }

  deleteSubnet(vnet: string, id: string): void {
    if (!this.subnets.delete(`${vnet}/${id}`)) die(`delete sdn subnet object failed: sdn '${id}' does not exist`);
  }
}

/** PUT /cluster/sdn: every node gets the vnets. */
export function applySdn(cluster: Cluster, { authId }: ProxmoxCaller): string {
  const [first = ""] = cluster.nodes.keys();
  return cluster.tasks.run(first, "reloadnetworkall", "", authId, async ({ log }) => {
    const wanted = [...cluster.sdn.vnets.keys()];
    for (const node of cluster.nodes.values()) {
      node.bridges = [...node.bridges.filter((each) => !cluster.sdn.applied.includes(each)), ...wanted];
      log(`${node.node}: reloading network config`);
    }
    cluster.sdn.applied = wanted;
  });
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
      if (values !== undefined) found.bridges = [...found.bridges, iface];
    }
    found.pendingBridges = undefined;
  });
}
