import { z } from "zod";
import { UserError } from "./errors";

// A resource that is gone leaves the state. Many that are gone at once are more likely a wrong or restored system than a fact.

/** How many may go at once: a number, or a percentage of those there are. */
export const allowance = z.union([
  z.number().int().min(0),
  z.string().regex(/^\d{1,3}%$/, "write a number or a percentage, like 5 or 10%"),
]);
export type Allowance = z.infer<typeof allowance>;
export const defaultAllowance: Allowance = 5;

/** The number of `all` that may go at once. */
export const allowedOf = (allowed: Allowance, all: number): number =>
  typeof allowed === "number" ? allowed : Math.ceil((Number(allowed.slice(0, -1)) * all) / 100);

interface Waiting {
  title: string;
  done: () => void;
  fail: (error: Error) => void;
}

/** Milliseconds without another one before it is decided. */
const quiet = 400;

/** Holds each "gone" back until no more arrive, and refuses all of them where there are too many. */
export class GoneGuard {
  private readonly reads = new Map<string, number>();
  private readonly granted = new Map<string, number>();
  private readonly waiting = new Map<string, Waiting[]>();
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly allowed: () => Allowance) {}

  /** Counts a resource that is looked at. */
  looked(kind: string): void {
    this.reads.set(kind, (this.reads.get(kind) ?? 0) + 1);
  }

  /** Is this one gone, among however many? @throws UserError with all of them where they are too many */
  report(kind: string, title: string): Promise<void> {
    return new Promise((done, fail) => {
      this.waiting.set(kind, [...(this.waiting.get(kind) ?? []), { title, done, fail }]);
      clearTimeout(this.timers.get(kind));
      this.timers.set(
        kind,
        setTimeout(() => this.decide(kind), quiet),
      );
    });
  }

  private decide(kind: string): void {
    const all = this.waiting.get(kind) ?? [];
    this.waiting.delete(kind);
    const before = this.granted.get(kind) ?? 0;
    const limit = allowedOf(this.allowed(), this.reads.get(kind) ?? 0);
    if (before + all.length <= limit) {
      this.granted.set(kind, before + all.length);
      for (const { done } of all) done();
      return;
    }
    const some = all.slice(0, 12).map(({ title }) => title);
    const error = new UserError(
      `${before + all.length} resources of the kind ${kind} are gone at once (${some.join(", ")}${all.length > 12 ? ", …" : ""}), and ${limit} are allowed: was a system restored from a back-up, or does its URL lead elsewhere? Nothing was taken out of the state. If they are meant to be gone, set netbox-proxmox:site.maxRemovals and use --run-program, or set NETBOX_PROXMOX_MAX_REMOVALS.`,
    );
    for (const { fail } of all) fail(error);
  }
}
