import type { Context } from "../providers/context";
import { HttpError } from "../providers/http/errors";
import { type Changelog, readChangelog } from "../providers/netbox/changelog";
import type { ProxmoxCluster } from "../providers/proxmox/client";
import { SingleReads } from "../providers/proxmox/reads";
import { becauseOf, type ReasonFacts } from "./plan/because/because";
import type { GuestTask } from "./plan/because/drift";
import { refParts } from "./plan/because/entries";
import type { Change } from "./plan/change";

/** What reasons are found in, but for what is read for them. */
export type GivenReasons = Omit<ReasonFacts, "netboxUrl" | "tasks" | "ownTokens">;

/**
 * The changes with their reasons: from NetBox's change log and, where guests drifted, from the task logs of their cluster's nodes,
 * by a request a node. A log that can't be read is a reason that is unknown, and never an error.
 * @param since when the last successful `up` began; undefined where there was none
 */
export async function withReasons(
  context: Context,
  changes: readonly Change[],
  since: Date | undefined,
  given: GivenReasons,
): Promise<Change[]> {
  if (changes.length === 0) return [];
  const [log, tasks] = await Promise.all([readLog(context, changes, since), readTasks(context, since, given)]);
  const ownTokens = new Set(context.proxmox.map(({ authId }) => authId));
  const netboxUrl = context.hasNetbox ? context.netbox.url : "";
  return becauseOf(changes, log, { ...given, netboxUrl, tasks, ownTokens });
}

/** What comes from no object of NetBox has no entries in its change log. */
const nothing: Changelog = { entries: [] };

async function readLog(
  context: Context,
  changes: readonly Change[],
  since: Date | undefined,
): Promise<Changelog | { right?: string } | undefined> {
  if (since === undefined) return undefined;
  const refs = [...new Set(changes.flatMap(({ from = [] }) => from))];
  if (!context.hasNetbox || refs.length === 0) return nothing;
  try {
    return await readChangelog(context.netbox, since, refs.map(refParts));
  } catch (error) {
    if (error instanceof HttpError) return {};
    throw error;
  }
}

async function readTasks(
  { proxmox }: Context,
  since: Date | undefined,
  { drifted = new Map() }: GivenReasons,
): Promise<GuestTask[]> {
  const guests = [...drifted.values()].flatMap(({ guest }) => guest ?? []);
  if (since === undefined || guests.length === 0) return [];
  const asked = proxmox.map((cluster) => ({
    cluster,
    vmids: new Set(guests.flatMap((guest) => (guest.cluster === cluster.name ? [guest.vmid] : []))),
  }));
  const lists = await Promise.all(
    asked.map(({ cluster, vmids }) => (vmids.size === 0 ? [] : guestTasks(cluster, vmids, since))),
  );
  return lists.flat();
}

/** Tasks that a node is asked for. */
const mostTasks = 5000;

async function guestTasks(cluster: ProxmoxCluster, vmids: ReadonlySet<number>, since: Date): Promise<GuestTask[]> {
  try {
    const { nodes } = await cluster.inventory();
    const online = nodes.flatMap((each) => (each.online ? [each.node] : []));
    const { found } = await new SingleReads().ofNodes(online, (node) => cluster.endedTasks(node, since, mostTasks));
    return found
      .flatMap(({ value }) => value)
      .flatMap(({ upid, type, user, tokenid, id, starttime = 0 }) =>
        vmids.has(Number(id))
          ? [
              {
                ...{ cluster: cluster.name, vmid: Number(id), upid, type },
                user: tokenid === undefined ? user : `${user}!${tokenid}`,
                time: new Date(starttime * 1000).toISOString(),
              },
            ]
          : [],
      );
  } catch (error) {
    // The drift is told without its task.
    if (error instanceof HttpError) return [];
    throw error;
  }
}
