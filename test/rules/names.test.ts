import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";

// An exported name is found by one search: it carries its subject, so that no other file needs the same.

const root = projectRoot();

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });

const declaration = /^export (?:async )?(?:abstract )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;

/** The files that export a name, by name; overloads, and a type beside a value of its name, are one of a file's. */
function exporters(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of ["index.ts", ...["stacks", "providers", "cli", "lab", "tools", "bench"].flatMap(sources)])
    for (const [, name = ""] of readFileSync(join(root, file), "utf8").matchAll(declaration))
      found.set(name, (found.get(name) ?? new Set()).add(file));
  return found;
}

describe("exported names", () => {
  it("are exported by one file each", () => {
    const all = exporters();
    expect(all.size).toBeGreaterThan(1000);
    expect([...all].filter(([, files]) => files.size > 1).map(([name, files]) => [name, ...files])).toEqual([]);
  });
});
