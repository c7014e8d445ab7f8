import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import type { GuestResource } from "../schemas";
import type { GuestInputs } from "./guest.model";
import { formatOfNewDisk } from "./storage/storages";

/** Clones a guest from another one of its kind, with its mark in the very call. @param kind the guest's, never the source's: cloning one of another kind fails. @param named its name, as its kind calls that @returns the node where it is */
export async function cloneFrom(
  cluster: ProxmoxCluster,
  kind: GuestResource["type"],
  source: GuestResource,
  wanted: GuestInputs,
  named: RequestParameters,
): Promise<string> {
  const target = wanted.node ?? wanted.placement ?? source.node;
  const storage = wanted.fullClone ? wanted.storage : undefined;
  // Left to Proxmox VE, a copy has the format of its source where the storage can have that.
  const format =
    storage === undefined || kind === "lxc" ? undefined : formatOfNewDisk(await cluster.storageType(storage));
  await cluster.task("POST", `/nodes/${source.node}/${kind}/${source.vmid}/clone`, {
    newid: wanted.vmid,
    ...named,
    description: wanted.description,
    full: wanted.fullClone ? 1 : 0,
    ...(storage === undefined ? {} : { storage }),
    ...(format === undefined ? {} : { format }),
    ...(wanted.pool === undefined || wanted.pool === "" ? {} : { pool: wanted.pool }),
    ...(target !== source.node ? { target } : {}),
  });
  return target;
}
