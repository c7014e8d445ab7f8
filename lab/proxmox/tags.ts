import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { forbidden } from "./errors";
import { words } from "./schema/words";

// Who may set which tag (PVE::GuestHelpers).

const isPrivileged = ({ access }: Cluster, authId: string): boolean => access.may(authId, "/", ["Sys.Modify"]);

/** The tags that a caller may set, by name. */
export function allowedTags(cluster: Cluster, { authId }: ProxmoxCaller): string[] {
  const { options, guests } = cluster;
  const { allow, list } = options.tagAccess;
  const privileged = isPrivileged(cluster, authId);
  const found = new Set(allow !== "none" || privileged ? list : []);
  if (allow === "free" || allow === "existing" || privileged)
    for (const guest of guests.values())
      if (privileged || cluster.sees(authId, guest)) for (const tag of words(guest.text("tags"))) found.add(tag);
  for (const tag of options.registeredTags)
    if (privileged) found.add(tag);
    else found.delete(tag);
  return [...found].sort();
}

/** @throws PVE's 403 for the first tag that the caller may neither set nor take away */
export function requireTags(
  cluster: Cluster,
  caller: ProxmoxCaller,
  vmid: number,
  before: string | undefined,
  after: string | undefined,
): void {
  const { access, options } = cluster;
  access.require(caller.authId, `/vms/${vmid}`, ["VM.Config.Options"]);
  if (isPrivileged(cluster, caller.authId)) return;
  const [old, next] = [new Set(words(before)), new Set(words(after))];
  const allowed = allowedTags(cluster, caller);
  const isFree = options.tagAccess.allow === "free";
  for (const tag of [...new Set([...old, ...next])].sort()) {
    if (old.has(tag) === next.has(tag)) continue;
    if ((!isFree && !allowed.includes(tag)) || options.registeredTags.includes(tag))
      forbidden(`/, Sys.Modify for modifying tag '${tag}'`);
  }
}
