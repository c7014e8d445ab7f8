import { describe, expect, it } from "vitest";
import { generatedSeed } from "../../lab/seeds/generated";
import { TestSystems } from "../harness/systems";

describe("a generated seed", () => {
  it("is the same for one number and another one for another", () => {
    expect(generatedSeed(7)).toEqual(generatedSeed(7));
    expect(generatedSeed(7)).not.toEqual(generatedSeed(8));
  });

  it("fits NetBox and Proxmox VE, whatever its number", { timeout: 120_000 }, async () => {
    for (let number = 1; number <= 12; number++) {
      const seed = generatedSeed(number);
      const systems = await TestSystems.open(seed, {}, "lab").catch((error: unknown) => {
        throw new Error(`seed ${number}: ${String(error)}`);
      });
      const machines = await systems.clients.all("virtualization/virtual-machines");
      expect(machines).toHaveLength(seed.netbox.guests.length);
      await systems.close();
    }
  });
});
