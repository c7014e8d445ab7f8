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

describe("the rooms", () => {
  it.each([
    ["lab", /^(providers|stacks|ops|bench|tools|index)/],
    ["providers", /^(stacks|lab|ops|bench|tools|index)/],
    ["providers/netbox", /^providers\/(proxmox|bind9|site)\//],
    ["providers/proxmox", /^providers\/(netbox|bind9|site)\//],
    ["providers/bind9", /^providers\/(netbox|proxmox|site)\//],
    ["stacks", /^(lab|ops|bench|tools)/],
    ["ops", /^(lab|bench|index|@pulumi)/],
    ["stacks/desired", /^@pulumi|^node:|\.handler$|client$|context$/],
  ])("%s/ keeps to itself", (folder, forbidden) => {
    expect(offenders(folder, forbidden)).toEqual([]);
  });

  it("no file is too long to be read in one sitting", () => {
    const long = ["providers", "stacks", "lab", "ops", "bench", "tools"]
      .flatMap(files)
      .filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 560);
    expect(long).toEqual([]);
  });
});
