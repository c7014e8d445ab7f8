import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, forbidden, PveError, parameterErrors } from "../errors";
import { normalizeTags } from "../guest";
import { requireTargetStorage } from "../qemu/clone";
import { autostart, requireNew, requirePool } from "../qemu/create";
import { requireUse } from "../rights";
import { lxcOptions } from "../schema/lxc";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";
import { resized, shortestSize } from "../sizes";
import { Container, parseContainerOption, printContainerOption } from "./container";
import { applyContainerPending, plugContainer, storedCard } from "./pending";
import { startContainer } from "./power";
import { allocation, isVolume, makeVolume } from "./volumes";

/** The privilege that a change of an option needs. */
function privilege(key: string): string {
  if (isVolume(key)) return "VM.Config.Disk";
  if (/^(memory|swap)$/.test(key)) return "VM.Config.Memory";
  if (/^(net\d+|nameserver|searchdomain|hostname)$/.test(key)) return "VM.Config.Network";
  return /^(cores|cpulimit|cpuunits)$/.test(key) ? "VM.Config.CPU" : "VM.Config.Options";
}

/** What can be said of a request before a worker has it. */
function check(
  cluster: Cluster,
  { node, vmid, caller, unprivileged }: { node: string; vmid: number; caller: ProxmoxCaller; unprivileged: boolean },
  options: Values,
): void {
  const { authId } = caller;
  for (const key of Object.keys(options)) cluster.access.require(authId, `/vms/${vmid}`, [privilege(key)]);
  requireUse(cluster, caller, options);
  const onlyRoot = (what: string) =>
    authId === "root@pam" ? undefined : forbidden(`${what} is only allowed for root@pam`);
  if (options.features !== undefined) {
    const features = parseContainerOption("features", String(options.features));
    if (!unprivileged) onlyRoot("changing feature flags for privileged container");
    else if (Object.keys(features).some((name) => name !== "nesting"))
      onlyRoot("changing feature flags (except nesting)");
  }
  for (const key of Object.keys(options).filter(isVolume)) {
    const { volume = "" } = parseContainerOption(key, String(options[key]));
    const storage = (allocation.exec(volume) ?? /^([^/:\s]+):/.exec(volume))?.[1];
    if (volume.startsWith("/")) onlyRoot("mount point type bind");
    else if (storage === undefined) die(`unable to parse volume ID '${volume}'`);
    else {
      cluster.storages.usable(node, storage, "rootdir");
      cluster.access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
    }
  }
}

/** An option as PVE stores it. */
function stored(cluster: Cluster, key: string, value: Value): Value {
  if (key === "tags") return normalizeTags(String(value), cluster.options.tagStyle);
  return /^net\d+$/.test(key) ? storedCard(cluster, String(value)) : value;
}

const distributions = /^(debian|devuan|ubuntu|centos|fedora|opensuse|archlinux|alpine|gentoo|nixos)/;

/** POST …/lxc: from a template archive. */
export function createContainer(cluster: Cluster, node: string, params: Values, caller: ProxmoxCaller): string {
  const {
    vmid,
    ostemplate,
    storage,
    pool,
    start,
    password,
    "ssh-public-keys": keys,
    bwlimit: _bwlimit,
    force: _force,
    restore,
    unique: _unique,
    "ignore-unpack-errors": _ignore,
    "ha-managed": ha,
    ...options
  } = params;
  const id = Number(vmid);
  requireNew(cluster, caller, id, pool);
  requirePool(cluster, pool);
  if (restore === 1) die("the lab restores no backups");
  const unprivileged = options.unprivileged !== 0;
  if (!unprivileged) cluster.access.require(caller.authId, "/", ["Sys.Modify"]);
  const rootfs = options.rootfs ?? `${storage ?? "local"}:4`;
  check(cluster, { node, vmid: id, caller, unprivileged }, { ...options, rootfs });
  const taken = cluster.guests.get(id);
  if (taken !== undefined) die(`${taken.noun} ${id} already exists on node '${taken.node}'`);
  const container = cluster.add(new Container(id, node));
  container.config.set("lock", "create");
  if (password !== undefined) container.access.password = String(password);
  if (keys !== undefined) container.access.keys = String(keys);
  return cluster.lockedTask(
    container,
    node,
    "vzcreate",
    caller.authId,
    async ({ log }) => {
      try {
        const volumes = Object.entries({ ...options, rootfs }).filter(([key]) => isVolume(key));
        const made = volumes.map(
          ([slot, text]) => [slot, makeVolume(cluster, container, slot, String(text), log)] as const,
        );
        const template = String(ostemplate);
        const archive = cluster.storages.find(node, template);
        if (archive === undefined) {
          log(`volume '${template}' does not exist`);
          return die(`volume '${template}' does not exist`);
        }
        log(`extracting archive '${cluster.storages.path(archive)}'`);
        log("Detected container architecture: amd64");
        const ostype = distributions.exec(template.split("/").pop() ?? "")?.[1] ?? "unmanaged";
        const all: Values = {
          arch: "amd64",
          ostype,
          hostname: `CT${id}`,
          memory: 512,
          swap: 512,
          unprivileged: 1,
          ...options,
        };
        for (const [key, value] of Object.entries({ ...all, ...Object.fromEntries(made) }))
          container.config.set(key, stored(cluster, key, value));
        if (!unprivileged) container.config.delete("unprivileged");
        container.config.delete("lock");
        if (pool !== undefined) cluster.pools.get(String(pool)).vms.add(id);
        if (ha === 1) cluster.ha.create({ sid: `ct:${id}` });
      } catch (error) {
        if (error instanceof PveError) die(`unable to create CT ${id} - ${error.message}`);
        throw error;
      }
      if (start === 1) autostart(() => startContainer(cluster, node, id, caller), log);
    },
    () => cluster.remove(container),
  );
}

const modified = "detected modified configuration - file changed by other user? Try again.";

export function putContainerConfig(
  cluster: Cluster,
  container: Container,
  params: Values,
  caller: ProxmoxCaller,
): void {
  const { delete: remove, revert, digest, ...options } = params;
  const removed = words(remove);
  if (Object.keys(options).length === 0 && removed.length === 0 && revert === undefined) die("no options specified");
  for (const key of removed) {
    if (!(key in lxcOptions)) parameterErrors({ delete: `unknown option '${key}'` });
    if (key in options) parameterErrors({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
  }
  if (options.lock !== undefined && caller.authId !== "root@pam") die("only root can set 'lock' config");
  const { node, vmid } = container;
  check(cluster, { node, vmid, caller, unprivileged: container.config.get("unprivileged") === 1 }, options);
  if (digest !== undefined && digest !== container.digest()) die(modified);
  container.checkLock();
  // What is refused leaves the file as it was last written.
  let written = contentOf(container);
  try {
    const errors = change(cluster, container, { options, removed, reverted: words(revert) }, () => {
      written = contentOf(container);
    });
    if (Object.keys(errors).length > 0) parameterErrors(errors);
  } catch (error) {
    refill(container.config, written.config);
    refill(container.pending, written.pending);
    throw error;
  }
}

const contentOf = ({ config, pending }: Container) => ({ config: new Map(config), pending: new Map(pending) });

function refill<V>(map: Map<string, V>, from: ReadonlyMap<string, V>): void {
  map.clear();
  for (const [key, value] of from) map.set(key, value);
}

/** Writes a change where it waits, and puts in force what doesn't have to (pve-container's update_pct_config). @returns what could not be plugged */
function change(
  cluster: Cluster,
  container: Container,
  { options, removed, reverted }: { options: Values; removed: string[]; reverted: string[] },
  write: () => void,
): Record<string, string> {
  const { config, pending, vmid } = container;
  const isProtected = config.get("protection") === 1;
  for (const key of reverted) pending.delete(key);
  const deleted = new Set(removed.filter((key) => config.has(key) || (pending.get(key) ?? null) !== null));
  for (const key of deleted) {
    if (/^(memory|rootfs|ostype)$/.test(key)) die(`unable to delete required option '${key}'`);
    if (key === "unprivileged") die(`unable to delete read-only option: '${key}'`);
    if (isProtected && /^(mp|unused)\d+$/.test(key))
      die(`can't remove CT ${vmid} drive '${key}' - protection mode enabled`);
    // A next value that waits is not taken away by this.
    if ((pending.get(key) ?? null) === null) pending.set(key, null);
  }
  for (const [key, value] of Object.entries(options)) {
    if (isProtected && isVolume(key)) die(`can't update CT ${vmid} drive '${key}' - protection mode enabled`);
    if (key === "unprivileged") die(`unable to modify read-only option: '${key}'`);
    pending.set(key, key === "tags" ? normalizeTags(String(value), cluster.options.tagStyle) : value);
  }
  for (const [key, next] of [...pending]) if (config.get(key) === next) pending.delete(key);
  const unused = [...deleted].filter((key) => /^unused\d+$/.test(key));
  for (const key of unused)
    cluster.storages.free(container.node, parseContainerOption(key, container.text(key) ?? "").volume ?? "");
  const changed = new Set([...deleted, ...Object.keys(options)]);
  if (container.running) return plugContainer(cluster, container, changed, deleted, write);
  applyContainerPending(cluster, container, changed);
  return {};
}

export function resizeVolume(
  cluster: Cluster,
  container: Container,
  { disk, size, digest }: Values,
  { authId }: ProxmoxCaller,
): string {
  const slot = String(disk);
  const text = container.text(slot);
  if (text === undefined) {
    const missing = "property is missing and it is not optional";
    throw new PveError(500, "format error", slot === "rootfs" ? { volume: missing } : { volume: missing, mp: missing });
  }
  if (digest !== undefined && digest !== container.digest()) die(modified);
  container.checkLock();
  const keys = parseContainerOption(slot, text);
  const volume = cluster.storages.need(container.node, keys.volume ?? "");
  const wanted = resized(volume.size, String(size));
  if (wanted < volume.size) die("unable to shrink disk size");
  return cluster.lockedTask(container, container.node, "resize", authId, async ({ log }) => {
    if (wanted === volume.size) return;
    volume.size = wanted;
    container.config.set(slot, printContainerOption(slot, { ...keys, size: shortestSize(wanted) }));
    log("Image resized.");
  });
}

/** POST …/move_volume: to another storage. */
export function moveVolume(cluster: Cluster, container: Container, params: Values, { authId }: ProxmoxCaller): string {
  const slot = String(params.volume);
  if (params["target-vmid"] !== undefined) die("the lab moves no volume to another container");
  const storage = String(params.storage ?? die("Either 'storage' or 'target-vmid' must be set"));
  cluster.storages.usable(container.node, storage, "rootdir");
  cluster.access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  if (params.digest !== undefined && params.digest !== container.digest()) die(modified);
  container.checkLock();
  const keys = parseContainerOption(
    slot,
    container.text(slot) ?? die(`cannot move volume '${slot}' - it does not exist`),
  );
  const source = cluster.storages.need(container.node, keys.volume ?? "");
  if (source.storage === storage) die(`volume '${slot}' is already on storage '${storage}'`);
  if (container.running) die(`cannot move volumes of a running container`);
  if (params.delete === 1 && container.isSnapshotted(slot, keys.volume ?? ""))
    die("you can't move a volume with snapshots and delete the source");
  return cluster.lockedTask(container, container.node, "move_volume", authId, async ({ log, wait }) => {
    await wait(cluster.times.clone);
    const { vmid } = container;
    const copy = cluster.storages.allocate(
      container.node,
      { storage, vmid, size: source.size, filled: source.filled },
      log,
    );
    container.config.set(
      slot,
      printContainerOption(slot, { ...keys, volume: copy.volid, size: shortestSize(copy.size) }),
    );
    if (params.delete === 1) cluster.storages.free(container.node, source.volid);
    else container.keepUnused(source.volid);
  });
}

export function cloneContainer(cluster: Cluster, container: Container, params: Values, caller: ProxmoxCaller): string {
  const { newid, hostname, description, full, storage, target, pool, snapname } = params;
  const id = Number(newid);
  const { node } = container;
  requireNew(cluster, caller, id, pool);
  requirePool(cluster, pool);
  const to = cluster.member(String(target ?? node)).node;
  if (storage !== undefined)
    requireTargetStorage(cluster, String(storage), { node, targetNode: to, content: "rootdir" });
  container.checkLock();
  const config = snapname === undefined ? container.config : container.snapshot(String(snapname)).config;
  const linked = full === undefined ? container.template : full === 0;
  for (const [, { volume = "" }] of container.volumes) {
    if (linked && !cluster.storages.linkable(volume)) die(`Linked clone feature for '${volume}' is not available`);
    if (to !== node && !cluster.storages.get(volume.split(":")[0] ?? "").shared)
      die(`can't clone CT to node '${to}' (CT uses local storage)`);
    const on = linked || storage === undefined ? (volume.split(":")[0] ?? "") : String(storage);
    cluster.access.require(caller.authId, `/storage/${on}`, ["Datastore.AllocateSpace"]);
  }
  requireUse(cluster, caller, Object.fromEntries(config));
  if (container.running && snapname === undefined)
    die("cannot do full clones on a running container without snapshots");
  const taken = cluster.guests.get(id);
  if (taken !== undefined) die(`unable to create CT ${id}: config file already exists`);
  // The source is locked until its worker ends, so that it is cloned once at a time.
  container.config.set("lock", "disk");
  const made = cluster.add(new Container(id, to));
  // All of this is before the worker: the new container has its options already.
  for (const [key, value] of config)
    if (!/^(template|lock|unused\d+|rootfs|mp\d+)$/.test(key)) made.config.set(key, value);
  made.config.set("lock", "create").set("hostname", String(hostname ?? `Copy-of-CT-${container.name}`));
  if (description !== undefined) made.config.set("description", description);
  cluster.firewall.cloned(container.vmid, id);
  return cluster.tasks.run(
    node,
    "vzclone",
    String(container.vmid),
    caller.authId,
    async ({ log, wait }) => {
      log(`creating a clone of container ${container.vmid} with ID ${id}`);
      for (const [slot, keys] of container.volumes) {
        const source = cluster.storages.need(node, keys.volume ?? "");
        log(`create ${linked ? "linked" : "full"} clone of mountpoint ${slot} (${source.volid})`);
        const on = linked ? source.storage : String(storage ?? source.storage);
        const copy = cluster.storages.allocate(
          to,
          {
            storage: on,
            vmid: id,
            size: source.size,
            filled: source.filled,
            format: source.format,
            parent: linked ? source : undefined,
          },
          log,
        );
        made.config.set(slot, printContainerOption(slot, { ...keys, volume: copy.volid }));
      }
      await wait(cluster.times.clone);
      for (const [key, value] of [...made.config])
        if (/^net\d+$/.test(key)) {
          const { hwaddr: _hwaddr, ...card } = parseContainerOption("net0", String(value));
          made.config.set(key, stored(cluster, key, printContainerOption("net0", card)));
        }
      made.config.delete("lock");
      container.config.delete("lock");
      if (pool !== undefined) cluster.pools.get(String(pool)).vms.add(id);
    },
    () => {
      container.config.delete("lock");
      cluster.remove(made);
    },
  );
}

/** POST …/template: at once, without a task. */
export function templateFromContainer(cluster: Cluster, container: Container): void {
  if (container.template) die("you can't convert a CT to a template if it's already one");
  if (container.snapshots.size > 0) die("unable to create template, because CT contains snapshots");
  container.checkLock();
  if (container.running) die("you can't convert a CT to template if the CT is running");
  for (const [slot, keys] of container.volumes)
    container.config.set(
      slot,
      printContainerOption(slot, { ...keys, volume: cluster.storages.toBase(container.node, keys.volume ?? "") }),
    );
  container.config.set("template", 1);
}

export function destroyContainer(
  cluster: Cluster,
  container: Container,
  { purge, force }: Values,
  { authId }: ProxmoxCaller,
): string {
  const { vmid, node } = container;
  if (container.config.get("protection") === 1) die(`can't remove CT ${vmid} - protection mode enabled`);
  if (cluster.ha.has(container) && purge !== 1)
    die(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  if (container.running && force !== 1) die(`CT ${vmid} is running - destroy failed`);
  return cluster.lockedTask(container, node, "vzdestroy", authId, async ({ log }) => {
    cluster.container(node, vmid);
    container.checkLock();
    cluster.refuseShared(container);
    cluster.remove(container);
    if (purge === 1) cluster.purge(container, log);
  });
}
