// Answers and settings as no system should give them, the same for the same number.

/** Numbers from 0 to 1 (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export type Random = () => number;
export const pick = <T>(random: Random, all: readonly T[]): T => {
  const found = all[Math.floor(random() * all.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
};

const deep = (levels: number): unknown => (levels === 0 ? [] : [deep(levels - 1)]);
const odd: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => 0.1,
  () => "",
  () => " ",
  () => "null",
  () => "nan",
  () => "-0",
  () => "١٢٣",
  () => "x".repeat(100_000),
  () => "\u0000\u0007\u001b[31m",
  () => "\u202eevil\u2066",
  () => "🦄\ud800",
  () => "a\nsend\nb",
  () => "__proto__",
  () => "../../etc/passwd",
  () => "10.0.0.0/99",
  () => "::ffff:999.1.1.1/64",
  () => "2026-13-45T99:99:99Z",
  () => [],
  () => ({}),
  () => [null],
  () => ({ id: "1", name: 5 }),
  () => ({ value: null }),
  () => deep(200),
  () => Array.from({ length: 2000 }, (_, n) => n),
];

/** Every place in a structure, as the way to it. */
function places(value: unknown, way: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [way];
  const inner = Array.isArray(value)
    ? value.flatMap((each, n) => places(each, [...way, n]))
    : Object.entries(value).flatMap(([key, each]) => places(each, [...way, key]));
  return [way, ...inner];
}

/** The structure with one place exchanged, taken away or doubled. */
export function mutated(value: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(value);
  const way = pick(random, places(copy));
  const last = way.at(-1);
  if (last === undefined) return pick(random, odd)();
  let holder: unknown = copy;
  for (const step of way.slice(0, -1)) holder = Reflect.get(Object(holder), step);
  const how = random();
  if (Array.isArray(holder) && typeof last === "number") {
    if (how < 0.2) holder.splice(last, 1);
    else if (how < 0.4) holder.push(structuredClone(holder[last]));
    else holder[last] = pick(random, odd)();
  } else if (typeof holder === "object" && holder !== null) {
    if (how < 0.25) Reflect.deleteProperty(holder, last);
    else Object.defineProperty(holder, last, { value: pick(random, odd)(), enumerable: true, configurable: true });
  }
  return copy;
}

/** An HTTP answer that went wrong somewhere between the system and us, or in what the system says. */
export function mutatedAnswer(body: Buffer, random: Random): { status: number; body: Buffer } {
  const how = random();
  if (how < 0.7) {
    try {
      return { status: 200, body: Buffer.from(JSON.stringify(mutated(JSON.parse(body.toString()), random)) ?? "") };
    } catch {
      return { status: 200, body: Buffer.from("{") };
    }
  }
  if (how < 0.8) return { status: pick(random, [204, 301, 400, 403, 404, 409, 418, 500, 501, 503]), body };
  const bytes: readonly (() => Buffer)[] = [
    () => Buffer.alloc(0),
    () => body.subarray(0, Math.floor(random() * body.length)),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
    () => Buffer.from(body.map((byte) => (random() < 0.01 ? 0xff : byte))),
    () => Buffer.from(body.toString(), "utf16le"),
    () => Buffer.from("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"),
    () => Buffer.from(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
    () => Buffer.from('{"count":1e9,"results":[]}'),
  ];
  return { status: 200, body: pick(random, bytes)() };
}
