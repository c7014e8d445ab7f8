import { HttpError } from "../http/errors";
import type { NotNow } from "../http/retry";

/**
 * What is done about an answer that may hold for a moment only: the same is asked again, up to four times; the object is looked at,
 * and the same is asked again only where nothing of it was done; or the run ends with the answer.
 */
export type Remedy = "ask again" | "look first" | "give up";

export interface MomentaryAnswer {
  /** As a person reads it. */
  answer: string;
  /** Answers of the HTTP API; 500 where it is not said. */
  statuses?: readonly number[];
  /** Of the message, or of a task's exit status. */
  message?: RegExp;
  /** Who says so: the answer to any request, the one to a request that starts a task, or the exit status of a task. */
  from: readonly ("request" | "start" | "task")[];
  remedy: Remedy;
  /** Of what is looked at: can nothing be under way any more? Otherwise it is not asked again, as it may still come. */
  isOver?: true;
  /** Was nothing done for certain, but for what the request itself writes before its task? */
  isUndone?: true;
  why: string;
}

/**
 * By the published sources of pve-common, pve-cluster, pve-http-server, qemu-server and pve-container for PVE 9.2. The first row that
 * fits counts. `docs/answers.md` has the same table, and a test holds it to this one.
 */
export const momentaryAnswers: readonly MomentaryAnswer[] = [
  {
    answer: "`can't lock file '…' - got timeout`",
    message: /can't lock file '.*' - got timeout/,
    from: ["request", "start", "task"],
    remedy: "ask again",
    why: "Others hold the guest's lock. PVE waits 10 s for it, before it does anything.",
  },
  {
    answer: "`cfs-lock '…' error: got lock request timeout`, of a request",
    message: /cfs-lock '.*' error: got lock (request )?timeout/,
    from: ["request", "start"],
    remedy: "ask again",
    why: "Others hold the lock of a file of the cluster. PVE waits 10 s for it, before it does anything.",
  },
  {
    answer: "`cfs-lock '…' error: got lock request timeout`, of a task",
    message: /cfs-lock '.*' error: got lock (request )?timeout/,
    from: ["task"],
    remedy: "look first",
    isOver: true,
    why: "A task asks for the locks of storages and of the list of users in the midst of its work.",
  },
  {
    answer: "`'…'-locked command timed out - aborting`",
    message: /'.*'-locked command timed out - aborting/,
    from: ["request", "start", "task"],
    remedy: "look first",
    isOver: true,
    why: "PVE had the lock, and broke its work off after 60 s.",
  },
  {
    answer: "`cluster not ready - no quorum?`, `cfs-lock '…' error: no quorum!`, `pve cluster filesystem not online`",
    message: /cluster not ready - no quorum|cfs-lock '.*' error: no quorum|pve cluster filesystem not online/,
    from: ["request", "start", "task"],
    remedy: "ask again",
    why: "PVE looks for its quorum before it does anything. A quorum that was lost just now is back within seconds; one that stays away ends the run.",
  },
  {
    answer:
      "a file below `/etc/pve`: `Permission denied`, `Device or resource busy`, `Transport endpoint is not connected`",
    message: /\/etc\/pve\/.*(Permission denied|Device or resource busy|Transport endpoint is not connected)/,
    from: ["request", "start", "task"],
    remedy: "look first",
    isOver: true,
    why: "The quorum was lost, or the cluster's file system restarted, while PVE was at work.",
  },
  {
    answer:
      "`got no worker upid - start worker failed`, `starting worker failed: …`, `unable to fork worker - …`, `parent setup error`",
    message:
      /got (no|strange) worker upid|starting worker failed|unable to fork worker|unable to read process start time|parent setup error/,
    from: ["start", "task"],
    remedy: "look first",
    isOver: true,
    isUndone: true,
    why: "The task's worker is killed before it does anything. But a creation has made a locked guest before its worker, and a container's clone has locked its source too.",
  },
  {
    answer: "`unexpected status`, `unable to get last line from task log`, `no such task`",
    message: /^(unexpected status|unable to get last line from task log|no such task)/,
    from: ["task"],
    remedy: "look first",
    isOver: true,
    why: "The task is over, and its log doesn't say how it ended. That is neither success nor failure: the object decides.",
  },
  {
    answer: "`qmp command '…' failed - got timeout`, `unable to connect to VM … qmp socket - timeout`",
    message: /qmp command '.*' failed - got timeout|qmp socket - timeout/,
    from: ["start", "task"],
    remedy: "look first",
    isOver: true,
    why: "QEMU was too busy to answer, and may have done what it was told.",
  },
  {
    answer: "`CT is locked (disk)`",
    message: /CT is locked \(disk\)/,
    from: ["request", "start"],
    remedy: "ask again",
    why: "Another clone of the same container holds that lock while it copies. PVE looks at it before it does anything.",
  },
  {
    answer: "`VM is locked (…)`, `CT is locked (…)`",
    message: /(VM|CT) is locked \(/,
    from: ["request", "start", "task"],
    remedy: "give up",
    why: "A backup, snapshot, clone or migration of somebody else is at work on the guest, and may be for hours.",
  },
  {
    answer: "`storage '…' is not online`, `unable to activate storage '…'`",
    message: /storage '.*' is not online|unable to activate storage '/,
    from: ["request", "start", "task"],
    remedy: "give up",
    why: "A storage that is away comes back in minutes or when somebody mends it.",
  },
  {
    answer: "595",
    statuses: [595],
    from: ["request", "start"],
    remedy: "ask again",
    why: "The node that was asked had no connection to the guest's node, so nothing was sent there.",
  },
  {
    answer: "596, 597, 598, 599",
    statuses: [596, 597, 598, 599],
    from: ["request", "start"],
    remedy: "look first",
    why: "The node that was asked may have passed the request on. What is the same when it comes twice (GET, PUT, DELETE) is asked again.",
  },
  {
    answer: "429, 502, 503, 504",
    statuses: [429, 502, 503, 504],
    from: ["request", "start"],
    remedy: "look first",
    why: "A proxy before PVE gave up, and may have passed the request on. What is the same when it comes twice is asked again.",
  },
];

const fits = ({ statuses = [500], message }: MomentaryAnswer, status: number, text: string): boolean =>
  statuses.includes(status) && (message?.test(text) ?? true);

/** What the table says of an answer, or of a task's exit status. */
export function momentaryAnswer(from: "start" | "task", error: unknown, text: string): MomentaryAnswer | undefined {
  const status = error instanceof HttpError ? error.status : 500;
  return momentaryAnswers.find((row) => row.from.includes(from) && fits(row, status ?? 0, text));
}

/**
 * The same as the HTTP client goes by, which knows no objects: what it may ask again by itself. What only the start of a task
 * answers is left to who starts it.
 */
export const proxmoxNotNow: readonly NotNow[] = momentaryAnswers
  .filter(({ from, remedy }) => from.includes("request") && remedy !== "give up")
  .flatMap(({ statuses = [500], message, remedy }) =>
    statuses.map((status) => ({ status, ...(message ? { message } : {}), isUndone: remedy === "ask again" })),
  );
