import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { HttpError } from "../../../providers/http/errors";
import { bulks } from "../../../providers/netbox/bulks";
import { seedWith, TestSystems } from "../../harness/systems";

const addresses = "ipam/ip-addresses";
const item = z.object({ id: z.number(), address: z.string() });
const many = 500;

/** What gunicorn counts of a call of the lab's log. */
const lineOf = ({ method, path }: { method: string; path: string }) => `${method} ${path} HTTP/1.1`.length;

describe("a list of NetBox", () => {
  let systems: TestSystems;
  let ids: number[];
  beforeAll(async () => {
    const seed = seedWith("- { name: one }");
    seed.netbox.addresses = Array.from({ length: many }, (_, n) => ({
      address: `10.80.${Math.floor(n / 250)}.${n % 250}/16`,
    }));
    systems = await TestSystems.open(seed, {}, "lab");
    ids = (await systems.clients.all<{ id: number }>(addresses)).map(({ id }) => id).sort((a, b) => a - b);
  });
  afterEach(() => systems.lab.set({ setup: "clear" }));
  afterAll(() => systems.close());
  const list = (query: Record<string, (string | number)[]> = {}) =>
    systems.context().netbox.list(addresses, item, "id,address", query);
  const lines = () => systems.lab.log.calls.map(lineOf);

  it.each([1, 2, 7, 250, 999, 0])("is whole where a page has %i objects at most (0: no limit)", async (size) => {
    systems.lab.set({ setup: "netbox-page-size", size });
    expect((await list()).map(({ id }) => id)).toEqual(ids);
  });

  it("is read anew where an object goes between two pages of one", async () => {
    systems.lab.set({ setup: "netbox-page-size", size: 1 });
    const { database } = systems.lab.netbox;
    const made = database.create("ipAddress", { address: "10.90.0.1/16" });
    systems.lab.faults.watch = ({ call }, moment) => {
      if (moment === "done" && call === `GET /api/${addresses}/` && database.find("ipAddress", made.id))
        database.remove("ipAddress", made);
      return undefined;
    };
    const [first, last] = [ids[0] ?? 0, ids.at(-1) ?? 0];
    expect((await list({ id: [first, last, made.id] })).map(({ id }) => id)).toEqual([first, last]);
    systems.lab.faults.watch = undefined;
  });

  it("of 500 ids is asked for in lines that gunicorn takes", async () => {
    systems.lab.log.clear();
    expect((await list({ id: ids })).map(({ id }) => id)).toEqual(ids);
    expect(Math.max(...lines())).toBeLessThanOrEqual(2000);
    const asked = ids.map((id) => systems.context().netbox.find(addresses, id, item, "id,address"));
    expect((await Promise.all(asked)).map((each) => each?.id)).toEqual(ids);
  });

  it("is right and comes in short lines, whatever is asked for", async () => {
    const rows = await list();
    const hostOf = (address: string) => address.split("/")[0] ?? "";
    const query = fc.record(
      {
        id: fc.subarray(ids, { minLength: 1 }),
        address: fc.subarray(
          rows.map(({ address }) => hostOf(address)),
          { minLength: 1 },
        ),
        description: fc.array(fc.string({ unit: "grapheme", maxLength: 300 }), { minLength: 1, maxLength: 20 }),
      },
      { requiredKeys: [] },
    );
    systems.lab.log.clear();
    await fc.assert(
      fc.asyncProperty(query, fc.integer({ min: 40, max: 1000 }), async (wanted, size) => {
        systems.lab.set({ setup: "netbox-page-size", size });
        const found = await list(wanted);
        const expected = rows.filter(
          ({ id, address }) =>
            (wanted.id?.includes(id) ?? true) &&
            (wanted.address?.includes(hostOf(address)) ?? true) &&
            // Those of the seed have none.
            (wanted.description?.includes("") ?? true),
        );
        // One value that no URL takes is left out, and the caller looks at what comes.
        const isExact = wanted.description?.every((text) => encodeURIComponent(text).length < 1500) ?? true;
        if (isExact) expect(found).toEqual(expected);
        else expect(found).toEqual(expect.arrayContaining(expected));
        expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      }),
      { numRuns: 40 },
    );
    expect(Math.max(...lines())).toBeLessThanOrEqual(2000);
  }, 60_000);

  it("is counted whatever selects it", async () => {
    const { netbox } = systems.context();
    expect(await netbox.count(addresses, { id: ids })).toBe(ids.length);
    expect(await netbox.count(addresses, { id: ids[0] ?? 0 })).toBe(1);
  });

  it("that reaches past gunicorn's line is refused by the lab as by gunicorn", async () => {
    const query = ids.map((id) => `id=100000${id}`).join("&");
    const response = await fetch(`${systems.endpoints.netbox.url}/api/${addresses}/?${query}`);
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringMatching(/Request Line is too large \(\d+ &gt; 4094\)/),
    ]);
  });
});

describe("objects that are made together", () => {
  it("come in parts of a hundred and half a megabyte", () => {
    expect(bulks([]).map((part) => part.length)).toEqual([]);
    expect(bulks(Array.from({ length: 250 }, (_, n) => ({ n }))).map((part) => part.length)).toEqual([100, 100, 50]);
    const large = Array.from({ length: 5 }, () => ({ comments: "x".repeat(200_000) }));
    expect(bulks(large).map((part) => part.length)).toEqual([2, 2, 1]);
  });
});

describe("an answer of NetBox", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("- { name: one }"), {}, "lab");
  });
  afterEach(() => systems.lab.set({ setup: "clear" }));
  afterAll(() => systems.close());
  const make = (name: string) =>
    systems
      .context({}, {}, systems.endpoints)
      .netbox.create("extras/tags", z.object({ id: z.number() }), { name, slug: name });
  const posts = () => systems.lab.log.calls.filter(({ method }) => method === "POST").length;

  it.each([
    [429, 2],
    [503, 1],
    [504, 1],
  ])("%i has a write sent so often: %i", async (status, times) => {
    systems.lab.log.clear();
    systems.lab.set({ setup: "call", system: "netbox", call: "POST .*tags", how: "status", status });
    const made = await make(`tag${status}`).catch((error: unknown) => error);
    expect(made instanceof HttpError).toBe(times === 1);
    expect(posts()).toBe(times);
  });
});
