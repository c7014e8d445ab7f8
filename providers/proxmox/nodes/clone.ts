import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import type { GuestResource } from "../schemas";
import type { GuestInputs } from "./guest.model";

/** Clones a guest from another one of its kind, with its mark in the very call. @param kind the guest's, never the source's: cloning one of another kind fails. @param named its name, as its kind calls that @returns the node where it is */
export async function cloneFrom(
  cluster: ProxmoxCluster,
  kind: GuestResource["type"],
  source: GuestResource,
  wanted: GuestInputs,
  named: RequestParameters,
): Promise<string> {
  const target = wanted.node ?? wanted.placement ?? source.node;
  await cluster.task("POST", `/nodes/${source.node}/${kind}/${source.vmid}/clone`, {
    newid: wanted.vmid,
    ...named,
    description: wanted.description,
    full: wanted.fullClone ? 1 : 0,
    ...(wanted.fullClone && wanted.storage !== undefined ? { storage: wanted.storage } : {}),
    ...(wanted.pool === undefined || wanted.pool === "" ? {} : { pool: wanted.pool }),
    ...(target !== source.node ? { target } : {}),
  });
  return target;
}
