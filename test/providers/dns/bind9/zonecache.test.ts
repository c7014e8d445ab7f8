import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseZone, type ZoneContent } from "../../../../providers/dns/bind9/nameserver";
import { ZoneCache } from "../../../../providers/dns/bind9/zonecache";

const soa = "lab.example. 300 IN SOA ns1.lab.example. h.lab.example. 1 1 1 1 1";
const shown = (content: ZoneContent) =>
  [...content].flatMap(([name, types]) =>
    [...types]
      .filter(([type]) => type !== "SOA")
      .map(([type, { ttl, values }]) => `${name} ${ttl} ${type} ${values.join(",")}`),
  );

describe("a zone's content", () => {
  let answers: string[];
  let transfers: number;
  let held: (() => void)[];
  const cacheOf = (isHeld = false) =>
    new ZoneCache(async () => {
      transfers++;
      const text = `${soa}\n${answers.join("\n")}`;
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      return parseZone(text);
    });
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    answers = ["a.lab.example. 300 IN A 10.0.0.1"];
    transfers = 0;
    held = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is read once for a minute, and kept up with our own changes", async () => {
    const cache = cacheOf();
    expect(shown(await cache.get())).toEqual(["a.lab.example. 300 A 10.0.0.1"]);
    cache.accepted([
      "update delete a.lab.example. A",
      "update add a.lab.example. 60 A 10.0.0.2",
      "update add a.lab.example. 60 A 10.0.0.3",
      'update add b.lab.example. 60 TXT "one two" "three"',
    ]);
    expect(shown(await cache.get())).toEqual([
      "a.lab.example. 60 A 10.0.0.2,10.0.0.3",
      'b.lab.example. 60 TXT "one two" "three"',
    ]);
    cache.accepted(["update delete b.lab.example. TXT"]);
    expect([...(await cache.get()).keys()]).toEqual(["lab.example.", "a.lab.example."]);
    vi.setSystemTime(Date.now() + 59_000);
    await cache.get();
    expect(transfers).toBe(1);
    vi.setSystemTime(Date.now() + 2_000);
    expect(shown(await cache.get())).toEqual(["a.lab.example. 300 A 10.0.0.1"]);
    expect(transfers).toBe(2);
  });

  it("shows a change that was made while it was on its way, whether the transfer shows it or not", async () => {
    for (const isThere of [false, true]) {
      answers = isThere ? ["c.lab.example. 60 IN A 10.0.0.9"] : [];
      const cache = cacheOf(true);
      const reading = cache.get();
      cache.accepted(["update add c.lab.example. 60 A 10.0.0.9"]);
      held.pop()?.();
      expect(shown(await reading)).toEqual(["c.lab.example. 60 A 10.0.0.9"]);
      expect(shown(await cache.get())).toEqual(["c.lab.example. 60 A 10.0.0.9"]);
    }
    expect(transfers).toBe(2);
  });

  it("is read anew once it is forgotten, even by those who come while an old transfer is on its way", async () => {
    const cache = cacheOf(true);
    const old = cache.get();
    cache.forget();
    answers = ["a.lab.example. 300 IN A 10.0.0.8"];
    const fresh = cache.get();
    for (const resolve of held) resolve();
    await old;
    expect(shown(await fresh)).toEqual(["a.lab.example. 300 A 10.0.0.8"]);
    expect(shown(await cache.get())).toEqual(["a.lab.example. 300 A 10.0.0.8"]);
    expect(transfers).toBe(2);
  });

  it("that could not be read is asked for again", async () => {
    let isDown = true;
    const cache = new ZoneCache(async () => {
      if (isDown) throw new Error("no route");
      return parseZone(soa);
    });
    await expect(cache.get()).rejects.toThrow("no route");
    isDown = false;
    expect([...(await cache.get()).keys()]).toEqual(["lab.example."]);
  });
});
