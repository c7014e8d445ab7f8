import { HttpError } from "../http/errors";
import type { NetboxClient } from "./client";
import { type Deletion, deletion, deletionFields } from "./schemas";

/** Deletions of these machines in the change log; none where the token may not see it. A branch's log has its own ones alone. */
export async function readDeletions(netbox: NetboxClient, ids: number[]): Promise<Deletion[]> {
  const type = "virtualization.virtualmachine";
  const query = { changed_object_type: type, changed_object_id: ids, action: "delete" };
  const logs = [...new Set([netbox, netbox.main])].map((log) =>
    log.list("core/object-changes", deletion, deletionFields, query).catch((error: unknown): Deletion[] => {
      if (error instanceof HttpError && error.status === 403) return [];
      throw error;
    }),
  );
  const rows = (await Promise.all(logs)).flat();
  const wanted = new Set(ids);
  return rows.filter((row) => row.isDeletion && row.objectType === type && wanted.has(row.objectId));
}
