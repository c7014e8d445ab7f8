/** Numbers by chance that a seed makes again (mulberry32). */
export class Chance {
  constructor(private state: number) {}

  /** Below one. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** @throws where there is none */
  pick<T>(all: readonly T[]): T {
    const found = all[this.below(all.length)];
    if (found === undefined) throw new NoChoice();
    return found;
  }
}

/** What a change needs is not there. */
export class NoChoice extends Error {}
