import type { ProxmoxCaller } from "../access";
import { mayRestoreOver, refuseOverwrite, restoreContainer, restoring } from "../backup/restore";
import type { Cluster } from "../cluster";
import { die, PveError, parameterErrors } from "../errors";
import { autostart, requireNew, requirePool } from "../qemu/create";
import type { Values } from "../schema/parameters";
import type { Worker } from "../tasks";
import { requireVolume } from "../volumes";
import { checkedOption } from "./config";
import { Container, parseContainerOption } from "./container";
import { storedCard } from "./pending";
import { startContainer, warnOfNesting } from "./power";
import { entriesOf, mountType, requireContainerOptions } from "./rights";
import { allocation, isVolume, makeVolume } from "./volumes";

const distributions = /^(debian|devuan|ubuntu|centos|fedora|opensuse|archlinux|alpine|gentoo|nixos)/;

/** The version of systemd that a template has. */
const systemdVersions: [name: RegExp, version: number][] = [
  [/^debian-11-standard/, 247],
  [/^debian-12-standard/, 252],
  [/^debian-13-standard/, 257],
  [/^ubuntu-22\.04-standard/, 249],
  [/^ubuntu-24\.04-standard/, 255],
];

/** The storages that the volumes of a request are made on. */
function checkStorages(cluster: Cluster, node: string, caller: ProxmoxCaller, volumes: Values, storage: string): void {
  const on = entriesOf(volumes).map(([slot, value]) => {
    const { volume = "" } = parseContainerOption(slot, String(value));
    if (mountType(volume) !== "volume") {
      if (caller.authId !== "root@pam") die("Only root can pass arbitrary filesystem paths.");
      return undefined;
    }
    return (allocation.exec(volume) ?? /^([^/:\s]+):/.exec(volume))?.[1];
  });
  const wanted = volumes.rootfs === undefined ? [...on, storage] : on;
  for (const id of new Set(wanted.filter((each) => each !== undefined))) {
    cluster.storages.usable(node, id, "rootdir");
    cluster.access.require(caller.authId, `/storage/${id}`, ["Datastore.AllocateSpace"]);
  }
}

/** POST …/lxc: from a template archive, or with `restore` from a back-up. */
export function createContainer(cluster: Cluster, node: string, params: Values, caller: ProxmoxCaller): string {
  const {
    vmid,
    ostemplate,
    storage: given,
    pool,
    start,
    password,
    "ssh-public-keys": keys,
    bwlimit: _bwlimit,
    force,
    restore,
    unique,
    "ignore-unpack-errors": _ignore,
    "ha-managed": ha,
    unprivileged: asked,
    ...options
  } = params;
  const id = Number(vmid);
  const template = String(ostemplate);
  const isRestore = restore === 1;
  const { access } = cluster;
  const unprivileged = isRestore ? asked === 1 : asked !== 0;
  if (!isRestore && !unprivileged) access.require(caller.authId, "/", ["Sys.Modify"]);
  if (ha === 1) access.require(caller.authId, "/", ["Sys.Console"]);
  refuseTaken(cluster, id, isRestore && force === 1);
  requirePool(cluster, pool);
  if (!mayRestoreOver(cluster, caller, id, isRestore && force === 1)) requireNew(cluster, caller, id, pool);
  const place = { vmid: id, pool, unprivileged };
  requireContainerOptions(cluster, caller, place, entriesOf(options));
  requireVolume(cluster, caller, template, { vmid: id, content: isRestore ? "backup" : "vztmpl" });
  const storage = String(given ?? "local");
  const volumes = Object.fromEntries(
    entriesOf(options)
      .filter(([key]) => isVolume(key))
      .map(([key, value]) => [key, /^\d+(\.\d+)?$/.test(String(value)) ? `${storage}:${value}` : value]),
  );
  if (Object.keys(volumes).length > 0 && volumes.rootfs === undefined)
    die("mount points configured, but 'rootfs' not set - aborting");
  checkStorages(cluster, node, caller, volumes, storage);
  const existing = cluster.guests.get(id);
  const container = existing instanceof Container ? existing : cluster.add(new Container(id, node));
  const rest = Object.fromEntries(
    entriesOf({ ...options, ...volumes }).map(([key, value]) => [
      key,
      isVolume(key) ? value : checkedOption(cluster, container, key, value),
    ]),
  );
  container.config.set("lock", "create");
  if (password !== undefined) container.access.password = String(password);
  if (keys !== undefined) container.access.keys = String(keys);
  const undo = () => {
    if (existing === undefined) cluster.remove(container);
    else container.config.delete("lock");
  };
  const work = async (worker: Worker) => {
    if (isRestore) {
      const options = { ...rest, ...(asked === undefined ? {} : { unprivileged: asked }) };
      const wanted = { vmid: id, volid: template, storage, unique: unique === 1, options };
      restoring("CT", id, () => restoreContainer(cluster, container, wanted, worker.log));
    } else fill(cluster, container, { template, storage, unprivileged }, rest, worker);
    if (pool !== undefined) cluster.pools.get(String(pool)).vms.add(id);
    if (ha === 1) cluster.ha.create({ sid: `ct:${id}` });
    if (start === 1) autostart(() => startContainer(cluster, node, id, caller), worker.log);
  };
  return cluster.lockedTask(container, node, isRestore ? "vzrestore" : "vzcreate", caller.authId, work, undo);
}

/** A guest of that id may only be there where it is to be written over. */
function refuseTaken(cluster: Cluster, vmid: number, force: boolean): void {
  refuseOverwrite(cluster, { vmid, noun: "CT", force });
  if (cluster.guests.get(vmid)?.running) die("can't overwrite running container");
}

/** Makes the volumes of a new container and unpacks its template. */
function fill(
  cluster: Cluster,
  container: Container,
  { template, storage, unprivileged }: { template: string; storage: string; unprivileged: boolean },
  options: Values,
  worker: Worker,
): void {
  const { vmid, node } = container;
  const { log } = worker;
  try {
    const volumes = entriesOf({ rootfs: `${storage}:4`, ...options }).filter(([key]) => isVolume(key));
    const made = volumes.map(
      ([slot, text]) => [slot, makeVolume(cluster, container, slot, String(text), log)] as const,
    );
    if (cluster.storages.find(node, template) === undefined) {
      log(`volume '${template}' does not exist`);
      die(`volume '${template}' does not exist`);
    }
    log(`extracting archive '${cluster.storages.path(cluster.storages.need(node, template))}'`);
    log("Detected container architecture: amd64");
    const name = template.split("/").pop() ?? "";
    const all: Values = {
      arch: "amd64",
      ostype: distributions.exec(name)?.[1] ?? "unmanaged",
      hostname: `CT${vmid}`,
      memory: 512,
      swap: 512,
      ...options,
      ...Object.fromEntries(made),
    };
    for (const [key, value] of entriesOf(all))
      container.config.set(key, /^net\d+$/.test(key) ? storedCard(cluster, String(value)) : value);
    if (unprivileged) container.config.set("unprivileged", 1);
    container.systemd = systemdVersions.find(([pattern]) => pattern.test(name))?.[1];
    warnOfNesting(container, worker);
    container.config.delete("lock");
  } catch (error) {
    if (error instanceof PveError && error.errors === undefined) die(`unable to create CT ${vmid} - ${error.message}`);
    if (error instanceof PveError) parameterErrors(error.errors ?? {});
    throw error;
  }
}
