import { randomUUID } from "node:crypto";
import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die } from "./errors";
import type { Guest } from "./guest";
import { agentRuns } from "./qemu/agent";
import { autostart } from "./qemu/create";
import { Vm } from "./qemu/vm";
import type { Value, Values } from "./schema/parameters";
import { shortestSize } from "./sizes";
import type { Volume } from "./storage";

/** What differs between the two kinds of guests. */
export interface SnapshotKind<T extends Guest> {
  /** Prefix of the tasks' types: `qm` or `vz`. */
  prefix: "qm" | "vz";
  find: (node: string, vmid: number) => T;
  volumes: (guest: T) => { slot: string; volume: Volume }[];
  start: (guest: T) => void;
}

/** `…/snapshot`: the snapshots, and what is now as the last of them. */
export function snapshotRows(guest: Guest): Values[] {
  const kept = [...guest.snapshots].map(([name, { snaptime, description, parent, vmstate }]) => ({
    name,
    snaptime,
    description,
    ...(guest.type === "qemu" ? { vmstate } : {}),
    ...(parent === undefined ? {} : { parent }),
  }));
  return [
    ...kept,
    {
      name: "current",
      description: "You are here!",
      digest: guest.digest(),
      running: guest.running ? 1 : 0,
      ...(guest.parent === undefined ? {} : { parent: guest.parent }),
    },
  ];
}

const snapshottable = /^(?!lock$|unused\d+$)/;
const copy = (config: Map<string, Value>) => new Map([...config].filter(([key]) => snapshottable.test(key)));

export function createSnapshot<T extends Guest>(
  cluster: Cluster,
  kind: SnapshotKind<T>,
  node: string,
  vmid: number,
  params: Values,
  { authId }: ProxmoxCaller,
): string {
  const name = String(params.snapname);
  if (name === "current" || name === "pending") die(`unable to use snapshot name '${name}' (reserved name)`);
  const guest = kind.find(node, vmid);
  return cluster.lockedTask(guest, node, `${kind.prefix}snapshot`, authId, async ({ log }) => {
    guest.checkLock();
    if (guest.template) die("you can't take a snapshot if it's a template");
    if (guest.snapshots.has(name)) die(`snapshot name '${name}' already used`);
    const volumes = kind.volumes(guest);
    if (volumes.some(({ volume }) => !cluster.storages.snapshots(volume))) die("snapshot feature is not available");
    const withRam = params.vmstate === 1 && guest.running && guest instanceof Vm;
    if (guest instanceof Vm && guest.running && !withRam && guest.agentEnabled)
      log(
        agentRuns(cluster, guest)
          ? "issuing guest agent 'fsfreeze-freeze' command"
          : "skipping guest filesystem freeze - agent configured but not running?",
      );
    const config = copy(guest.config);
    if (withRam && guest instanceof Vm) config.set("vmstate", saveRam(cluster, guest, name, log));
    for (const { slot, volume } of volumes) {
      log(`snapshotting '${guest.type === "qemu" ? "drive-" : ""}${slot}' (${volume.volid})`);
      if (guest.running && guest.type === "qemu" && volume.format === "qcow2") log("internal qemu snapshot");
    }
    guest.snapshots.set(name, {
      config,
      snaptime: Math.floor(cluster.now() / 1000),
      description: String(params.description ?? ""),
      parent: guest.parent,
      vmstate: withRam ? 1 : 0,
    });
    guest.parent = name;
  });
}

function saveRam(cluster: Cluster, vm: Vm, name: string, log: (line: string) => void): string {
  const storage = vm.text("vmstatestorage") ?? vm.disks[0]?.[1].file?.split(":")[0] ?? "local";
  const size = (Number(vm.config.get("memory") ?? 512) * 2 + 500) * 1024 ** 2;
  log(`saving VM state and RAM using storage '${storage}'`);
  const dir = cluster.storages.get(storage).type === "dir";
  const file = `vm-${vm.vmid}-state-${name}`;
  const volid = dir ? `${storage}:${vm.vmid}/${file}.raw` : `${storage}:${file}`;
  cluster.storages.add(vm.node, {
    volid,
    storage,
    vmid: vm.vmid,
    size,
    filled: size / 4,
    format: "raw",
    content: "images",
  });
  log(`completed saving the VM state in 1s, saved ${shortestSize(size / 4)}`);
  return volid;
}

export function rollbackSnapshot<T extends Guest>(
  cluster: Cluster,
  kind: SnapshotKind<T>,
  node: string,
  vmid: number,
  { snapname, start }: Values,
  { authId }: ProxmoxCaller,
): string {
  const guest = kind.find(node, vmid);
  const name = String(snapname);
  const task = cluster.lockedTask(guest, node, `${kind.prefix}rollback`, authId, async ({ log }) => {
    const { config, vmstate } = guest.snapshot(name);
    guest.checkLock();
    if (guest.template) die("unable to rollback a template");
    guest.running = false;
    guest.paused = false;
    guest.pending.clear();
    const unused = [...guest.config].filter(([key]) => /^unused/.test(key));
    guest.config.clear();
    for (const [key, value] of [...config, ...unused]) guest.config.set(key, value);
    guest.config.delete("vmstate");
    if (guest.config.has("vmgenid")) guest.config.set("vmgenid", randomUUID());
    guest.parent = name;
    if (start === 1 || vmstate === 1) setImmediate(() => autostart(() => kind.start(guest), log));
  });
  return task;
}

/** A deleted snapshot's children become its parent's. */
export function removeSnapshot<T extends Guest>(
  cluster: Cluster,
  kind: SnapshotKind<T>,
  node: string,
  vmid: number,
  { snapname }: Values,
  { authId }: ProxmoxCaller,
): string {
  const guest = kind.find(node, vmid);
  const name = String(snapname);
  return cluster.lockedTask(guest, node, `${kind.prefix}delsnapshot`, authId, async () => {
    const { parent, config } = guest.snapshot(name);
    guest.checkLock();
    const state = config.get("vmstate");
    if (state !== undefined) cluster.storages.free(guest.node, String(state));
    guest.snapshots.delete(name);
    for (const other of guest.snapshots.values()) if (other.parent === name) other.parent = parent;
    if (guest.parent === name) guest.parent = parent;
  });
}

export function describeSnapshot(guest: Guest, { snapname, description }: Values): void {
  const snapshot = guest.snapshot(String(snapname));
  guest.checkLock();
  if (description !== undefined) snapshot.description = String(description);
}
