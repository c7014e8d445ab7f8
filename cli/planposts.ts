import { messageOf, UserError } from "../providers/errors";
import { redact } from "../providers/http/redact";
import { branchPath, readBranches } from "../providers/netbox/branching/branches";
import { branchJournal, branchJournalFields } from "../providers/netbox/branching/schemas";
import type { NetboxClient } from "../providers/netbox/client";
import type { PlanReport } from "../stacks/plan/report";
import type { CodeHost } from "./codehost";

// Where the report of a branch goes: to who reviews it.

/** A report with its text. */
export interface PostedPlan {
  stack: string;
  branch: string;
  markdown: string;
  /** The report itself, for other tools. */
  report?: PlanReport;
}

/** A place that takes it. */
export interface PlanPost {
  /** For people: `the branch in NetBox`. */
  place: string;
  /** @throws where it isn't taken */
  post(plan: PostedPlan): Promise<void>;
}

/** Gives it to each place; what one doesn't take is a warning. */
export async function postPlan(
  plan: PostedPlan,
  posts: readonly PlanPost[],
  warn: (sentence: string) => void,
): Promise<void> {
  await Promise.all(
    posts.map(({ place, post }) =>
      post(plan).catch((error: unknown) =>
        warn(
          `${plan.stack}: the plan of the branch ${plan.branch} isn't on ${place}: ${messageOf(error).replace(/\.$/, "")}.`,
        ),
      ),
    ),
  );
}

const entries = "extras/journal-entries";
/** Of a branch, as NetBox names its kind. */
const kind = "netbox_branching.branch";
/** Characters of an entry; more than a page is read by nobody. */
const longest = 60_000;

/**
 * As a journal entry of the branch: one for each stack, rewritten by every plan. It is main's, as the branch's page shows main's.
 * @param netbox reads and writes main
 */
export const journalPost = (netbox: NetboxClient): PlanPost => ({
  place: "the branch in NetBox",
  async post({ stack, branch, markdown }) {
    const found = (await readBranches(netbox)).find(({ name }) => name === branch);
    if (found === undefined)
      throw new UserError(`There is no branch ${branch} in NetBox any more (${netbox.url}/${branchPath}/).`);
    const title = `**netbox-proxmox: what merging this branch does to ${stack}**`;
    const comments = redact(`${title}\n\n${markdown}`).slice(0, longest);
    const known = (
      await netbox.list(entries, branchJournal, branchJournalFields, {
        assigned_object_type: kind,
        assigned_object_id: found.id,
      })
    ).find((each) => each.kind === kind && each.objectId === found.id && each.comments.startsWith(title));
    if (known === undefined)
      await netbox.create(entries, branchJournal, {
        assigned_object_type: kind,
        assigned_object_id: found.id,
        kind: "info",
        comments,
      });
    else
      await netbox.change(entries, known.id, branchJournal, branchJournalFields, (now) =>
        now.comments === comments ? undefined : { comments },
      );
  },
});

/** As JSON to any URL: `{stack, branch, markdown, report}`. */
export const webhookPost = (url: string): PlanPost => ({
  place: new URL(url).origin,
  async post(plan) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: redact(JSON.stringify(plan)),
      signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok)
      throw new UserError(`it answers with ${response.status} (${(await response.text()).slice(0, 200)}).`);
  },
});

/** As the one comment of this branch on the pull or merge request at hand. */
export const commentPost = (host: CodeHost): PlanPost => ({
  place: "the pull request",
  async post({ stack, branch, markdown }) {
    const marker = `<!-- netbox-proxmox plan of ${stack} for the branch ${branch.replaceAll("--", "- -")} -->`;
    await host.comment(marker, redact(`${marker}\n\n${markdown}`));
  },
});
