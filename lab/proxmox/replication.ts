import type { Cluster } from "./cluster";
import { die, parameterErrors } from "./errors";
import { Container } from "./lxc/container";
import { Vm } from "./qemu/vm";
import type { Values } from "./schema/parameters";
import { volumeName } from "./volumes";

// Replication needs ZFS, and the lab has none: no job comes to be.

/** Of a file without jobs. */
const emptyDigest = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

export const guestOfJob = (id: string): number => Number(id.split("-")[0]);

/** A guest's volumes that would be replicated, CD-ROMs and those that say no left out. */
function replicated(vm: Vm | Container): string[] {
  const found =
    vm instanceof Vm
      ? vm.disks.map(([, { file = "", replicate }]) => ({ volid: file, replicate }))
      : vm.volumes.map(([, { volume = "", replicate }]) => ({ volid: volume, replicate }));
  return found.filter(({ replicate }) => replicate !== "0").map(({ volid }) => volid);
}

export function createReplication(cluster: Cluster, { id, target, source }: Values): never {
  const vmid = guestOfJob(String(id));
  const guest = cluster.guests.get(vmid) ?? die(`Guest '${vmid}' does not exist.`);
  if (!cluster.nodes.has(String(target))) die(`Target '${target}' does not exist.`);
  if (source !== undefined && source !== guest.node)
    die(`Source '${source}' does not match current node of guest '${vmid}' (${guest.node})`);
  if (target === guest.node) die("Source and target must not be identical");
  if (guest instanceof Vm || guest instanceof Container)
    for (const volid of replicated(guest)) {
      if (volid.startsWith("/")) die(`unable to replicate local file/device '${volid}'`);
      const { storage, owner } = volumeName(cluster, volid);
      if (cluster.storages.get(storage).shared || owner !== vmid) continue;
      die(`missing replicate feature on volume '${volid}'`);
    }
  return die("No replicatable volumes found");
}

export function updateReplication({ id, digest }: Values): never {
  if (digest !== undefined && digest !== emptyDigest)
    die("detected modified configuration - file changed by other user? Try again.");
  return die(`no such job '${id}'`);
}

/** `force` removes an entry, whether it is there or not. */
export function deleteReplication({ id, force, keep }: Values): null {
  if (force !== 1) return die(`no such job '${id}'`);
  if (keep === 1) parameterErrors({ keep: "conflicts with parameter 'force'" });
  return null;
}

export const noReplication = (id: unknown): never => die(`no such replication job '${id}'`);
