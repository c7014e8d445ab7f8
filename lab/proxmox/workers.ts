import { setTimeout as sleep } from "node:timers/promises";

/** pvedaemon's `max_workers`: each serves one request at a time. */
const workersANode = 3;

/** The workers of the cluster's nodes: a request of a node takes one of its own for as long as it lasts, in order of arrival. */
export class Workers {
  private readonly free = new Map<string, number[]>();

  /** @param milliseconds that a request takes of a worker's time */
  async turn(node: string, milliseconds: number): Promise<void> {
    if (milliseconds === 0) return;
    const now = Date.now();
    // When each of them has done all that it was given so far.
    const free = this.free.get(node) ?? Array.from({ length: workersANode }, () => now);
    this.free.set(node, free);
    const first = free.indexOf(Math.min(...free));
    const done = Math.max(now, free[first] ?? now) + milliseconds;
    free[first] = done;
    await sleep(done - now);
  }
}
