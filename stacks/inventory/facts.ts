import type { Context } from "../../providers/context";
import type { NameServer } from "../../providers/dns/bind9/nameserver";
import { messageOf, UserError } from "../../providers/errors";
import type { NetboxClient } from "../../providers/netbox/client";
import * as wire from "../../providers/netbox/schemas";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
import { liveResources } from "../../providers/proxmox/live.schemas";
import { printUnread, SingleReads, type Unread } from "../../providers/proxmox/reads";
import type { GuestConfig } from "../../providers/proxmox/schemas";
import type { Settings } from "../settings";
import { addDns, dnsScope, type ServerFacts } from "./desired/dns";
import { type Graph, GraphBuilder } from "./desired/graph";
import { addNetbox, type KnownCluster, type NetboxInventory, netboxScope } from "./desired/netbox";
import { addCluster, type ClusterFacts, ClusterIds, scopeOfCluster } from "./desired/proxmox";

// All there is, read once: every cluster, NetBox and the name servers, as far as they are configured.

export interface InventoryFacts {
  graph: Graph;
  /** That are configured. */
  clusters: string[];
  /** Does the cluster's name stand before every id? */
  qualified: boolean;
  /** Milliseconds since 1970, when the reading began. */
  readAt: number;
  /** What could not be read, each with why: what was known of it stays. */
  problems: string[];
}

/** @throws UserError where nothing at all answers */
export async function readInventory(context: Context, settings: Settings): Promise<InventoryFacts> {
  const readAt = Date.now();
  const problems: string[] = [];
  const told = async <T>(read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (error) {
      problems.push(messageOf(error));
      return undefined;
    }
  };
  const [clusters, netbox, servers] = await Promise.all([
    Promise.all(context.proxmox.map((cluster) => told(readCluster(cluster)))),
    context.hasNetbox ? told(readNetbox(context.netbox)) : undefined,
    Promise.all(context.nameServers.map((server) => told(readServer(server)))),
  ]);
  const answered = clusters.filter((cluster) => cluster !== undefined);
  if (answered.length === 0) throw new UserError(problems.join("\n"));

  const graph = new GraphBuilder();
  const qualified = settings.inventory.qualifiedIds ?? context.proxmox.length > 1;
  const known = new Map<string, KnownCluster>();
  const whole: string[] = [];
  for (const { unread, ...facts } of answered) {
    const ids = new ClusterIds(facts.name, qualified);
    addCluster(graph, facts, ids);
    known.set(facts.name, { facts, ids });
    if (unread.length === 0) whole.push(scopeOfCluster(facts.name));
    else problems.push(unreadText(facts.name, unread));
  }
  if (netbox !== undefined) {
    problems.push(...addNetbox(graph, netbox, known, settings));
    whole.push(netboxScope);
  }
  const nameServers = servers.filter((server) => server !== undefined);
  addDns(graph, nameServers, netbox?.addresses ?? []);
  whole.push(...nameServers.map(({ name }) => dnsScope(name)));
  const names = context.proxmox.map(({ name }) => name);
  return { graph: graph.finished(whole), clusters: names, qualified, readAt, problems };
}

const unreadText = (cluster: string, unread: Unread[]): string =>
  `${unread.length} ${unread.length === 1 ? "guest" : "guests"} of ${cluster} could not be read: ${printUnread(unread)}. Disks and interfaces of theirs are as they were, and nothing of ${cluster} is removed.`;

/** A cluster with every guest's configuration; `unread` are those whose nodes are away, or that could not be read. */
async function readCluster(cluster: ProxmoxCluster): Promise<ClusterFacts & { unread: Unread[] }> {
  const version = await cluster.version();
  const [membership, resources] = await Promise.all([
    cluster.membership(),
    cluster.get("/cluster/resources", liveResources),
  ]);
  const online = new Set(membership.nodes.filter((node) => node.online).map(({ node }) => node));
  const configs = new Map<number, GuestConfig>();
  const gone = new Set<number>();
  const unread: Unread[] = [];
  const reads = new SingleReads();
  await Promise.all(
    resources.guests.map(async ({ type, node, vmid }) => {
      const read = online.has(node)
        ? await reads.read(node, () => cluster.guest(type, node, vmid))
        : { unread: `${node} is offline` };
      if (read.unread !== undefined) unread.push({ what: String(vmid), cause: read.unread });
      else if (read.found === undefined) gone.add(vmid);
      else configs.set(vmid, read.found.config);
    }),
  );
  const guests = resources.guests.filter(({ vmid }) => !gone.has(vmid));
  return { ...resources, guests, name: cluster.name, version, membership, configs, unread };
}

async function readNetbox(netbox: NetboxClient): Promise<NetboxInventory> {
  await netbox.status();
  const [machines, interfaces, addresses, prefixes, vlans] = await Promise.all([
    netbox.list("virtualization/virtual-machines", wire.virtualMachine, wire.virtualMachineFields),
    netbox.list("virtualization/interfaces", wire.vmInterface, wire.vmInterfaceFields),
    netbox.list("ipam/ip-addresses", wire.ipAddress, wire.ipAddressFields),
    netbox.list("ipam/prefixes", wire.prefix, wire.prefixFields),
    netbox.list("ipam/vlans", wire.vlan, wire.vlanFields),
  ]);
  return { url: netbox.url, machines, interfaces, addresses, prefixes, vlans };
}

async function readServer(server: NameServer): Promise<ServerFacts> {
  const zones = await Promise.all(
    server.zones.map(async (zone) => ({
      zone,
      rrsets: [...(await server.content(zone))].flatMap(([name, types]) =>
        [...types].map(([type, { ttl, values }]) => ({ name, type, ttl, values })),
      ),
    })),
  );
  return { name: server.name, zones };
}
