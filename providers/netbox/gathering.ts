import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds in which ids are gathered, and how many of them are not waited for any longer. */
const gathering = 50;
const largest = 200;

/** Callers that ask for one id each, within a moment, share one list of all of them. */
export class Gathering<T> {
  /** How many lists were asked for. */
  lists = 0;
  private waiting = new Map<
    number,
    { promise: Promise<T[]>; done: (rows: T[]) => void; fail: (error: unknown) => void }
  >();

  /** @param ask the rows of these ids, by id */
  constructor(private readonly ask: (ids: number[]) => Promise<Map<number, T[]>>) {}

  get(id: number): Promise<T[]> {
    const known = this.waiting.get(id);
    if (known) return known.promise;
    let [done, fail]: [(rows: T[]) => void, (error: unknown) => void] = [() => {}, () => {}];
    const promise = new Promise<T[]>((resolve, reject) => {
      [done, fail] = [resolve, reject];
    });
    this.waiting.set(id, { promise, done, fail });
    if (this.waiting.size === largest) this.flush();
    else if (this.waiting.size === 1) {
      const { waiting } = this;
      void sleep(gathering).then(() => {
        if (this.waiting === waiting) this.flush();
      });
    }
    return promise;
  }

  private flush(): void {
    const { waiting } = this;
    this.waiting = new Map();
    this.lists++;
    this.ask([...waiting.keys()]).then(
      (rows) => {
        for (const [id, { done }] of waiting) done(rows.get(id) ?? []);
      },
      (error: unknown) => {
        for (const { fail } of waiting.values()) fail(error);
      },
    );
  }
}
