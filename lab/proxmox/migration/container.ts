import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { requestMigration } from "../ha/requests";
import { type Container, parseContainerOption } from "../lxc/container";
import { applyContainerPending } from "../lxc/pending";
import type { Values } from "../schema/parameters";
import { carryVolumes, journey, localVolumes, requireTarget, storageMap } from "./journey";

/** POST …/migrate: a running container only goes with `restart`: it is stopped, moved and started. */
export function migrateContainer(
  cluster: Cluster,
  container: Container,
  params: Values,
  caller: ProxmoxCaller,
): string {
  const { authId } = caller;
  const target = cluster.member(String(params.target)).node;
  if (container.running && params.online !== 1 && params.restart !== 1)
    die("can't migrate running container without --online or --restart");
  const { map, targets } = storageMap("target-storage", params["target-storage"]);
  if (targets.length > 0) cluster.access.require(authId, `/vms/${container.vmid}`, ["VM.Config.Disk"]);
  for (const storage of targets) requireTarget(cluster, authId, storage, { node: target, content: "rootdir" });
  const requested = requestMigration(cluster, container, target, caller);
  if (requested !== undefined) return requested;
  return cluster.lockedTask(container, container.node, "vzmigrate", authId, async (worker) => {
    const wasRunning = container.running;
    await journey(cluster, container, target, worker, {
      prepare: (log) => {
        container.checkLock();
        if (container.running && params.online === 1) die("lxc live migration is currently not implemented");
        for (const [key, value] of container.config) {
          const { volume = "", shared } = /^(rootfs|mp\d+)$/.test(key) ? parseContainerOption(key, String(value)) : {};
          if (volume.startsWith("/") && shared !== "1")
            die(`cannot migrate local ${volume.startsWith("/dev/") ? "device" : "bind"} mount point '${key}'`);
          const storage = volume.split(":")[0] ?? "";
          if (!volume.includes(":") || cluster.storages.get(storage).shared) continue;
          cluster.storages.enabled(target, map(storage));
        }
        if (wasRunning) {
          log(`shutdown CT ${container.vmid}`);
          container.running = false;
          applyContainerPending(cluster, container);
        }
      },
      scan: (log) => scan(cluster, container, log),
      move: (log) => {
        carryVolumes(cluster, container, target, { volids: localVolumes(cluster, container), map, log });
        log("start final cleanup");
        container.node = target;
        if (!wasRunning) return;
        log("start container on target node");
        container.running = true;
        container.startedAt = cluster.now();
      },
    });
  });
}

function scan(cluster: Cluster, container: Container, log: (line: string) => void): void {
  const own = localVolumes(cluster, container);
  for (const [, { volume = "" }] of container.volumes) {
    const storage = volume.split(":")[0] ?? "";
    if (cluster.storages.get(storage).shared) log(`volume '${volume}' is on shared storage '${storage}'`);
  }
  const errors = own.flatMap((volid) => {
    const base = cluster.storages.need(container.node, volid).parent;
    if (base !== undefined) return [`can't migrate local volume '${volid}': clone of '${base.split(/[:/]/).pop()}'`];
    return container.snapshots.size > 0
      ? [`can't migrate local volume '${volid}': non-migratable snapshot exists`]
      : [];
  });
  for (const volid of own) log(`found local volume '${volid}' (in current VM config)`);
  for (const line of errors) log(line);
  if (errors.length > 0) die("can't migrate CT - check log");
}
