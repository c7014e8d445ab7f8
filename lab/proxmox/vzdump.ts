import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die } from "./errors";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

/** POST …/vzdump: a back-up file of each guest, which is locked meanwhile. */
export function vzdump(cluster: Cluster, node: string, params: Values, { authId }: ProxmoxCaller): string {
  const storage = String(params.storage ?? "local");
  const vmids = params.all === 1 ? [...cluster.guests.keys()] : words(params.vmid).map(Number);
  for (const vmid of vmids) cluster.access.require(authId, `/vms/${vmid}`, ["VM.Backup"]);
  cluster.access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  const config = cluster.storages.enabled(node, storage);
  if (!config.content.split(",").includes("backup")) die(`storage '${storage}' does not support 'backup' content`);
  return cluster.tasks.run(
    node,
    "vzdump",
    vmids.length === 1 ? String(vmids[0]) : "",
    authId,
    async ({ log, wait }) => {
      log(`INFO: starting new backup job: vzdump ${vmids.join(" ")} --storage ${storage}`);
      for (const vmid of vmids) {
        const guest = cluster.guests.get(vmid);
        if (guest === undefined) {
          log(`ERROR: Backup of VM ${vmid} failed - unable to find VM '${vmid}'`);
          return die("job errors");
        }
        guest.checkLock();
        guest.config.set("lock", "backup");
        await wait(cluster.times.clone).finally(() => guest.config.delete("lock"));
        const stamp = new Date(cluster.now())
          .toISOString()
          .slice(0, 19)
          .replace(/-/g, "_")
          .replace("T", "-")
          .replace(/:/g, "_");
        const suffix = guest.type === "qemu" ? "vma.zst" : "tar.zst";
        const volid = `${storage}:backup/vzdump-${guest.type}-${vmid}-${stamp}.${suffix}`;
        const size = 1024 ** 2;
        cluster.storages.add(node, { volid, storage, size, filled: size, format: suffix, content: "backup" });
        log(`INFO: Finished Backup of VM ${vmid} (00:00:01)`);
      }
      log("INFO: Backup job finished successfully");
    },
  );
}
