import type { ChangelogEntry } from "../../../providers/netbox/schemas";
import { addressOwner, parseMaking, parseRecord } from "../../../providers/ownership/netbox";
import { isOf } from "./touches";

// What this program itself writes into NetBox is no reason for what it does next. A person may go by the user of its token, so
// that an entry is looked at for what it wrote: marks of ours, and what the state says that we wrote.

/** What the stack's state says of its writes. */
export interface OwnWrites {
  /** Is a stack, `project/stack`, this one, by today's name or a former one? */
  owns: (stack: string) => boolean;
  /** The path of the custom field that takes VMIDs: `custom_fields.proxmox_vmid`. */
  vmidPath: string;
  /** The VMIDs of guests by their ids in NetBox. */
  vmids: ReadonlyMap<number, number>;
  /** NetBox ids of addresses that were made primary. */
  primaries: ReadonlySet<number>;
  /** NetBox ids of guests that were set to active once they ran. */
  promoted: ReadonlySet<number>;
}

/** Did this program write it? @param user whose the token is, where that is known */
export function isOwnWrite(
  entry: ChangelogEntry,
  paths: readonly string[],
  own: OwnWrites,
  user: string | undefined,
): boolean {
  if (user !== undefined && entry.user !== user) return false;
  const isOurs = (stack: string | undefined) => stack !== undefined && own.owns(stack);
  const description = (data: Record<string, unknown>) =>
    typeof data.description === "string" ? data.description : undefined;
  const markIn = (data: Record<string, unknown>) => {
    const text = description(data) ?? "";
    return (addressOwner(text) ?? parseRecord(text))?.stack;
  };
  if (entry.action === "create") return isOurs(markIn(entry.after)) || isOurs(parseMaking(entry.message)?.stack);
  // A person may delete what is ours; what this program deleted stands in no state any more, and nothing asks for it.
  if (entry.action === "delete") return false;
  // It marked, took back or reserved an address or a record.
  if (paths.includes("description") && (isOurs(markIn(entry.before)) || isOurs(markIn(entry.after)))) return true;
  return entry.type === "virtualization.virtualmachine" && paths.length > 0 && isWrittenToMachine(entry, paths, own);
}

function isWrittenToMachine({ objectId, before, after }: ChangelogEntry, paths: readonly string[], own: OwnWrites) {
  const { vmidPath, vmids, primaries, promoted } = own;
  return paths.every((path) => {
    if (isOf(path, [vmidPath])) return Number(fieldAt(after, vmidPath)) === vmids.get(objectId);
    if (path === "primary_ip4" || path === "primary_ip6") return primaries.has(Number(after[path]));
    if (path === "status") return before.status === "staged" && after.status === "active" && promoted.has(objectId);
    return false;
  });
}

const fieldAt = (data: Record<string, unknown>, path: string): unknown => {
  const [, name = ""] = path.split(".");
  const fields = data.custom_fields;
  return typeof fields === "object" && fields !== null
    ? Object.entries(fields).find(([key]) => key === name)?.[1]
    : undefined;
};
