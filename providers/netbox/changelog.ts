import { HttpError } from "../http/errors";
import { groupBy } from "../values";
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
 * objects, by as many requests as their ids need.
 * @returns the right that the token's user lacks, where it may not see the log
 */
export async function readChangelog(
  netbox: NetboxClient,
  since: Date,
  objects: ChangedObject[],
): Promise<Changelog | { right: string }> {
  const query = { time_after: since.toISOString() };
  try {
    const [all, user] = await Promise.all([
      netbox.listWithin(mostPages, path, changelogEntry, changelogEntryFields, query),
      readUser(netbox),
    ]);
    const rows = all ?? (await readEntriesOf(netbox, query, objects));
    // NetBox ignores a filter that it doesn't know, and writes microseconds.
    const entries = rows.filter(({ time }) => new Date(time).getTime() >= since.getTime());
    return { entries: entries.sort((a, b) => a.id - b.id), ...(user === undefined ? {} : { user }) };
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
