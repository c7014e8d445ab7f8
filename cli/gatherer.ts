import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds. */
export interface Pace {
  /** So long nothing more has to come before a run begins, */
  quiet: number;
  /** but no event waits longer than this for its run. */
  longest: number;
  /** After a run that failed, it is tried again. */
  retry: number;
}

/** How often a failed run is tried again before the next event is waited for. */
const retries = 3;

/** Gathers what arrives together, and runs one at a time: what arrives during a run makes one more after it. */
export class Gatherer {
  private first?: number;
  private last = 0;
  private working?: Promise<void>;
  private isClosed = false;

  /** @param run whether it went well */
  constructor(
    private readonly pace: Pace,
    private readonly run: () => Promise<boolean>,
  ) {}

  /** Something has changed. */
  note(): void {
    if (this.isClosed) return;
    this.last = Date.now();
    this.first ??= this.last;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  /** Nothing more is begun; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.working;
  }

  private async work(): Promise<void> {
    for (let failures = 0; this.first !== undefined && !this.isClosed; ) {
      const due = Math.min(this.last + this.pace.quiet, this.first + this.pace.longest);
      if (Date.now() < due) {
        await this.pause(due - Date.now());
        continue;
      }
      this.first = undefined;
      const went = await this.run();
      failures = went ? 0 : failures + 1;
      if (went || failures > retries || this.isClosed) continue;
      await this.pause(this.pace.retry * 2 ** (failures - 1));
      this.first ??= Date.now() - this.pace.longest;
    }
  }

  /** Wakes now and then, so that nobody waits long for the end. */
  private async pause(milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds;
    while (!this.isClosed && Date.now() < until) await sleep(Math.min(200, until - Date.now()));
  }
}
