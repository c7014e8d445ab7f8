import { z } from "zod";
import type { ProxmoxCluster } from "../../client";
import { storageVolume } from "../../schemas";

// What a storage can do, as far as that hangs on its type.

/** On these a disk is a file, and raw where nobody chooses: only qcow2 keeps snapshots there. */
const fileTypes: readonly string[] = ["cifs", "dir", "glusterfs", "nfs"];
/** Storages that keep snapshots of any disk. */
const snapshotTypes: readonly string[] = ["btrfs", "rbd", "zfs", "zfspool", "lvmthin"];

/** The format of a virtual machine's new disk, where its storage has a choice and the usual one keeps no snapshots. */
export const formatOfNewDisk = (storageType: string | undefined): "qcow2" | undefined =>
  storageType !== undefined && fileTypes.includes(storageType) ? "qcow2" : undefined;

/** Of disks that this doesn't make any choice of: EFI and TPM disks. */
const dataDisk = /^(scsi|virtio|sata|ide)\d+$/;
const newDisk = /^([^:,]+):\d+(\.\d+)?(?=,|$)/;

/** Options for a guest's configuration, where each new data disk of a virtual machine has its format. */
export async function withFormats<V>(
  cluster: ProxmoxCluster,
  set: Record<string, V>,
): Promise<Record<string, V | string>> {
  const entries = Object.entries(set).map(async ([key, value]): Promise<[string, V | string]> => {
    const storage = dataDisk.test(key) ? newDisk.exec(String(value))?.[1] : undefined;
    const format = storage === undefined ? undefined : formatOfNewDisk(await cluster.storageType(storage));
    return [key, format === undefined ? value : `${value},format=${format}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Does a storage keep snapshots of a new disk of a virtual machine, or a new volume of a container? Undefined of types that nobody
 * here knows. @param isChained is the storage set to keep them as a chain of volumes (PVE 9)?
 */
export function keepsSnapshots(
  storageType: string | undefined,
  guest: "qemu" | "lxc",
  isChained: boolean | undefined,
): boolean | undefined {
  if (storageType === undefined) return undefined;
  if (snapshotTypes.includes(storageType)) return true;
  // A container's volume is raw there.
  if (fileTypes.includes(storageType)) return guest === "qemu";
  if (storageType === "lvm") return guest === "qemu" ? isChained : false;
  return storageType === "iscsi" || storageType === "iscsidirect" ? false : undefined;
}

const storageConfig = z.object({
  storage: z.string(),
  "snapshot-as-volume-chain": z.union([z.number(), z.boolean()]).optional(),
});

/** The storages that keep snapshots as a chain of volumes. */
export async function readChainedStorages(cluster: ProxmoxCluster): Promise<Set<string>> {
  const all = await cluster.get("/storage", z.array(storageConfig));
  return new Set(all.flatMap(({ storage, ...set }) => (set["snapshot-as-volume-chain"] ? [storage] : [])));
}

/** The volumes of snippets that a storage has; none where the caller has no Datastore.Allocate on it. */
export async function readSnippets(cluster: ProxmoxCluster, node: string, storage: string): Promise<string[]> {
  const query = { content: "snippets" };
  const found = await cluster.get(`/nodes/${node}/storage/${storage}/content`, z.array(storageVolume), query);
  return found.map(({ volid }) => volid);
}
