import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, PveError } from "../errors";
import { requireTargetStorage } from "../qemu/clone";
import { requireNew, requirePool } from "../qemu/create";
import { requireUse } from "../rights";
import type { Values } from "../schema/parameters";
import { resized, shortestSize } from "../sizes";
import { modifiedMeanwhile } from "./config";
import { Container, parseContainerOption, printContainerOption } from "./container";
import { storedCard } from "./pending";
import { mountType } from "./rights";

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
  if (digest !== undefined && digest !== container.digest()) die(modifiedMeanwhile);
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
  if (params.digest !== undefined && params.digest !== container.digest()) die(modifiedMeanwhile);
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
  for (const [slot, { volume = "" }] of container.mountPoints) {
    if (mountType(volume) !== "volume") die(`unable to clone mountpoint '${slot}' (type ${mountType(volume)})`);
    if (linked && !cluster.storages.linkable(volume)) die(`Linked clone feature for '${volume}' is not available`);
    if (to !== node && !cluster.storages.get(volume.split(":")[0] ?? "").shared)
      die(`can't clone CT to node '${to}' (CT uses local storage)`);
    const on = linked || storage === undefined ? (volume.split(":")[0] ?? "") : String(storage);
    cluster.access.require(caller.authId, `/storage/${on}`, ["Datastore.AllocateSpace"]);
  }
  requireUse(cluster, caller, Object.fromEntries(config));
  if (container.running && snapname === undefined)
    die("Full clone of a running container is only possible from a snapshot");
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
          made.config.set(key, storedCard(cluster, printContainerOption("net0", card)));
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
  container.checkLock();
  if (cluster.ha.has(container) && purge !== 1)
    die(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  if (container.running && force !== 1) die(`unable to destroy CT ${vmid} - container is running`);
  return cluster.lockedTask(container, node, "vzdestroy", authId, async ({ log }) => {
    cluster.container(node, vmid);
    container.checkLock();
    cluster.refuseShared(container);
    cluster.remove(container);
    if (purge === 1) cluster.purge(container, log);
  });
}
