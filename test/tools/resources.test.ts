import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { definitions } from "../../providers/registry";
import { resourcesPage } from "../../tools/resources";
import { projectRoot } from "../../tools/root";

describe("docs/resources.md", () => {
  const page = readFileSync(join(projectRoot(), "docs", "resources.md"), "utf8");

  it("is what the definitions say: run `npm run docs` where it is not", () => {
    expect(page).toBe(resourcesPage());
  });

  it("has every kind with its inputs, and says what they mean", () => {
    for (const { kind, inputs } of definitions) {
      const part = page.split(`\n## ${kind}\n`)[1]?.split("\n## ")[0] ?? "";
      for (const name of Object.keys(inputs.shape)) expect(part).toContain(`| \`${name}\` |`);
    }
    expect(page).toContain("| `memory` | number, optional | MiB. |");
    expect(page).toContain(
      "| `disks.*.size` | string, optional | As PVE prints it: `10G`. It grows, and never shrinks. |",
    );
  });
});
