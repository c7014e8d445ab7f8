import { expect, it } from "vitest";
import { EqualWorld } from "../harness/equalworld";
import { isCi } from "../harness/sample";

// `netbox-proxmox plan` says what Pulumi's engine would do, resource by resource and property by property.

/** Batches of changes; one in three has changes by hand too, and is refreshed. */
const [rounds, batch] = isCi ? [3, 12] : [20, 25];

it(`is equal to the engine's preview after ${rounds * batch} random changes`, { timeout: 3_600_000 }, async () => {
  const world = await EqualWorld.open(Number(process.env.SEED ?? 25));
  try {
    // Nothing is there.
    expect(await world.compare(false)).toBeGreaterThan(50);
    await world.up();
    expect(await world.compare(false)).toBe(0);
    for (let round = 0; round < rounds; round++) {
      const drift = round % 3 === 2;
      await world.change(drift ? Math.floor(batch / 2) : batch);
      if (drift) await world.meddle(Math.ceil(batch / 2));
      expect(await world.compare(drift)).toBeGreaterThan(0);
      if (!isCi && round % 4 === 3) await world.up();
    }
  } finally {
    await world.close();
  }
});
