import { HttpError } from "../http/errors";
import { groupBy } from "../values";
import { readBranchChanges, withMergedReasons } from "./branching/reasons";
import type { NetboxClient } from "./client";
import { type ChangelogEntry, changelogEntry, changelogEntryFields, ownUser } from "./schemas";

/** What the token's user needs to read the change log. */
const changelogRight = "core.view_objectchange";

/** Pages after which only the entries of single objects are asked for. */
const mostPages = 20;

const path = "core/object-changes";

/** An object as the change log names it. */
export interface ChangedObject {
  /** Django's name of its kind: `virtualization.virtualmachine`. */
  type: string;
  id: number;
}

export interface Changelog {
  /** By time, the oldest first. */
  entries: ChangelogEntry[];
  /** The user of the token; unknown before NetBox 4.5. */
  user?: string;
}

/**
 * What was changed in NetBox since a time: by one request and one for each further page; of a long log only what became of some
 * objects, by as many requests as their ids need. Of a branch, its own changes besides, as none of them is in main, and of main's those
 * that it has; where a merge brought a change to main, the reason is the branch's.
 * @returns the right that the token's user lacks, where it may not see the log
 */
export async function readChangelog(
  netbox: NetboxClient,
  since: Date,
  objects: ChangedObject[],
): Promise<Changelog | { right: string }> {
  const query = { time_after: since.toISOString() };
  const { main } = netbox;
  try {
    const branch = await netbox.branch();
    const [all, user, ofBranch] = await Promise.all([
      main.listWithin(mostPages, path, changelogEntry, changelogEntryFields, query),
      readUser(main),
      branch === undefined ? [] : readBranchChanges(netbox, branch),
    ]);
    const rows = all ?? (await readEntriesOf(main, query, objects));
    const until = branch === undefined ? Number.POSITIVE_INFINITY : new Date(branch.syncedAt).getTime();
    // NetBox ignores a filter that it doesn't know, and writes microseconds.
    const within = rows.filter(({ time }) => {
      const at = new Date(time).getTime();
      return at >= since.getTime() && at <= until;
    });
    const entries = await withMergedReasons(
      main,
      within.sort((a, b) => a.id - b.id),
    );
    return {
      entries: [...entries, ...ofBranch].sort((a, b) => a.id - b.id),
      ...(user === undefined ? {} : { user }),
    };
  } catch (error) {
    if (error instanceof HttpError && error.status === 403) return { right: changelogRight };
    throw error;
  }
}

async function readEntriesOf(
  netbox: NetboxClient,
  query: { time_after: string },
  objects: ChangedObject[],
): Promise<ChangelogEntry[]> {
  const lists = await Promise.all(
    [...groupBy(objects, ({ type }) => type)].map(async ([type, some]) => {
      const ids = new Set(some.map(({ id }) => id));
      const selection = { ...query, changed_object_type: type, changed_object_id: [...ids] };
      const rows = await netbox.list(path, changelogEntry, changelogEntryFields, selection);
      return rows.filter((row) => row.type === type && ids.has(row.objectId));
    }),
  );
  return lists.flat();
}

const readUser = async (netbox: NetboxClient): Promise<string | undefined> =>
  (await netbox.isSince(4, 5)) ? (await netbox.myself(ownUser)).username : undefined;
