import type { ProxmoxCluster } from "../client";
import * as wire from "../schemas";

/**
 * The tags that only Sys.Modify on `/` sets, and those that others may set, where they may not set any. The caller needs
 * Sys.Audit on `/`: without it the options are left out. @returns nothing of a release without such rules
 */
export async function readTagAccess(
  cluster: ProxmoxCluster,
): Promise<{ registered: Set<string>; allowed: Set<string> | undefined } | undefined> {
  const options = await cluster.get("/cluster/options", wire.tagOptions);
  const { "allowed-tags": allowed, "registered-tags": registered, "user-tag-access": access } = options;
  if (allowed === undefined) return undefined;
  return { registered: new Set(registered), allowed: access["user-allow"] === "free" ? undefined : new Set(allowed) };
}
