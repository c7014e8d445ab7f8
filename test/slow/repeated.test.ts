import { afterEach, describe, expect, it } from "vitest";
import { demoSeed, TestSystems } from "../harness/systems";

// The real CLI: the engine shows a program what is gone as it does nowhere else.

describe("a destroy that failed half-way", { timeout: 240_000 }, () => {
  let systems: TestSystems | undefined;
  afterEach(() => systems?.close());

  it.each([
    ["running the program", []],
    ["by the state alone", ["--run-program=false"]],
  ])("is finished by the next one, %s", async (_how, args) => {
    systems = await TestSystems.open(demoSeed(), {}, "lab");
    const stack = await systems.stack({ site: { protect: false } });
    expect((await stack.up()).errors).toEqual([]);
    const { vmid } = await systems.clients.guest("app01");
    systems.lab.set({ setup: "lock-vm", vmid, lock: "backup" });
    const refused = await stack.destroy();
    expect(refused.code).not.toBe(0);
    expect((await systems.ourGuests()).map(({ name }) => name)).toEqual(["app01"]);
    systems.lab.proxmox.get("pve-lab")?.cluster.guests.get(vmid)?.config.delete("lock");
    const again = await stack.destroy(...args);
    expect(again.errors).toEqual([]);
    expect(again.code, again.output).toBe(0);
    expect(await systems.ourGuests()).toEqual([]);
    expect(await systems.newRecords()).toEqual([]);
    expect(await systems.ourAddresses()).toEqual([]);
  });
});
