import { HttpError } from "../../http/errors";
import type { NetboxClient } from "../client";
import { type ChangelogEntry, changelogEntry, changelogEntryFields } from "../schemas";
import { branchPage, listBranches, readBranchDiffs } from "./branches";
import type { NetboxBranch } from "./schemas";

// Who changed what in a branch, and why: before a merge in the branch's own log, after it by what is left of the branch.

/** The entries of one merge follow one another; so many milliseconds lie between two of them at most. */
const apart = 60_000;

/**
 * The changes of the branch that a client reads, by time, the oldest first: none of them is in main. Each leads to its page in the
 * branch; one without a message has the branch's name and description.
 */
export async function readBranchChanges(netbox: NetboxClient, branch: NetboxBranch): Promise<ChangelogEntry[]> {
  const rows = await netbox.list("core/object-changes", changelogEntry, changelogEntryFields);
  return rows.map((row) => ({
    ...row,
    message: row.message === "" ? reasonOf(branch) : row.message,
    page: `${netbox.url}/core/changelog/${row.id}/?_branch=${branch.schemaId}`,
  }));
}

/**
 * Entries of main's log, with what is known of those that a merge brought: NetBox gives them no message, whatever was written in the
 * branch. They have the branch's name and description, and lead to its page.
 * @param entries by time, the oldest first
 */
export async function withMergedReasons(
  netbox: NetboxClient,
  entries: readonly ChangelogEntry[],
): Promise<ChangelogEntry[]> {
  const [oldest] = entries.filter(({ message }) => message === "");
  if (oldest === undefined || !(await netbox.hasPlugin("netbox_branching"))) return [...entries];
  try {
    const since = new Date(oldest.time).getTime();
    const merged = (await listBranches(netbox)).flatMap((branch) => {
      const at = new Date(branch.mergedAt ?? 0).getTime();
      return at >= since ? [{ branch, at }] : [];
    });
    if (merged.length === 0) return [...entries];
    const ids = merged.map(({ branch }) => branch.id);
    const diffs = await readBranchDiffs(netbox, ids);
    const told = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { branch, at } of merged) {
      const own = new Set(
        diffs.flatMap(({ branchId, type, objectId }) => (branchId === branch.id ? [`${type}/${objectId}`] : [])),
      );
      for (const entry of broughtBy(entries, own, at))
        told.set(entry.id, { ...entry, message: reasonOf(branch), page: branchPage(netbox, branch) });
    }
    return [...told.values()];
  } catch (error) {
    // Without the right to see branches, main's own log is what there is.
    if (error instanceof HttpError && error.status === 403) return [...entries];
    throw error;
  }
}

/** The entries that a merge wrote, by the objects that its branch changed and the time of its end. */
function broughtBy(entries: readonly ChangelogEntry[], objects: ReadonlySet<string>, end: number): ChangelogEntry[] {
  const found: ChangelogEntry[] = [];
  let next = end;
  for (const entry of [...entries].reverse()) {
    const time = new Date(entry.time).getTime();
    if (time > end || entry.message !== "" || !objects.has(`${entry.type}/${entry.objectId}`)) continue;
    if (next - time > apart) break;
    next = time;
    found.push(entry);
  }
  return found;
}

/** `branch bigger web01: ticket 4711` */
const reasonOf = ({ name, description }: NetboxBranch): string =>
  description === "" ? `branch ${name}` : `branch ${name}: ${description}`;
