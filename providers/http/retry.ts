import { setTimeout as sleep } from "node:timers/promises";
import { HttpError, type HttpFailure } from "./errors";

/** An answer that means "not now". Each system has a table of its own, beside its client. */
export interface NotNow {
  status: number;
  /** Of the message, where the status alone may mean something else. */
  message?: RegExp;
  /** Has the system certainly done nothing? Then a write is sent again as well. */
  isUndone: boolean;
}

const attempts = 4;
/** Milliseconds after which a server that nobody can connect to is given up: a connection is tried for 10 s. */
const unreachableFor = 15_000;

/** What the table of a system says of an answer. */
export const notNowOf = (table: readonly NotNow[], status: number, message: string): NotNow | undefined =>
  table.find((row) => row.status === status && (row.message?.test(message) ?? true));

/**
 * May the same request be sent again? What never reached the server may; what it may have done, only where twice is the same as
 * once. Anything else is looked up before it is made again, by whoever made it.
 */
export function retryable(failure: HttpFailure, idempotent: boolean): boolean {
  switch (failure.kind) {
    case "unreachable":
      return true;
    case "closed":
    case "unknown":
      return idempotent;
    case "status":
      return failure.notNow !== undefined && (idempotent || failure.notNow.isUndone);
    case "timeout":
    case "tls":
      return false;
  }
}

/** Sends until it succeeds, fails for good or has been tried four times, with a growing, uneven pause. */
export async function withRetry<T>(idempotent: boolean, send: () => Promise<T>): Promise<T> {
  const began = Date.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= attempts || !(error instanceof HttpError) || !retryable(error.failure, idempotent)) throw error;
      if (error.failure.kind === "unreachable" && Date.now() - began > unreachableFor) throw error;
      await pause(attempt);
    }
  }
}

/** Between two attempts: longer each time, and uneven, so that many who were refused together don't come back together. */
export const pause = (attempt: number): Promise<void> => sleep(150 * 2 ** attempt * (0.5 + Math.random()));
