import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { labels, relationships } from "../../stacks/inventory/desired/schema";
import { projectRoot } from "../../tools/root";

const text = readFileSync(join(projectRoot(), "docs", "inventory.md"), "utf8");
/** The first two cells of the rows of the table under a heading. */
const rows = (heading: string): [string, string][] =>
  (text.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [, name = "", rest = ""] = line.split("|").map((cell) => cell.replace(/`/g, "").trim());
      return [name, rest];
    });

describe("docs/inventory.md", () => {
  it("shows the labels with their properties", () => {
    expect(rows("Labels")).toEqual(
      Object.entries(labels).map(([label, properties]) => [label, Object.keys(properties).join(" ")]),
    );
  });

  it("shows the relationships", () => {
    const plain = (cell: string) => cell.replace(/ \([^)]*\)/g, "").replace(/, the smallest.*/, "");
    expect(rows("Relationships").map(([type, ends]) => [type, plain(ends)])).toEqual(
      Object.entries(relationships).map(([type, ends]) => [type, ends.map((pair) => pair.join(" → ")).join(", ")]),
    );
  });
});
