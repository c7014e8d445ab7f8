import { setTimeout as sleep } from "node:timers/promises";
import { HttpError, type HttpFailure } from "./errors";

const attempts = 4;
const transientStatus = (status: number) =>
  status === 429 || (status >= 502 && status <= 504) || (status >= 595 && status <= 599);

/** May the same request be sent again? Only what never reached the server, or what changes nothing when it comes twice. */
export function retryable(failure: HttpFailure, idempotent: boolean): boolean {
  switch (failure.kind) {
    case "unreachable":
      return true;
    case "closed":
      return idempotent;
    case "status":
      return idempotent && transientStatus(failure.status);
    case "timeout":
    case "tls":
      return false;
  }
}

/** Sends until it succeeds, fails for good or has been tried four times, with a growing, uneven pause. */
export async function withRetry<T>(idempotent: boolean, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= attempts || !(error instanceof HttpError) || !retryable(error.failure, idempotent)) throw error;
      await sleep(150 * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}
