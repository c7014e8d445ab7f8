import { describe, expect, it } from "vitest";
import { Semaphore } from "../../providers/semaphore";
import { failed, killed, type Unbroken, unbroken, without } from "../harness/faults/broken";
import { type Scenario, scenarios } from "../harness/faults/scenario";
import { type Failure, type Fate, failures, fates, type Kill, kills, leavesLocks } from "../harness/faults/ways";
import { isCi, sample } from "../harness/sample";

// `npm run test:faults` breaks every write in every way, and once more with the guest that it was about decommissioned, deleted
// or out of scope by the next run. Here some of that, and in CI less.

const isFull = process.env.ALL_FAULTS !== undefined;
/** A regular expression on the matrix's rows, for a part of it: `FAULTS="task fails" npm run test:faults`. */
const rows = new RegExp(process.env.FAULTS ?? "");
/** Failures end no run, so that many of them can be met in one. */
const failuresARun = 12;

interface Case {
  /** Of the matrix. */
  row: string;
  run: () => Promise<number>;
}

/** Every case of a scenario, or the sample: the same ones every time. */
function casesOf(scenario: Scenario, { writes, tasks, guests, after }: Unbroken): Case[] {
  const gone = new Map<string, Promise<string[]>>();
  const wanted = (fate: Fate, guest: string): Promise<string[]> => {
    if (fate === "as it was" || fate === "out of scope") return Promise.resolve(after);
    const found = gone.get(guest) ?? without(scenario, guest);
    gone.set(guest, found);
    return found;
  };
  let count = 0;
  const judgement = (fate: Fate, n: number) => ({
    fate,
    guest: guests[n % guests.length] ?? "",
    guests,
    wanted,
    thorough: !isFull || count++ % 8 === 0,
  });
  const [asItWas, ...others] = fates;
  const kill = (how: Kill, fate: Fate, target: string, n: number): Case => ({
    row: `${how}, ${fate}`,
    run: async () => ((await killed(scenario, how, target, judgement(fate, n))) ? 1 : 0),
  });
  const fail = (how: Failure, fate: Fate, targets: string[], n: number): Case => ({
    row: `${how}, ${fate}`,
    run: async () => (await failed(scenario, how, targets, judgement(fate, n))).length,
  });
  const killCases = writes.flatMap((target, n) => [
    ...kills.map((how) => kill(how, asItWas, target, n)),
    // The nine pairs take turns.
    kill(kills[n % 3] ?? "killed after", others[Math.floor(n / 3) % 3] ?? "deleted", target, n),
  ]);
  const failureCases = failures.flatMap((how, h) => {
    const all =
      how === "task fails" ? tasks : how === "task never starts" ? tasks.filter((task) => !leavesLocks(task)) : writes;
    const groups = Math.ceil(all.length / failuresARun);
    return Array.from({ length: groups }, (_, g) => g).flatMap((g) => {
      const targets = all.filter((_target, n) => n % groups === g);
      return [asItWas, others[(g + h) % 3] ?? "deleted"].map((fate) => fail(how, fate, targets, g));
    });
  });
  if (isFull) return [...killCases, ...failureCases];
  return isCi
    ? [...sample(killCases, 1), ...sample(failureCases, 1)]
    : [...sample(killCases, 6), ...sample(failureCases, 3)];
}

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  "a run that is broken (%s)",
  (name, scenario) => {
    it("is finished by the next one: nothing lost, doubled or touched", async () => {
      const base = await unbroken(scenario);
      const places = new Semaphore(2);
      const counts = new Map<string, number>();
      const wrong: string[] = [];
      const cases = casesOf(scenario, base).filter(({ row }) => rows.test(row));
      let ended = 0;
      await Promise.all(
        cases.map(({ row, run }) =>
          places.run(async () => {
            const hits = await run().catch((error: unknown) => {
              wrong.push(`${row}: ${error instanceof Error ? error.message : String(error)}`);
              process.stdout.write(`WRONG ${wrong.at(-1)}\n`);
              return 1;
            });
            counts.set(row, (counts.get(row) ?? 0) + hits);
            ended++;
            if (ended % 50 === 0)
              process.stdout.write(`${name}: ${ended} of ${cases.length} runs, ${wrong.length} wrong\n`);
          }),
        ),
      );
      const table = [...counts].map(([row, count]) => `  ${row.padEnd(30)} ${String(count).padStart(5)}`);
      const head = `${name}: ${base.writes.length} writes, ${base.tasks.length} tasks; ${cases.length} broken runs, ${wrong.length} wrong`;
      process.stdout.write(`${[head, ...table].join("\n")}\n`);
      expect(wrong).toEqual([]);
    }, 36_000_000);
  },
);
