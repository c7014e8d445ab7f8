import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { describe, expect, it } from "vitest";
import { compilePolicies } from "../../../../stacks/plan/policies/rules";
import { projectRoot } from "../../../../tools/root";
import { mistakes } from "./example";

const example = readFileSync(join(projectRoot(), "examples", "policies.yml"), "utf8");
const own = example.split("\n").findIndex((line) => line.includes("written out"));

/** Names of the file's own policies that stand for something: a letter more, and they stand for nothing. */
const known =
  /\b(?:name|what|where|message|then|except|tag|until|guest|group|change|memory|cores|disks|tags|effects|action|status|startsWith|exists|filter|size|refuse)\b/g;

const words = example.split("\n").flatMap((line, n) =>
  n < own || line.trim().startsWith("#")
    ? []
    : [...line.matchAll(known)]
        // A text in quotes within CEL may be anything.
        .filter(({ index }) => (line.slice(0, index).match(/"/g)?.length ?? 0) % 2 === 0)
        .filter(({ index }) => !/(?:message|name): ['"]?[^{]*$/.test(line.slice(0, index)))
        .map(({ 0: word, index }) => ({ line: n, index, word })),
);

describe("a policies file with one typo", () => {
  it("comes from one that is in order, which has such words", async () => {
    expect(await mistakes(example)).toEqual([]);
    expect(words.length).toBeGreaterThan(25);
  });

  it("is refused with line and column, and throws nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...words), fc.nat(), async ({ line, index, word }, where) => {
        const lines = example.split("\n");
        const at = index + 1 + (where % word.length);
        lines[line] = `${lines[line]?.slice(0, at)}q${lines[line]?.slice(at)}`;
        const problems = await mistakes(lines.join("\n"));
        expect(problems.length).toBeGreaterThan(0);
        for (const problem of problems) expect(problem).toMatch(/^policies\.yml:\d+:\d+: ./);
      }),
      { numRuns: 60 },
    );
  });

  it("is no exception, whatever letter is changed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(example.length - 1), fc.constantFrom(..."{}[]:'\"|>&*!%q. \n"), async (at, letter) => {
        const compiled = await compilePolicies(`${example.slice(0, at)}${letter}${example.slice(at)}`, "policies.yml");
        if ("problems" in compiled)
          for (const problem of compiled.problems) expect(problem).toMatch(/^policies\.yml:\d+:\d+: ./);
      }),
      // The second once threw: an alias without its anchor.
      {
        numRuns: 100,
        examples: [
          [0, "x"],
          [1191, "*"],
        ],
      },
    );
  });
});
