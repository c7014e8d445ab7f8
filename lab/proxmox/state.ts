import { readFileSync } from "node:fs";
import { z } from "zod";
import { Cluster, recordedTimes } from "./cluster";
import { Container } from "./lxc/container";
import { Vm } from "./qemu/vm";

const value = z.union([z.string(), z.number()]);
const guest = z.object({
  vmid: z.number(),
  type: z.enum(["qemu", "lxc"]),
  node: z.string().optional(),
  config: z.record(z.string(), value),
  current: z.object({ status: z.string() }).optional(),
});
const recorded = z.object({
  version: z.object({ version: z.string(), release: z.string(), repoid: z.string() }),
  node: z.object({ name: z.string(), ip: z.string(), dns: z.object({ dns1: z.string(), search: z.string() }) }),
  network: z.array(z.object({ iface: z.string(), type: z.string() })),
  storage: z.array(
    z.object({
      storage: z.string(),
      type: z.string(),
      content: z.string(),
      path: z.string().optional(),
      shared: z.number().optional(),
    }),
  ),
  storage_status: z.array(z.object({ storage: z.string(), total: z.number() })).default([]),
  content: z.record(
    z.string(),
    z.array(
      z.object({
        volid: z.string(),
        content: z.string(),
        format: z.string(),
        size: z.number(),
        vmid: z.number().optional(),
        parent: z.string().nullish(),
      }),
    ),
  ),
  users: z.array(
    z.looseObject({
      userid: z.string(),
      enable: z.number(),
      expire: z.number(),
      groups: z.string().default(""),
      tokens: z.array(z.object({ tokenid: z.string(), privsep: z.number(), expire: z.number() })).nullish(),
    }),
  ),
  groups: z.array(z.object({ groupid: z.string(), comment: z.string().optional() })),
  domains: z.array(z.record(z.string(), value)),
  acl: z.array(
    z.object({
      path: z.string(),
      type: z.enum(["user", "group", "token"]),
      ugid: z.string(),
      roleid: z.string(),
      propagate: z.number(),
    }),
  ),
  roles: z.array(z.object({ roleid: z.string(), privs: z.string(), special: z.number() })),
  pools: z.array(z.object({ poolid: z.string(), comment: z.string().optional() })),
  guests: z.array(guest),
  lxc: z.array(guest),
  tasks: z.array(
    z.object({
      upid: z.string(),
      node: z.string(),
      pid: z.number(),
      pstart: z.number(),
      starttime: z.number(),
      endtime: z.number(),
      type: z.string(),
      id: z.string(),
      user: z.string(),
      tokenid: z.string().optional(),
      status: z.string(),
    }),
  ),
});

/** Who may log in, where a recorded state leaves the secrets open. */
export interface Secrets {
  token: { id: string; secret: string };
  login: { user: string; password: string };
}

/** The cluster that a recorded state describes (`initial-state.json` of a recording), with the times that its outcomes need. */
export function recordedCluster(file: string, { token, login }: Secrets): Cluster {
  const parsed = recorded.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success) throw new Error(`${file} is no recorded state:\n${z.prettifyError(parsed.error)}`);
  const state = parsed.data;
  const { name } = state.node;
  const cluster = new Cluster(name, state.version);
  Object.assign(cluster.times, recordedTimes);
  Object.assign(cluster.dns, state.node.dns);
  const bridges = state.network.filter(({ type }) => type === "bridge").map(({ iface }) => iface);
  cluster.nodes.set(name, { node: name, bridges, address: state.node.ip });
  const { storages, access } = cluster;
  for (const { shared, ...storage } of state.storage) {
    const total = state.storage_status.find((status) => status.storage === storage.storage)?.total;
    storages.configs.set(storage.storage, { ...storage, ...(shared ? { shared: true } : {}), total });
  }
  for (const [storage, volumes] of Object.entries(state.content))
    for (const { parent, ...volume } of volumes)
      storages.add(name, { ...volume, storage, filled: 0, parent: parent ?? undefined });
  for (const { roleid, privs, special } of state.roles)
    access.roles.set(roleid, { privs: new Set(privs.split(",").filter(Boolean)), special: special === 1 });
  for (const { groupid, comment } of state.groups) access.groups.set(groupid, comment === undefined ? {} : { comment });
  access.realms.splice(0, access.realms.length, ...state.domains);
  for (const { userid, enable, expire, groups, tokens, ...details } of state.users) {
    const { "realm-type": _realm, ...kept } = details;
    const user = access.addUser(userid, undefined, z.record(z.string(), value).parse(kept));
    user.enable = enable === 0 ? 0 : 1;
    user.expire = expire;
    for (const group of groups.split(",").filter(Boolean)) user.groups.add(group);
    for (const { tokenid, privsep } of tokens ?? [])
      access.addToken(`${userid}!${tokenid}`, token.secret, privsep === 1 ? 1 : 0);
  }
  access.addToken(token.id, token.secret);
  (access.users.get(login.user) ?? access.addUser(login.user)).password = login.password;
  for (const entry of state.acl) access.acl.push({ ...entry, propagate: entry.propagate === 0 ? 0 : 1 });
  for (const pool of state.pools) cluster.pools.all.set(pool.poolid, { ...pool, vms: new Set(), storages: new Set() });
  for (const { vmid, type, node, config, current } of [...state.guests, ...state.lxc]) {
    const made = cluster.add(type === "qemu" ? new Vm(vmid, node ?? name) : new Container(vmid, node ?? name));
    for (const [key, option] of Object.entries(config)) made.config.set(key, option);
    made.running = current?.status === "running";
    made.startedAt = cluster.now();
  }
  for (const { status, ...task } of [...state.tasks].sort((a, b) => a.starttime - b.starttime))
    cluster.tasks.all.set(task.upid, {
      ...task,
      exitstatus: status,
      log: [status === "OK" ? "TASK OK" : `TASK ERROR: ${status}`],
      done: Promise.resolve(),
      stop: () => {},
    });
  return cluster;
}
