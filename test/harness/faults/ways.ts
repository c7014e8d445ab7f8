// How a run is broken, and what becomes of a guest before the next one.

/** Kills of the whole process tree: before the write has an effect, while it has it, after it and before its answer. */
export const kills = ["killed before", "killed while", "killed after"] as const;
/** What goes wrong instead of a kill: no connection, no answer, an answer of 503, one that never comes, a task that fails or is never started. */
export const failures = ["dropped", "unanswered", "refused", "times out", "task fails", "task never starts"] as const;

export type Kill = (typeof kills)[number];
export type Failure = (typeof failures)[number];

/** What happens in NetBox to one guest between the broken run and the next. */
export const fates = ["as it was", "decommissioned", "deleted", "out of scope"] as const;
export type Fate = (typeof fates)[number];

/** The same call comes more than once in a run: each is told apart by its number among its likes. */
export class Numbered {
  private readonly counts = new Map<string, number>();
  readonly all: string[] = [];

  /** @returns the name of this one */
  next(call: string): string {
    const count = (this.counts.get(call) ?? 0) + 1;
    this.counts.set(call, count);
    const name = `${call} #${count}`;
    this.all.push(name);
    return name;
  }
}

/** What such a task leaves where it is never started, only somebody on the node can take away. @param task its type and id */
export const leavesLocks = (task: string): boolean => /^(vzcreate|vzclone|qmcreate)\b/.test(task);

export const isWrite = (system: string, call: string): boolean =>
  system === "bind9" ? call.startsWith("nsupdate") : !call.startsWith("GET ") && !call.includes("/access/");
