import { readdirSync, readFileSync } from "node:fs";
import { join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";

// Which room may know which: index → stacks → providers; the lab knows neither, so that it can prove them wrong.

const root = projectRoot();

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** The project's own files that a file imports, and packages by name. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^(?:import|export)[^;]*? from "([^"]+)"/gm)].map(([, target = ""]) =>
    target.startsWith(".") ? relative(root, normalize(join(root, file, "..", target))) : target,
  );
}

const offenders = (folder: string, forbidden: RegExp) =>
  files(folder).flatMap((file) =>
    imports(file)
      .filter((target) => forbidden.test(target))
      .map((target) => `${file} → ${target}`),
  );

const programs = ["access", "discovery", "intent", "inventory", "platform", "site", "templates"];

describe("the rooms", () => {
  it.each(programs)("stacks/%s imports no other program", (program) => {
    const others = programs.filter((each) => each !== program).join("|");
    expect(offenders(`stacks/${program}`, new RegExp(`^stacks/(${others})(/|$)`))).toEqual([]);
  });

  it.each([...programs.map((program) => `stacks/${program}/desired`), "stacks/plan"])("%s/ is pure", (folder) => {
    expect(offenders(folder, /^@pulumi|^node:(?!path)|\.handler$|client$|context$/)).toEqual([]);
  });

  it.each([
    ["lab", /^(providers|stacks|cli|bench|tools|index)/],
    ["providers", /^(stacks|lab|cli|bench|tools|index)/],
    ["providers/netbox", /^providers\/(proxmox|dns)\//],
    ["providers/proxmox", /^providers\/(netbox|dns)\//],
    ["providers/dns", /^providers\/(netbox|proxmox)\//],
    ["stacks", /^(lab|cli|bench|tools)/],
    ["cli", /^(lab|bench|index|@pulumi)/],
  ])("%s/ keeps to itself", (folder, forbidden) => {
    expect(offenders(folder, forbidden)).toEqual([]);
  });

  it("nothing that a program loads is the life of a resource", () => {
    const lives = offenders("providers", /\.handler$|\/registry$/);
    expect(lives.filter((each) => !/^\S+(\.handler|\/handler|\/registry)\.ts /.test(each))).toEqual([]);
    expect(offenders("stacks", /\.handler$|\/registry$/)).toEqual([]);
  });

  it("no file is too long to be read in one sitting", () => {
    const long = ["providers", "stacks", "lab", "cli", "bench", "tools"]
      .flatMap(files)
      .filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 560);
    expect(long).toEqual([]);
  });
});
