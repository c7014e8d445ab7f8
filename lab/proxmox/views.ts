import type { ProxmoxCaller } from "./access";
import type { Cluster, ClusterNode } from "./cluster";
import type { Guest } from "./guest";
import { nodeState } from "./ha/status";
import { nodeCpus } from "./lxc/container";
import type { Pool } from "./pools";
import { listedGuest } from "./releases";
import type { Values } from "./schema/parameters";
import { space } from "./storage";

/** A guest as `/cluster/resources` lists it; one that is new, or whose node is away, is `unknown`. */
export function guestResourceRow(cluster: Cluster, guest: Guest): Values {
  const id = `${guest.type}/${guest.vmid}`;
  const { vmid, node, type } = guest;
  const away = cluster.nodes.get(node)?.offline ?? false;
  const pool = cluster.pools.of(vmid)?.poolid;
  const ours = { id, type, node, vmid, ...(pool === undefined ? {} : { pool }) };
  if (away || cluster.now() - guest.createdAt < cluster.times.statistics)
    return listedGuest(cluster, { ...ours, status: "unknown" });
  const { cpus = 1, pid: _pid, serial: _serial, maxswap: _maxswap, swap: _swap, ...status } = cluster.status(guest);
  const pressure = Object.keys(status).filter((key) => key.startsWith("pressure"));
  for (const key of pressure) delete status[key];
  return listedGuest(cluster, {
    ...status,
    ...ours,
    // The statistics, unlike a node's list, tell a paused guest from a running one.
    ...(guest.paused ? { status: "paused" } : {}),
    maxcpu: cpus,
    diskread: 0,
    diskwrite: 0,
    template: guest.template ? 1 : 0,
    ...(cluster.ha.manages(guest) ? { hastate: cluster.ha.stateOf(guest) ?? "started" } : {}),
  });
}

const gibibyte = 1024 ** 3;

/** A node as `/nodes` and `/cluster/resources` list it; who may not audit it sees only that it is there. */
export function nodeResourceRow(cluster: Cluster, { node, offline }: ClusterNode, { authId }: ProxmoxCaller): Values {
  const base = { id: `node/${node}`, type: "node", node, status: offline ? "offline" : "online", level: "" };
  if (offline || !cluster.access.may(authId, `/nodes/${node}`, ["Sys.Audit"])) return base;
  return {
    ...base,
    cpu: 0,
    maxcpu: nodeCpus,
    mem: 4 * gibibyte,
    maxmem: 24 * gibibyte,
    disk: space.used,
    maxdisk: space.total,
    uptime: Math.floor(process.uptime()) + 6000,
  };
}

function storageResources(cluster: Cluster, { authId }: ProxmoxCaller): Values[] {
  return [...cluster.nodes.values()].flatMap(({ node, offline }) =>
    [...cluster.storages.configs.values()]
      .filter((config) => cluster.storages.on(node, config))
      .filter(({ storage }) => cluster.access.may(authId, `/storage/${storage}`, ["Datastore.Audit"]))
      .map(({ storage, content, type, shared, total }) => ({
        id: `storage/${node}/${storage}`,
        type: "storage",
        node,
        storage,
        status: offline ? "unknown" : "available",
        content,
        plugintype: type,
        shared: shared ? 1 : 0,
        maxdisk: total ?? space.total,
        disk: space.used,
      })),
  );
}

/** A pool as `/cluster/resources` lists it: with what its running guests have together. */
function poolResourceRow(cluster: Cluster, { poolid, vms }: Pool): Values {
  const base = { id: `/pool/${poolid}`, pool: poolid, type: "pool" };
  const rows = [...vms].flatMap((vmid) => {
    const guest = cluster.guests.get(vmid);
    return guest?.running ? [guestResourceRow(cluster, guest)] : [];
  });
  if (rows.length === 0) return base;
  const sum = (key: string) => rows.reduce((all, row) => all + Number(row[key] ?? 0), 0);
  const uptime = Math.max(...rows.map((row) => Number(row.uptime ?? 0)));
  return { ...base, uptime, mem: sum("mem"), maxmem: sum("maxmem"), cpu: 0, maxcpu: sum("maxcpu") };
}

/** `/cluster/resources`, by what the caller may see. */
export function resourceRows(cluster: Cluster, caller: ProxmoxCaller, kind?: string): Values[] {
  const audits = (poolid: unknown) => cluster.access.may(caller.authId, `/pool/${poolid}`, ["Pool.Audit"]);
  const guests = () =>
    [...cluster.guests.values()]
      .filter((guest) => cluster.sees(caller.authId, guest))
      .map((guest) => {
        const { pool, ...row } = guestResourceRow(cluster, guest);
        // Who may not audit a guest's pool isn't told of it.
        return pool === undefined || !audits(pool) ? row : { ...row, pool };
      });
  const pools = () =>
    [...cluster.pools.all.values()]
      .filter(({ poolid }) => audits(poolid))
      .map((pool) => poolResourceRow(cluster, pool));
  const nodes = () =>
    [...cluster.nodes.values()].map((node) => ({
      ...nodeResourceRow(cluster, node, caller),
      ...nodeState(cluster, node.node),
      "cgroup-mode": 2,
    }));
  const zones = () =>
    [...cluster.nodes.keys()]
      .filter(() => cluster.access.may(caller.authId, "/sdn/zones/localnetwork", ["SDN.Audit"]))
      .map((node) => ({
        id: `network/${node}/zone/localnetwork`,
        type: "network",
        "network-type": "zone",
        network: "localnetwork",
        node,
        status: "ok",
      }));
  const storages = () => storageResources(cluster, caller);
  // Zones are of another type than the one that can be asked for.
  const parts: Record<string, () => Values[]> = { vm: guests, node: nodes, storage: storages, sdn: () => [] };
  const one = kind === undefined ? undefined : parts[kind];
  return one ? one() : [...pools(), ...guests(), ...nodes(), ...storages(), ...zones()];
}

/** A pool's guests and storages, as `/cluster/resources` lists them but without the pool's name. */
export function poolMembers(cluster: Cluster, pool: Pool): Values[] {
  const guests = [...pool.vms].flatMap((vmid) => {
    const guest = cluster.guests.get(vmid);
    if (guest === undefined) return [];
    const { pool: _pool, ...member } = guestResourceRow(cluster, guest);
    return [member];
  });
  const storages = storageResources(cluster, { authId: "root@pam", byToken: false });
  return [...guests, ...storages.filter(({ storage }) => pool.storages.has(String(storage)))];
}
