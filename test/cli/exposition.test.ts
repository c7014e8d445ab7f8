import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeSamples, parseExposition, printExposition } from "../../cli/exposition";

const help = { a_metric: "Of a \\ kind.\nAnd more", b_metric: "B" };

describe("Prometheus' text format", () => {
  it("has HELP and TYPE once before the samples of a name, and escapes what labels hold", () => {
    const text = printExposition(
      [
        { name: "b_metric", labels: {}, value: 0.5 },
        { name: "a_metric", labels: { stack: 'q"\\\nx', program: "site" }, value: 3 },
        { name: "a_metric", labels: { stack: "p", program: "site" }, value: Number.POSITIVE_INFINITY },
        { name: "unknown", labels: {}, value: 1 },
      ],
      help,
    );
    expect(text).toBe(
      [
        "# HELP a_metric Of a \\\\ kind.\\nAnd more",
        "# TYPE a_metric gauge",
        'a_metric{program="site",stack="p"} +Inf',
        'a_metric{program="site",stack="q\\"\\\\\\nx"} 3',
        "# HELP b_metric B",
        "# TYPE b_metric gauge",
        "b_metric 0.5",
        "",
      ].join("\n"),
    );
  });

  it("is read as it was written, whatever labels hold", () => {
    const sample = fc.record({
      name: fc.constantFrom("a_metric", "b_metric"),
      labels: fc.dictionary(fc.constantFrom("stack", "program", "operation"), fc.string({ unit: "binary" }), {
        noNullPrototype: true,
      }),
      value: fc.double({ noNaN: true }).map((value) => value + 0),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (samples) => {
        const once = printExposition(mergeSamples([], samples), help);
        expect(printExposition(parseExposition(once), help)).toBe(once);
        const found = parseExposition(once);
        for (const each of mergeSamples([], samples)) expect(found).toContainEqual(each);
      }),
      { numRuns: 40, examples: [[[{ name: "a_metric", labels: { stack: "a\rb\u2028\n}" }, value: 1 }]]] },
    );
  });

  it("merges by name and labels, in whatever order those stand", () => {
    const merged = mergeSamples(
      [
        { name: "a_metric", labels: { stack: "p", program: "site" }, value: 1 },
        { name: "a_metric", labels: { stack: "q", program: "site" }, value: 1 },
      ],
      [{ name: "a_metric", labels: { program: "site", stack: "p" }, value: 2 }],
    );
    expect(merged.map(({ labels, value }) => `${labels.stack} ${value}`)).toEqual(["p 2", "q 1"]);
  });

  it("leaves out lines of a damaged file", () => {
    expect(parseExposition('a_metric{stack="p"} 1\nnonsense here now\n{x} \n# HELP a b\nb_metric 2\n')).toEqual([
      { name: "a_metric", labels: { stack: "p" }, value: 1 },
      { name: "b_metric", labels: {}, value: 2 },
    ]);
  });
});
