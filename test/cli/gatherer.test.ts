import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Gatherer } from "../../cli/gatherer";

/** A gatherer with the moments of its runs, in milliseconds since it was made. */
function watched(run: (n: number) => Promise<boolean> = async () => true) {
  const start = Date.now();
  const runs: number[] = [];
  let under = 0;
  let most = 0;
  const gatherer = new Gatherer({ quiet: 100, longest: 400, retry: 100 }, async () => {
    runs.push(Date.now() - start);
    most = Math.max(most, ++under);
    try {
      return await run(runs.length);
    } finally {
      under--;
    }
  });
  return { gatherer, runs, most: () => most };
}

describe("what is gathered", () => {
  it("within a moment makes one run, once nothing more comes", async () => {
    const { gatherer, runs } = watched();
    for (let n = 0; n < 3; n++) {
      gatherer.note();
      await sleep(40);
    }
    await sleep(500);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toBeGreaterThanOrEqual(170);
    await gatherer.close();
  });

  it("without end makes runs all the same, one at a time", async () => {
    const { gatherer, runs, most } = watched(async () => {
      await sleep(150);
      return true;
    });
    for (let n = 0; n < 40; n++) {
      gatherer.note();
      await sleep(25);
    }
    await sleep(900);
    expect(runs.length).toBeGreaterThanOrEqual(2);
    expect(runs.length).toBeLessThanOrEqual(5);
    expect(most()).toBe(1);
    await gatherer.close();
  });

  it("during a run makes just one more after it", async () => {
    const { gatherer, runs } = watched(async () => {
      await sleep(300);
      return true;
    });
    gatherer.note();
    await sleep(250);
    for (let n = 0; n < 5; n++) gatherer.note();
    await sleep(1200);
    expect(runs).toHaveLength(2);
    await gatherer.close();
  });

  it("is tried again after a failure, and not for ever", async () => {
    const { gatherer, runs } = watched(async (n) => n === 3);
    gatherer.note();
    await sleep(1500);
    expect(runs).toHaveLength(3);
    await gatherer.close();

    const never = watched(async () => false);
    never.gatherer.note();
    await sleep(2200);
    expect(never.runs).toHaveLength(4);
    await never.gatherer.close();
  });

  it("ends with what runs, and begins nothing more", async () => {
    let isDone = false;
    const { gatherer, runs } = watched(async () => {
      await sleep(300);
      isDone = true;
      return true;
    });
    gatherer.note();
    await sleep(200);
    gatherer.note();
    await gatherer.close();
    expect(isDone).toBe(true);
    gatherer.note();
    await sleep(300);
    expect(runs).toHaveLength(1);
  });
});
