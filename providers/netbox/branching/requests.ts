import type { NetboxClient } from "../client";
import { readBranches } from "./branches";

const log = "core/object-changes";

/**
 * The branch in which a request to NetBox changed something, by its id; undefined of one to main, and of one that nobody knows.
 * An event of NetBox doesn't always say it: what a program changed in a branch looks like a change of main.
 * @throws HttpError where the change log can't be read
 */
export async function branchOfRequest(netbox: NetboxClient, request: string): Promise<string | undefined> {
  const main = netbox.main;
  if (!(await main.hasPlugin("netbox_branching"))) return undefined;
  if ((await main.count(log, { request_id: request })) > 0) return undefined;
  const ready = (await readBranches(main)).filter(({ status }) => status === "ready");
  // The newest first: who works in a branch has mostly made it of late.
  for (const { name } of ready.sort((a, b) => b.id - a.id))
    if ((await main.ofBranch(name).count(log, { request_id: request })) > 0) return name;
  return undefined;
}
