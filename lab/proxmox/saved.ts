import type { Access } from "./access";
import { Cluster, type ClusterNode } from "./cluster";
import { restoreFirewall, saveFirewall } from "./firewall/saved";
import type { Guest, GuestSnapshot } from "./guest";
import { haManager } from "./ha/manager";
import { Container } from "./lxc/container";
import { Vm } from "./qemu/vm";
import type { SavedCluster, SavedGuest } from "./saved.model";
import { restoreSdn, saveSdn } from "./sdn/saved";

const object = <T>(map: Map<string, T>): Record<string, T> => Object.fromEntries(map);

/** A cluster whose tasks have ended, as a document. Failure switches are no part of it. */
export function saveCluster(cluster: Cluster): SavedCluster {
  const { name, version, times, dns, options, lastPid, ha, sdn, firewall, storages, tasks, access } = cluster;
  return {
    name,
    version,
    times: { ...times },
    dns,
    options: object(options.written),
    lastPid,
    ...(cluster.asked === undefined ? {} : { asked: cluster.asked }),
    nodes: [...cluster.nodes.values()].map(saveNode),
    guests: [...cluster.guests.values()].map(saveGuest),
    pools: [...cluster.pools.all.values()].map((pool) => ({
      ...pool,
      vms: [...pool.vms],
      storages: [...pool.storages],
    })),
    ha: {
      managed: ha.manager !== undefined,
      resources: [...ha.resources.values()],
      rules: [...ha.rules.all].map(([rule, values]) => ({ ...values, rule })),
    },
    firewall: saveFirewall(firewall),
    sdn: saveSdn(sdn),
    mappings: cluster.mappings.dump(),
    backupJobs: object(cluster.backupJobs.all),
    storages: { configs: [...storages.configs.values()], volumes: storages.dump() },
    tasks: {
      lastPid: tasks.lastPid,
      all: [...tasks.all.values()].map(({ done: _done, stop: _stop, ...task }) => task),
    },
    access: saveAccess(access),
  };
}

function saveNode({
  offline: _offline,
  maintenance: _maintenance,
  pendingBridges,
  ...node
}: ClusterNode): SavedCluster["nodes"][number] {
  if (pendingBridges === undefined) return node;
  return { ...node, pendingBridges: [...pendingBridges].map(([iface, values]) => ({ iface, values })) };
}

function saveGuest(guest: Guest): SavedGuest {
  const { vmid, node, parent, running, paused, startedAt, createdAt, pid } = guest;
  const common = {
    vmid,
    node,
    parent,
    running,
    paused,
    startedAt,
    createdAt,
    pid,
    config: object(guest.config),
    pending: object(guest.pending),
    snapshots: [...guest.snapshots].map(([name, { config, ...snapshot }]) => ({
      name,
      config: object(config),
      ...snapshot,
    })),
  };
  if (guest instanceof Container) {
    const { access, systemd } = guest;
    return { type: "lxc", ...common, access, ...(systemd === undefined ? {} : { systemd }) };
  }
  if (!(guest instanceof Vm)) throw new Error(`guest ${vmid} is neither a VM nor a container`);
  const executed = [...guest.executed].map(([program, outcome]) => ({ pid: program, outcome }));
  return { type: "qemu", ...common, seeded: object(guest.seeded), executed, files: object(guest.files) };
}

function saveAccess({ users, groups, roles, acl, realms, tickets }: Access): SavedCluster["access"] {
  return {
    users: [...users.values()].map((user) => ({
      ...user,
      groups: [...user.groups],
      tokens: [...user.tokens].map(([name, token]) => ({ name, ...token })),
    })),
    groups: [...groups].map(([groupid, group]) => ({ groupid, ...group })),
    roles: [...roles].map(([roleid, { privs, special }]) => ({ roleid, privs: [...privs], special })),
    acl,
    realms,
    tickets: [...tickets].map(([ticket, session]) => ({ ticket, ...session })),
  };
}

/** The cluster that was saved. */
export function restoredCluster(saved: SavedCluster): Cluster {
  const cluster = new Cluster(saved.name, saved.version);
  Object.assign(cluster.times, saved.times);
  Object.assign(cluster.dns, saved.dns);
  for (const [option, value] of Object.entries(saved.options)) cluster.options.written.set(option, value);
  cluster.lastPid = saved.lastPid;
  cluster.asked = saved.asked;
  for (const { pendingBridges, ...node } of saved.nodes) {
    const pending = pendingBridges && new Map(pendingBridges.map(({ iface, values }) => [iface, values]));
    cluster.nodes.set(node.node, { ...node, ...(pending ? { pendingBridges: pending } : {}) });
  }
  for (const guest of saved.guests) cluster.guests.set(guest.vmid, restoredGuest(guest));
  for (const pool of saved.pools)
    cluster.pools.all.set(pool.poolid, { ...pool, vms: new Set(pool.vms), storages: new Set(pool.storages) });
  if (saved.ha.managed) cluster.ha.manager = haManager(cluster);
  for (const resource of saved.ha.resources) cluster.ha.resources.set(String(resource.sid), resource);
  for (const { rule, ...values } of saved.ha.rules) cluster.ha.rules.all.set(String(rule), values);
  restoreFirewall(cluster.firewall, saved.firewall);
  restoreSdn(cluster.sdn, saved.sdn);
  for (const [id, job] of Object.entries(saved.backupJobs)) cluster.backupJobs.all.set(id, job);
  for (const { kind, mapping } of saved.mappings) cluster.mappings.kinds[kind].set(mapping.id, mapping);
  for (const config of saved.storages.configs) cluster.storages.configs.set(config.storage, config);
  cluster.storages.restore(saved.storages.volumes);
  cluster.tasks.lastPid = saved.tasks.lastPid;
  for (const task of saved.tasks.all)
    cluster.tasks.all.set(task.upid, { ...task, done: Promise.resolve(), stop: () => {} });
  restoreAccess(cluster.access, saved.access);
  return cluster;
}

function restoredGuest(saved: SavedGuest): Guest {
  const { vmid, node, parent, running, paused, startedAt, createdAt, pid } = saved;
  const guest = saved.type === "qemu" ? restoredVm(saved) : new Container(vmid, node);
  if (guest instanceof Container && saved.type === "lxc") {
    Object.assign(guest.access, saved.access);
    guest.systemd = saved.systemd;
  }
  Object.assign(guest, { parent, running, paused, startedAt, createdAt, pid });
  for (const [key, value] of Object.entries(saved.config)) guest.config.set(key, value);
  for (const [key, value] of Object.entries(saved.pending)) guest.pending.set(key, value);
  for (const { name, config, ...snapshot } of saved.snapshots)
    guest.snapshots.set(name, { ...snapshot, config: new Map(Object.entries(config)) } satisfies GuestSnapshot);
  return guest;
}

function restoredVm({ vmid, node, seeded, executed, files }: Extract<SavedGuest, { type: "qemu" }>): Vm {
  const vm = new Vm(vmid, node);
  vm.seeded = new Map(Object.entries(seeded));
  for (const { pid, outcome } of executed) vm.executed.set(pid, outcome);
  for (const [file, content] of Object.entries(files)) vm.files.set(file, content);
  return vm;
}

function restoreAccess(access: Access, saved: SavedCluster["access"]): void {
  for (const { groups, tokens, ...user } of saved.users)
    access.users.set(user.userid, {
      ...user,
      groups: new Set(groups),
      tokens: new Map(tokens.map(({ name, ...token }) => [name, token])),
    });
  for (const { groupid, ...group } of saved.groups) access.groups.set(groupid, group);
  access.roles.clear();
  for (const { roleid, privs, special } of saved.roles) access.roles.set(roleid, { privs: new Set(privs), special });
  access.acl.push(...saved.acl);
  access.realms.splice(0, access.realms.length, ...saved.realms);
  for (const { ticket, ...session } of saved.tickets) access.tickets.set(ticket, session);
}
