import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
