import { readFileSync } from "node:fs";
import { z } from "zod";
import { Cluster, recordedTimes } from "./cluster";
import { haManager } from "./ha/manager";
import { Container } from "./lxc/container";
import { Vm } from "./qemu/vm";
import { parseRecordedState, type RecordedNode, type RecordedState } from "./state.model";

/** Who may log in, where a recorded state leaves the secrets open. */
export interface Secrets {
  token: { id: string; secret: string };
  login: { user: string; password: string };
}

/** The nodes of a recorded state in the order of their ids: those of a cluster by name, or the only one. */
function nodesOf(state: RecordedState): RecordedNode[] {
  if (!("nodes" in state)) return [{ ...state, ...state.node }];
  const ids = new Map(state.cluster.config_nodes.map(({ node, nodeid }) => [node, Number(nodeid)]));
  return Object.values(state.nodes).sort((a, b) => (ids.get(a.name) ?? 0) - (ids.get(b.name) ?? 0));
}

/**
 * The cluster that a recorded state describes (`initial-state.json` of a recording), with the times that its outcomes need.
 * A state of one node has what is its own at the top; one of several has it in `nodes`, and `node` is the one that is asked.
 */
export function recordedCluster(file: string, { token, login }: Secrets): Cluster {
  const parsed = parseRecordedState(JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success) throw new Error(`${file} is no recorded state:\n${z.prettifyError(parsed.error)}`);
  const state = parsed.data;
  const nodes = nodesOf(state);
  const cluster = new Cluster("nodes" in state ? state.cluster.name : state.node.name, state.version);
  Object.assign(cluster.times, recordedTimes);
  cluster.hasCriu = false;
  Object.assign(cluster.dns, state.node.dns);
  cluster.asked = state.node.name;
  loadStorages(cluster, state, nodes);
  for (const node of nodes) loadNode(cluster, node);
  // The recorded cluster reached no name server, the recorded node did.
  if (nodes.length > 1) cluster.noName = "Temporary failure in name resolution";
  if (nodes.length > 1) cluster.ha.manager = haManager(cluster);
  loadAccess(cluster, state, { token, login });
  for (const pool of state.pools) cluster.pools.all.set(pool.poolid, { ...pool, vms: new Set(), storages: new Set() });
  for (const { vmid, type, node = state.node.name, config, current } of [...state.guests, ...state.lxc]) {
    const made = cluster.add(type === "qemu" ? new Vm(vmid, node) : new Container(vmid, node));
    for (const [key, option] of Object.entries(config)) made.config.set(key, option);
    made.running = current?.status === "running";
    made.startedAt = cluster.now();
  }
  return cluster;
}

function loadStorages({ storages }: Cluster, { storage: configs }: RecordedState, nodes: RecordedNode[]): void {
  const status = nodes.flatMap((node) => node.storage_status);
  for (const { shared, ...storage } of configs) {
    const total = status.find((each) => each.storage === storage.storage)?.total;
    storages.configs.set(storage.storage, { ...storage, ...(shared ? { shared: true } : {}), total });
  }
}

function loadNode(cluster: Cluster, { name, ip, network, content, tasks }: RecordedNode): void {
  const bridges = network.filter(({ type }) => type === "bridge").map(({ iface }) => iface);
  cluster.nodes.set(name, { node: name, bridges, address: ip });
  for (const [storage, volumes] of Object.entries(content))
    for (const { parent, ...volume } of volumes)
      cluster.storages.add(name, { ...volume, storage, filled: 0, parent: parent ?? undefined });
  for (const { status, ...task } of [...tasks].sort((a, b) => a.starttime - b.starttime))
    cluster.tasks.all.set(task.upid, {
      ...task,
      exitstatus: status,
      log: [status === "OK" ? "TASK OK" : `TASK ERROR: ${status}`],
      done: Promise.resolve(),
      stop: () => {},
    });
}

function loadAccess({ access }: Cluster, state: RecordedState, { token, login }: Secrets): void {
  for (const { roleid, privs, special } of state.roles)
    access.roles.set(roleid, { privs: new Set(privs.split(",").filter(Boolean)), special: special === 1 });
  for (const { groupid, comment } of state.groups) access.groups.set(groupid, comment === undefined ? {} : { comment });
  access.realms.splice(0, access.realms.length, ...state.domains);
  for (const { userid, enable, expire, groups, tokens, details } of state.users) {
    const user = access.addUser(userid, undefined, details);
    user.enable = enable === 0 ? 0 : 1;
    user.expire = expire;
    for (const group of groups.split(",").filter(Boolean)) user.groups.add(group);
    for (const { tokenid, privsep } of tokens ?? [])
      access.addToken(`${userid}!${tokenid}`, token.secret, privsep === 1 ? 1 : 0);
  }
  access.addToken(token.id, token.secret);
  (access.users.get(login.user) ?? access.addUser(login.user)).password = login.password;
  for (const entry of state.acl) access.acl.push({ ...entry, propagate: entry.propagate === 0 ? 0 : 1 });
}
