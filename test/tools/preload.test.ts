import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";

const root = projectRoot();
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-preload-"));
  // Says at the end what was loaded, and how many modules were compiled one by one.
  writeFileSync(
    join(folder, "tell.cjs"),
    `const compile = require("node:module").prototype._compile;
let single = 0;
require("node:module").prototype._compile = function (...args) { single += 1; return compile.apply(this, args); };
process.on("exit", () => process.stdout.write(JSON.stringify({ single, modules: Object.keys(require.cache) })));`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the SDK's script for providers without its argument: it loads everything, and ends. */
function start(preload: string[]): { single: number; modules: string[] } {
  const requires = [join(folder, "tell.cjs"), ...preload].flatMap((file) => ["--require", file]);
  const script = join(root, "node_modules", "@pulumi", "pulumi", "cmd", "dynamic-provider", "index.js");
  const { stdout } = spawnSync(process.execPath, [...requires, script], { cwd: root, encoding: "utf8" });
  return JSON.parse(stdout) as { single: number; modules: string[] };
}

const compilers = (modules: string[]) => modules.filter((file) => /node_modules.(typescript|@npmcli)\W/.test(file));

/** Uses a copy of the provider's pack in a process of its own. @param change of what it was made of @returns what `say` prints */
function use(change: (made: Made) => Made, say: string): string {
  for (const ending of ["js", "cache"])
    copyFileSync(join(root, "dist", `provider.${ending}`), join(folder, `provider.${ending}`));
  const made = JSON.parse(readFileSync(join(root, "dist", "provider.json"), "utf8")) as Made;
  writeFileSync(join(folder, "provider.json"), JSON.stringify(change(made)));
  const program = `const { isWarm, keepWarm, usePack } = require("./tools/modules.cjs");
const pack = ${JSON.stringify(join(folder, "provider"))};
const used = usePack(pack);
process.stdout.write(String(${say}));`;
  return spawnSync(process.execPath, ["-e", program], { cwd: root, encoding: "utf8" }).stdout;
}

interface Made {
  stamp: string;
  packages: [name: string, version: string][];
}

describe("a pack", () => {
  it("is used where Node, the build and the packages in it are those that it was made of", () => {
    expect(use((made) => made, "used !== undefined")).toBe("true");
    expect(use((made) => ({ ...made, stamp: `${made.stamp}0` }), "used !== undefined")).toBe("false");
    const other = (made: Made): Made => ({
      ...made,
      packages: made.packages.map(([name, version]) => [name, name.endsWith("/zod") ? "0.0.1" : version]),
    });
    expect(use(other, "used !== undefined")).toBe("false");
    // What a pruned installation lacks is in none.
    const { packages } = JSON.parse(readFileSync(join(root, "dist", "provider.json"), "utf8")) as Made;
    expect(packages.map(([name]) => name)).toContain("node_modules/zod");
    expect(packages.map(([name]) => name)).not.toContain("node_modules/vitest");
  });

  it("is read with the code that a run left, which is V8's of today", () => {
    const kept = "(keepWarm(pack, used), isWarm(pack))";
    expect(use((made) => made, kept)).toBe("true");
    expect(use((made) => made, "used.cachedDataRejected")).toBe("false");
    writeFileSync(join(folder, "provider.warm.cache"), "no code");
    expect(use((made) => made, "used.cachedDataRejected")).toBe("true");
  });
});

describe("the start of a provider", () => {
  it("takes its modules from the pack, and neither a compiler nor npm's library", () => {
    const { single, modules } = start([join(root, "tools", "preload.cjs")]);
    expect(modules.length).toBeGreaterThan(100);
    expect(single).toBeLessThan(10);
    expect(compilers(modules)).toEqual([]);
  });

  it("loads the compiler by itself where nothing is done about it", () => {
    expect(compilers(start([]).modules)).not.toEqual([]);
  });
});
