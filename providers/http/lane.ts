import { Semaphore } from "../semaphore";

/** A request's time for silence. It begins when the request has its place, so what waits for one loses nothing. */
export interface Deadline {
  /** Aborted, with a LateError as its reason, once the other side has been silent for too long. */
  readonly signal: AbortSignal;
  /** A part of the answer came: the time begins anew, so a large answer may take long. */
  heard(): void;
}

/** The other side was silent for so many seconds. */
export class LateError extends Error {
  constructor(readonly seconds: number) {
    super(`no answer within ${seconds} s`);
    this.name = "LateError";
  }
}

/**
 * The way to a system for requests of one kind: so many at once, the others wait in turn. What may hang has a lane of its own, so
 * that it takes no place of anything else.
 */
export class Lane {
  private readonly places: Semaphore;

  /** @param seconds that a request may wait for a sign of its answer */
  constructor(
    places: number,
    readonly seconds: number,
  ) {
    this.places = new Semaphore(places);
  }

  /**
   * Does some work once there is a place for it.
   * @param seconds in the place of the lane's own; a function is asked when the place is there
   * @throws LateError where no time is left at all; the work decides what it throws when its signal is aborted
   */
  run<T>(work: (deadline: Deadline) => Promise<T>, seconds: number | (() => number) = this.seconds): Promise<T> {
    return this.places.run(async () => {
      const given = typeof seconds === "function" ? seconds() : seconds;
      if (given <= 0) throw new LateError(0);
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(new LateError(given)), given * 1000);
      try {
        return await work({ signal: controller.signal, heard: () => void timer.refresh() });
      } finally {
        clearTimeout(timer);
      }
    });
  }
}
