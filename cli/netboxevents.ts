import { z } from "zod";

// What an event of NetBox is of: main, or a branch.

const named = z.looseObject({ name: z.string() });
/** Where NetBox says which branch an event is of; null of main, and left out where nobody knew. */
const place = z.looseObject({ active_branch: named.nullish() }).nullish();

/** What NetBox says of a change; a rule with a template of its own may say less. */
const event = z.looseObject({
  event: z.string().optional(),
  object_type: z.string().optional(),
  model: z.string().optional(),
  /** Before NetBox 4.7, */
  username: z.string().optional(),
  /** and since. */
  request: z.looseObject({ id: z.string().optional(), user: z.string().optional() }).nullish(),
  /** Of netbox-branching, by the pages of NetBox, */
  context: place,
  /** and by any way, where EVENTS_PIPELINE has its `add_branch_context`. */
  data: z
    .looseObject({
      id: z.number().optional(),
      display: z.string().optional(),
      name: z.string().optional(),
      active_branch: named.nullish(),
    })
    .optional(),
});

export interface ReadEvent {
  /** For people: `virtualization.virtualmachine web01 updated by ada`. */
  text: string;
  user: string;
  /** What it asks for. */
  asks:
    | { does: "run" }
    /** A branch was merged, or its merge taken back: main has changed. */
    | { does: "run"; merged: string }
    | { does: "plan"; branch: string }
    /** In main, or in a branch: only NetBox's log knows in which of them this request was. */
    | { does: "look up"; request: string }
    /** @param why it is no news of what should exist */
    | { does: "nothing"; why: string };
}

/** Entries of the journal, this program's own among them, say nothing of what should exist. */
const isOfJournal = (type: string | undefined): boolean => /(^|\.)journal ?entry$/i.test(type ?? "");

/** Main has changed; the branch's name is added. */
const merges = new Set(["branch_merged", "branch_reverted"]);
/** The branch has other content than before. */
const refills = new Set(["branch_provisioned", "branch_synced"]);

/** A name in NetBox may hold anything. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, "?").slice(0, 200);

export function readEvent(body: unknown): ReadEvent {
  const parsed = event.safeParse(body);
  // Whatever it is, something has changed.
  if (!parsed.success) return { text: "NetBox calls", user: "somebody", asks: { does: "run" } };
  const { event: what = "changed", object_type: type, model, username, request, data, context } = parsed.data;
  const user = request?.user ?? username ?? "somebody";
  const object = [type ?? model ?? "object", data?.display ?? data?.name ?? data?.id]
    .filter((part) => part !== undefined)
    .join(" ");
  const text = printable(`${object} ${what} by ${user}`);
  const read = (asks: ReadEvent["asks"]): ReadEvent => ({ text, user, asks });

  if (isOfJournal(type ?? model)) return read({ does: "nothing", why: "the journal" });
  if (type?.startsWith("netbox_branching.") === true) {
    const branch = type === "netbox_branching.branch" ? data?.name : undefined;
    if (branch !== undefined && merges.has(what)) return read({ does: "run", merged: branch });
    if (branch !== undefined && refills.has(what)) return read({ does: "plan", branch });
    return read({ does: "nothing", why: "neither main nor the branch changed" });
  }
  const active = [context?.active_branch, data?.active_branch].find((each) => each !== undefined);
  if (active) return read({ does: "plan", branch: active.name });
  if (active === null || request?.id === undefined) return read({ does: "run" });
  return read({ does: "look up", request: request.id });
}
