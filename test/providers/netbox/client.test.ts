import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { NetboxClient } from "../../../providers/netbox/client";
import { virtualMachine, virtualMachineFields } from "../../../providers/netbox/schemas";
import { seedWith, TestSystems } from "../../harness/systems";

const machines = "virtualization/virtual-machines";
const count = 30;

describe("single objects of NetBox", () => {
  let systems: TestSystems;
  let netbox: NetboxClient;
  let ids: number[];
  beforeAll(async () => {
    const guests = Array.from({ length: count }, (_, n) => `- { name: g${n} }`);
    systems = await TestSystems.open(seedWith(guests.join("\n")), {}, "lab");
    ids = [...systems.lab.guestIds.values()];
  });
  beforeEach(() => {
    netbox = systems.context().netbox;
    systems.lab.log.clear();
  });
  afterAll(() => systems.close());
  const find = (id: number) => netbox.find(machines, id, virtualMachine, virtualMachineFields);
  const calls = () => systems.lab.log.calls.filter(({ method }) => method === "GET").length;
  const names = async (wanted: number[]) => (await Promise.all(wanted.map(find))).map((each) => each?.name);

  it("that are asked for together come in one list, each once, and nothing for what is not there", async () => {
    const asked = [ids[3] ?? 0, 99_999, ids[5] ?? 0, ids[3] ?? 0];
    expect(await names(asked)).toEqual(["g3", undefined, "g5", "g3"]);
    expect(calls()).toBe(1);
  });

  it("that are asked for one after another are read all at once after a while, and what is missing there is asked for", async () => {
    for (const id of ids) expect((await find(id))?.name).toBeDefined();
    expect(calls()).toBeLessThanOrEqual(5); // three lists, their number, and all
    expect(await find(99_999)).toBeUndefined();
    expect(calls()).toBeLessThanOrEqual(6);
  });

  it("are reached over no more than six connections, however many wait and however often they were idle", async () => {
    systems.lab.setLatency({ netbox: 10 });
    for (let round = 0; round < 2; round++) {
      const change = (id: number) =>
        netbox.change(machines, id, virtualMachine, virtualMachineFields, () => ({ memory: 1024 + round }));
      await Promise.all(ids.map(change));
      await sleep(1200); // longer than an idle connection is kept
    }
    expect(systems.lab.log.greatest.netbox).toBeLessThanOrEqual(6);
    systems.lab.setLatency({ netbox: 0 });
  });

  it("are what this process wrote, and what it deleted is gone", async () => {
    for (const id of ids.slice(0, 5)) await find(id);
    const [first = 0, second = 0] = ids;
    await netbox.change(machines, first, virtualMachine, virtualMachineFields, () => ({ memory: 4096 }));
    expect((await find(first))?.memory).toBe(4096);
    await netbox.change(machines, second, virtualMachine, virtualMachineFields, () => "delete");
    expect(await find(second)).toBeUndefined();
  });
});

describe("a list of several pages", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    const seed = seedWith("- { name: one }");
    seed.netbox.addresses = Array.from({ length: 2500 }, (_, n) => ({
      address: `10.80.${Math.floor(n / 250)}.${n % 250}/16`,
    }));
    systems = await TestSystems.open(seed, {}, "lab");
  });
  afterAll(() => systems.close());
  const read = async () => {
    const item = z.object({ id: z.number(), address: z.string() });
    return systems.context().netbox.list("ipam/ip-addresses", item, "id,address");
  };

  it("has every object once, whoever adds others meanwhile", async () => {
    const before = (await read()).map(({ id }) => id);
    expect(new Set(before).size).toBe(before.length);
    expect(before.length).toBeGreaterThanOrEqual(2500);
    let isOver = false;
    const adding = (async () => {
      for (let n = 0; !isOver; n++)
        await systems.clients.netbox("POST", "extras/tags/", { name: `n${n}`, slug: `n${n}` });
    })();
    for (let n = 0; n < 5; n++) {
      const ids = (await read()).map(({ id }) => id);
      expect(ids.slice(0, before.length)).toEqual(before);
      expect(new Set(ids).size).toBe(ids.length);
    }
    isOver = true;
    await adding;
  });

  it("is read anew where an object goes between two pages, so that none is left out", async () => {
    const [first, ...others] = await read();
    // It goes once the first page has been answered.
    let isGone = false;
    systems.lab.faults.watch = ({ call }, moment) => {
      if (moment === "done" && call === "GET /api/ipam/ip-addresses/" && !isGone) {
        isGone = true;
        const { database } = systems.lab.netbox;
        const row = database.find("ipAddress", first?.id);
        if (row !== undefined) database.remove("ipAddress", row);
      }
      return undefined;
    };
    expect((await read()).map(({ id }) => id)).toEqual(others.map(({ id }) => id));
    systems.lab.faults.watch = undefined;
  });
});
