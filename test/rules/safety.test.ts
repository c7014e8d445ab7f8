import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";

describe("docs/safety.md", () => {
  it("names a test that there is for every promise", () => {
    const tests = readdirSync(join(projectRoot(), "test"), { recursive: true, encoding: "utf8" }).map((file) =>
      file.split("/").pop(),
    );
    const rows = readFileSync(join(projectRoot(), "docs", "safety.md"), "utf8")
      .split("\n## ", 1)
      .join("")
      .split("\n")
      .filter((line) => /^\| (?!---|promise)/.test(line));
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      const named = (row.split("|").at(-2) ?? "").replace(/\([^)]*\)/g, "").split(",");
      for (const name of named) expect(tests, row).toContain(`${name.trim()}.test.ts`);
    }
  });
});
