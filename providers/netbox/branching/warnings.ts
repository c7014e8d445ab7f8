import { HttpError } from "../../http/errors";
import type { NetboxClient } from "../client";
import { branchPage, readBranchDiffs } from "./branches";
import { mainChange, mainChangeFields, type NetboxBranch } from "./schemas";

// What a branch lacks of main, and where the two disagree.

const log = "core/object-changes";
/** Changes that are read to be counted; of more only the number is told. */
const most = 1000;
/** Of netbox-branching: these are the same in every branch. */
const shared =
  /^(core|users|netbox_branching|netbox_changes)\.|^extras\.(customfield|customfieldchoiceset|customlink|eventrule|exporttemplate|notificationgroup|savedfilter|webhook)$/;
/** A note beside an object changes nothing of it; this program writes some itself. */
const journal = "extras.journalentry";

/** What a reader of the branch's plan has to know: one sentence each. */
export async function branchWarnings(netbox: NetboxClient): Promise<string[]> {
  const branch = await netbox.branch();
  if (branch === undefined) return [];
  return (await Promise.all([unsynced(netbox, branch), conflicting(netbox, branch)])).flat();
}

async function unsynced(netbox: NetboxClient, branch: NetboxBranch): Promise<string[]> {
  const title = `The branch ${branch.name} (${branchPage(netbox, branch)})`;
  const query = { time_after: branch.syncedAt };
  try {
    const count = await netbox.main.count(log, query);
    const rows = count > most ? undefined : await netbox.main.list(log, mainChange, mainChangeFields, query);
    const since = new Date(branch.syncedAt).getTime();
    const missing = rows?.filter(
      ({ time, type }) => new Date(time).getTime() > since && !shared.test(type) && type !== journal,
    );
    if (missing?.length === 0) return [];
    const newest = missing?.at(-1);
    const last = newest === undefined ? "" : `, the last by ${newest.user} on ${minute(newest.time)}`;
    const changes = missing?.length === 1 ? "1 change" : `${missing?.length ?? count} changes`;
    return [
      `${title} needs a sync: main got ${changes} since ${minute(branch.syncedAt)}${last}, which this plan shows as if a merge took them back: sync the branch in NetBox, and plan again.`,
    ];
  } catch (error) {
    return unseen(error, `Whether main got changes that the branch ${branch.name} lacks`, "core.view_objectchange");
  }
}

async function conflicting(netbox: NetboxClient, branch: NetboxBranch): Promise<string[]> {
  try {
    const rows = await readBranchDiffs(netbox, [branch.id], { has_conflicts: true });
    return rows
      .filter(({ conflicts }) => conflicts.length > 0)
      .map(
        ({ text, type, conflicts }) =>
          `The branch ${branch.name} (${branchPage(netbox, branch)}) and main both changed ${conflicts.join(", ")} of ${text} (${type}): a merge takes the branch's value, and asks for that first.`,
      );
  } catch (error) {
    return unseen(
      error,
      `Whether the branch ${branch.name} and main changed the same`,
      "netbox_branching.view_changediff",
    );
  }
}

function unseen(error: unknown, what: string, right: string): string[] {
  if (!(error instanceof HttpError) || error.status !== 403) throw error;
  return [`${what}, is unknown: the token's user lacks the right ${right}.`];
}

const minute = (time: string): string => `${time.slice(0, 16).replace("T", " ")} UTC`;
