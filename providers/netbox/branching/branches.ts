import { UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { nearest } from "../../nearest";
import type { NetboxClient } from "../client";
import { branch, branchDiff, branchDiffFields, branchFields, type NetboxBranch } from "./schemas";

export const branchPath = "plugins/branching/branches";

/** A branch's page in NetBox. */
export const branchPage = (netbox: Pick<NetboxClient, "url">, { id }: Pick<NetboxBranch, "id">): string =>
  `${netbox.url}/${branchPath}/${id}/`;

const isDenied = (error: unknown): boolean => error instanceof HttpError && error.status === 403;

/** What keeps a branch from being read, by its status; undefined of one that is ready. */
function hindrance({ status, mergedAt }: NetboxBranch): string | undefined {
  switch (status) {
    case "ready":
      return undefined;
    case "new":
    case "provisioning":
      return "is still being made: wait until it is ready; where it stays so, start NetBox's background worker";
    case "syncing":
    case "migrating":
    case "merging":
    case "reverting":
      return `is just ${status}: wait until that has ended`;
    case "merged":
      return `was merged${mergedAt === undefined ? "" : ` on ${mergedAt.slice(0, 16).replace("T", " ")} UTC`}, so that main has what it had: plan without --branch`;
    case "archived":
      return "was archived, so that nobody can read it any more: plan another branch, or main";
    case "pending-migrations":
      return "waits for migrations of its database: migrate it on its page in NetBox";
    case "failed":
      return "failed: its page in NetBox says of what; mend that, or make the branch anew";
    default:
      return `has the status ${status}, in which nobody can read it: wait until it is ready`;
  }
}

/**
 * The branch of a name, ready to be read.
 * @param netbox reads main
 * @throws UserError where there is none, where it is not ready, and where NetBox knows no branches
 */
export async function findBranch(netbox: NetboxClient, name: string): Promise<NetboxBranch> {
  const { plugins } = await netbox.status();
  if (!plugins.includes("netbox_branching"))
    throw new UserError(
      `NetBox at ${netbox.url} has no branches, so that ${name} can't be read: install its plugin netbox-branching, or plan without --branch.`,
    );
  const all = await readBranches(netbox);
  const [found, ...others] = all.filter((each) => each.name === name);
  if (found === undefined) {
    const ready = all.filter(({ status }) => status === "ready").map((each) => each.name);
    const meant = nearest(name, ready.length > 0 ? ready : all.map((each) => each.name));
    const known =
      meant !== undefined
        ? `is ${meant} meant?`
        : ready.length === 0
          ? "no branch is ready there."
          : `ready are ${ready.slice(0, 5).join(", ")}${ready.length > 5 ? ` and ${ready.length - 5} more` : ""}.`;
    throw new UserError(`There is no branch ${name} in NetBox (${netbox.url}/${branchPath}/): ${known}`);
  }
  if (others.length > 0)
    throw new UserError(
      `${others.length + 1} branches in NetBox are called ${name} (${[found, ...others].map((each) => branchPage(netbox, each)).join(", ")}): rename all but one.`,
    );
  const why = hindrance(found);
  if (why !== undefined) throw new UserError(`The branch ${name} of NetBox (${branchPage(netbox, found)}) ${why}.`);
  return found;
}

/** All branches, whatever their status. @throws HttpError */
export const listBranches = (netbox: NetboxClient): Promise<NetboxBranch[]> =>
  netbox.main.list(branchPath, branch, branchFields);

/** The same. @throws UserError where the token may not see them */
export async function readBranches(netbox: NetboxClient): Promise<NetboxBranch[]> {
  try {
    return await listBranches(netbox);
  } catch (error) {
    if (!isDenied(error)) throw error;
    throw new UserError(
      `The token's user may not see the branches of NetBox (${netbox.url}/${branchPath}/): give it the right netbox_branching.view_branch.`,
    );
  }
}

/** The objects that branches changed, of some branches. Main's own changes meanwhile are in it as conflicts only. */
export async function readBranchDiffs(netbox: NetboxClient, ids: number[], query: Record<string, boolean> = {}) {
  const wanted = new Set(ids);
  const rows = await netbox.main.list("plugins/branching/changes", branchDiff, branchDiffFields, {
    ...query,
    branch_id: ids,
  });
  return rows.filter(({ branchId }) => wanted.has(branchId));
}
