import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestsHaveNoDriftButTheirOwn } from "../harness/guestproperty";
import { isCi } from "../harness/sample";
import { seedWith, TestSystems } from "../harness/systems";

// A thousand; CI has a hundred of them (docs/decisions/018).
const share = isCi ? 10 : 1;

describe("generated guests", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    systems.context({ shutdownTimeout: 1 });
  });
  afterAll(() => systems.close());

  it.each([
    ["qemu", 700 / share],
    ["lxc", 300 / share],
  ] as const)(
    "have no drift but what was changed by hand (%s: %i)",
    async (type, runs) => {
      await guestsHaveNoDriftButTheirOwn(systems, type, type === "qemu" ? 20_000 : 30_000, runs);
      expect((await systems.clients.guests()).filter(({ vmid }) => vmid >= 20_000)).toEqual([]);
    },
    600_000,
  );
});
