import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Change } from "../../../../stacks/plan/change";
import { markdownReport } from "../../../../stacks/plan/report/markdown";
import { displayWidth } from "../../../../stacks/plan/report/shown";
import { terminalReport } from "../../../../stacks/plan/report/terminal";
import { anything } from "../../../../stacks/plan/report/wording";
import { emptyReport } from "../../../harness/reports";

type Tree = { [key: string]: Tree } | string | string[];

/** Every leaf is a word of its own, so that one sees which of them are said. */
let count = 0;
const leaf = fc.constant(undefined).map(() => `leaf${++count}x`);
const key = fc.stringMatching(/^[a-z]{1,6}$/);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const record = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 5, noNullPrototype: true });

const leavesOf = (value: unknown): string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(leavesOf)
      : [];

/** Another tree with some of the leaves exchanged, taken away or added. */
function changed(value: unknown, next: () => number): unknown {
  const dice = next();
  if (typeof value === "string") return dice < 0.3 ? `leaf${++count}x` : value;
  if (Array.isArray(value)) return [...value.filter(() => next() > 0.2), ...(next() < 0.2 ? [`leaf${++count}x`] : [])];
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(() => next() > 0.15);
  const all = kept.map(([name, each]) => [name, changed(each, next)]);
  return Object.fromEntries([...all, ...(next() < 0.2 ? [["added", `leaf${++count}x`]] : [])]);
}

const numbers = (seed: number) => () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};

describe("whatever changes in a value", () => {
  it("each leaf that differs is said, and none that doesn't", () => {
    fc.assert(
      fc.property(record, fc.nat({ max: 2_000_000 }), (before, seed) => {
        const after = changed(before, numbers(seed + 1));
        const said = anything
          .changed({ label: "value", path: "value" }, before, after)
          .map(({ text }) => text)
          .join("\n");
        const [there, wanted] = [new Set(leavesOf(before)), new Set(leavesOf(after))];
        const missing = [...there, ...wanted].filter(
          (each) => there.has(each) !== wanted.has(each) && !said.includes(each),
        );
        const tooMuch = [...there].filter((each) => wanted.has(each) && said.includes(each));
        expect([missing, tooMuch]).toEqual([[], []]);
        expect(said).not.toMatch(/[{}]|\[object|undefined/);
      }),
      { numRuns: 500 },
    );
  });

  it("what is the same says nothing", () => {
    fc.assert(
      fc.property(record, (value) => {
        expect(anything.changed({ label: "value", path: "value" }, value, structuredClone(value))).toEqual([]);
      }),
    );
  });

  it("a list in another order says so, and one with an item more says that item", () => {
    const at = { label: "servers", path: "servers" };
    const texts = (before: unknown, after: unknown) => anything.changed(at, before, after).map(({ text }) => text);
    expect(texts(["a", "b"], ["b", "a"])).toEqual(["servers in another order: b, a"]);
    expect(texts(["a"], ["a", "b"])).toEqual(["servers +b"]);
    expect(texts(["a", "a"], ["a"])).toEqual(["servers -a"]);
    expect(texts([{ x: 1, y: 2 }], [{ x: 1, y: 3 }])).toEqual(["servers #1 y 2 → 3"]);
    expect(texts([{ x: 1 }, { x: 2 }], [{ x: 2 }])).toEqual(["servers -x 1"]);
    expect(texts("a, b", "")).toEqual(['servers "a, b" → none']);
  });

  it("what the engine keeps as a secret is not said", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
    const said = anything.changed(
      { label: "token", path: "token" },
      { a: secret },
      { a: { ...secret, ciphertext: "v1:d" } },
    );
    expect(said.map(({ text }) => text)).toEqual(["token a changes"]);
    expect(anything.says({ a: secret })).toBe("a a secret");
  });
});

/** What people may have typed in NetBox. */
const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    "\u001b[31mred\u001b[0m",
    "</script><img src=x onerror=alert(1)>",
    "a | b\n| c |",
    "@everyone #12 !3 `code` **bold** [x](javascript:alert(1)) <!-- -->",
    "日本語のとても長い名前のゲストです",
    "x".repeat(200),
    "\u202eevil",
    "/close",
    "- [ ] task",
    ":tada: :100: $x$",
  ),
);

const anyChange: fc.Arbitrary<Change> = fc.record({
  object: fc.constantFrom("VM", "container", "address", "name", "role"),
  name: nasty,
  system: fc.constantFrom("NetBox", "Proxmox VE", "DNS", "files"),
  action: fc.constantFrom("create", "adopt", "update", "replace", "delete"),
  guest: fc.option(fc.record({ name: nasty }), { nil: undefined }),
  fields: fc.array(
    fc.record({
      name: fc.constantFrom("memory", "name", "disks", "networks", "options", "cloudInit", "tags", "records", "other"),
      before: fc.oneof(fc.jsonValue({ maxDepth: 3 }), nasty),
      after: fc.oneof(fc.jsonValue({ maxDepth: 3 }), nasty),
    }),
    { maxLength: 3 },
  ),
  effects: fc.uniqueArray(
    fc.constantFrom("removes", "rebuilds", "stops", "migrates", "renumbers", "detaches", "moves"),
    { maxLength: 3 },
  ),
  because: fc.array(
    fc.record({
      reason: fc.constant("netbox" as const),
      user: nasty,
      time: fc.constantFrom("2026-11-28T14:02:11Z", "whenever"),
      action: fc.constantFrom("create", "update", "delete"),
      object: nasty,
      message: nasty,
      request: nasty,
      url: fc.oneof(fc.constant("https://netbox.example/core/changelog/1/"), nasty),
    }),
    { maxLength: 2 },
  ),
});

const anyReport = fc
  .record({
    changes: fc.array(anyChange, { maxLength: 60 }),
    problems: fc.array(nasty, { maxLength: 4 }),
    warnings: fc.array(nasty, { maxLength: 4 }),
  })
  .map((some) => ({ ...emptyReport, ...some }));

const ansi = /\u001b\[\d+m/g;

describe("whatever a report holds", () => {
  it("no line of a terminal is wider than it, and nothing in it moves the cursor", () => {
    fc.assert(
      fc.property(
        anyReport,
        fc.integer({ min: 30, max: 160 }),
        fc.boolean(),
        fc.boolean(),
        (report, width, colour, full) => {
          const lines = terminalReport(report, { width, colour, full, timeZone: "UTC" });
          const plain = lines.map((line) => (colour ? line.replace(ansi, "") : line));
          expect(plain.filter((line) => displayWidth(line) > width)).toEqual([]);
          expect(plain.join("").match(/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/g)).toBeNull();
        },
      ),
      { numRuns: 150 },
    );
  });

  it("Markdown keeps to its limit, is whole, and has no markup of others", () => {
    fc.assert(
      fc.property(anyReport, fc.constantFrom(65_536, 4000, 1500, 200, 20), (report, limit) => {
        const text = markdownReport(report, { limit, timeZone: "UTC" });
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(brokenLines(text)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

/** Lines that are none of a report's own forms: each row has its four cells, and what others wrote has no markup. */
function brokenLines(text: string): string[] {
  return text.split("\n").filter((line) => {
    // Our own markup taken away, nothing of Markdown or HTML may be left.
    const rest = line
      .replace(/\]\(https?:\/\/[^\s()<>|]*\)/g, "]")
      .replace(/&(#8203|nbsp|lt|gt|amp);/g, "")
      .replace(/\\[!-/:-@[-`{-~]/g, "")
      .replace(/^(#{3,4} |- |> |\| --- \| --- \| --- \| --- \|$)/, "");
    const cells = rest.split("|").length;
    if (line.startsWith("|") && !line.startsWith("| ---") && cells !== 6) return true;
    if (!line.startsWith("|") && rest.includes("|")) return true;
    const stars = rest.replace(/[^*]/g, "").length;
    return stars % 2 !== 0 || /[<>`_]|(?<!\w)@\w/.test(rest) || /^\//.test(line);
  });
}
