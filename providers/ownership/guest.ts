import { context, former } from "../context";
import { descriptionFrom } from "../proxmox/nodes/guest.model";
import { findMark, type Mark } from "./mark";
import { markOwner } from "./owner";

/** The stack, if another one, whose mark for the same NetBox object stands on the guest at a VMID. */
export async function otherStackOf(
  mark: Mark,
  clusterName: string | undefined,
  vmid: number | undefined,
): Promise<string | undefined> {
  const cluster = context().proxmox.find(({ name }) => name === clusterName);
  const there = vmid === undefined ? undefined : await cluster?.find(vmid);
  const seen = there && (await cluster?.guest(there.type, there.node, there.vmid));
  const found = seen && findMark(descriptionFrom(seen.config));
  if (found === undefined) return undefined;
  const { url } = context().netbox;
  // Another object's guest at that VMID says nothing of this one.
  const isSameObject = markOwner({ ...mark, stack: found.stack }, found, url, former()).of === "us";
  return isSameObject && markOwner(mark, found, url, former()).of === "other" ? found.stack : undefined;
}
