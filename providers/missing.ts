import { z } from "zod";
import { UserError } from "./errors";
import type { Environment } from "./settings";

// A resource that is gone leaves the state. Many that are gone at once are more likely a wrong or restored system than a fact.

/** How many may go at once: a number, or a percentage of all that there are. */
export const allowance = z.union([
  z.number().int().min(0),
  z.string().regex(/^\d{1,3}%$/, "write a number or a percentage, like 5 or 10%"),
]);
export type Allowance = z.infer<typeof allowance>;
export const defaultAllowance: Allowance = 5;

/** The number of `all` that may go at once. */
export const allowedOf = (allowed: Allowance, all: number): number =>
  typeof allowed === "number" ? allowed : Math.ceil((Number(allowed.slice(0, -1)) * all) / 100);

/** How many resources of a kind may be gone at once, and the setting that says so. */
export interface RefreshLimit {
  allowed: Allowance | "all";
  setting: string;
}

const counts = z.record(z.string(), z.number());

/**
 * How many resources of a kind the state has: NETBOX_PROXMOX_STATE_COUNTS, JSON that our own commands set where the limit is
 * a percentage. A provider is told of one resource at a time, and knows no other total.
 */
export function stateCount(kind: string, env: Environment = process.env): number | undefined {
  const given = env.NETBOX_PROXMOX_STATE_COUNTS;
  return given === undefined ? undefined : counts.parse(JSON.parse(given))[kind];
}

interface Waiting {
  title: string;
  done: () => void;
  fail: (error: Error) => void;
}

/** Milliseconds in which nothing is read, before it is decided: the engine may be about to ask for what depends on the last. */
const quiet = 500;

/** Holds each "gone" back until every other read has its answer and no more come, and refuses all of them where there are too many. */
export class MissingLimit {
  private readonly reads = new Map<string, number>();
  private readonly granted = new Map<string, number>();
  private readonly waiting = new Map<string, Waiting[]>();
  private underWay = 0;
  private timer?: NodeJS.Timeout;

  /** @param countOf how many resources of a kind the state has; those that were read so far where nobody says */
  constructor(
    private readonly limitOf: () => RefreshLimit,
    private readonly countOf: (kind: string) => number | undefined = () => undefined,
  ) {}

  /**
   * What a read finds; undefined where its resource is gone and, among however many, may be.
   * @throws UserError with all that are gone where they are too many
   */
  async read<T>(kind: string, title: string, look: () => Promise<T | undefined>): Promise<T | undefined> {
    this.reads.set(kind, (this.reads.get(kind) ?? 0) + 1);
    this.underWay++;
    try {
      const found = await look();
      if (found !== undefined) return found;
    } finally {
      this.underWay--;
      this.wind();
    }
    return new Promise<undefined>((resolve, fail) => {
      const done = () => resolve(undefined);
      this.waiting.set(kind, [...(this.waiting.get(kind) ?? []), { title, done, fail }]);
    });
  }

  private wind(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // One that is under way winds it again when it ends.
      if (this.underWay === 0) for (const kind of [...this.waiting.keys()]) this.decide(kind);
    }, quiet);
  }

  private decide(kind: string): void {
    const all = this.waiting.get(kind) ?? [];
    this.waiting.delete(kind);
    const before = this.granted.get(kind) ?? 0;
    const { allowed, setting } = this.limitOf();
    const total = this.countOf(kind) ?? this.reads.get(kind) ?? 0;
    const limit = allowed === "all" ? Number.POSITIVE_INFINITY : allowedOf(allowed, total);
    if (before + all.length <= limit) {
      this.granted.set(kind, before + all.length);
      for (const { done } of all) done();
      return;
    }
    const some = all.slice(0, 12).map(({ title }) => title);
    const state = before === 0 ? "Nothing was" : `Only the first ${before} were`;
    const error = new UserError(
      `${before + all.length} resources of the kind ${kind} are gone at once (${some.join(", ")}${all.length > 12 ? ", …" : ""}), and ${limit} are allowed: was a system restored from a back-up, or does its URL lead elsewhere? ${state} taken out of the state. If they are meant to be gone, set ${setting} and use --run-program, or set NETBOX_PROXMOX_MAX_REMOVALS.`,
    );
    for (const { fail } of all) fail(error);
  }
}
