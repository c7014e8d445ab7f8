import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestsHaveNoDriftButTheirOwn } from "../harness/guestproperty";
import { seedWith, World } from "../harness/world";

describe("a thousand generated guests", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(seedWith("[]"));
    world.context({ shutdownTimeout: 1 });
  });
  afterAll(() => world.close());

  it.each([
    ["qemu", 700],
    ["lxc", 300],
  ] as const)(
    "have no drift but what was changed by hand (%s: %i)",
    async (type, runs) => {
      await guestsHaveNoDriftButTheirOwn(world, type, type === "qemu" ? 20_000 : 30_000, runs);
      expect((await world.consoles.guests()).filter(({ vmid }) => vmid >= 20_000)).toEqual([]);
    },
    600_000,
  );
});
