/** Lets so many run at once and the others wait in turn. */
export class Semaphore {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.places) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A place is handed on, not given back, so that nobody slips in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

/** Callers that ask while an answer is on its way, or within `keep` milliseconds after it came, share that answer. */
export class Shared<T> {
  private current?: Promise<T>;
  private last?: { at: number; answer: Promise<T> };

  constructor(
    private readonly keep: number,
    private readonly ask: () => Promise<T>,
  ) {}

  get(): Promise<T> {
    if (this.current) return this.current;
    const asked = this.ask();
    this.current = asked;
    const forget = () => {
      if (this.current === asked) this.current = undefined;
    };
    const at = Date.now();
    asked.then(() => {
      this.last = { at, answer: asked };
      setTimeout(forget, this.keep).unref();
    }, forget);
    return asked;
  }

  /** An answer to a question that was asked in the last so many milliseconds, whatever was done since. */
  recent(age: number): Promise<T> {
    return this.last && Date.now() - this.last.at < age ? this.last.answer : this.get();
  }

  /** The next caller of `get` asks anew. */
  forget(): void {
    this.current = undefined;
  }

  /** Nothing that was answered so far is believed any more. */
  discard(): void {
    this.current = undefined;
    this.last = undefined;
  }
}
