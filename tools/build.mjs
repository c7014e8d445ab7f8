// Compiles the sources to dist/ and leaves a stamp of them there, by which a stale build is noticed (providers/build.ts). Then packs
// what the program, the provider and the command load, once to write it and once for V8's code of it: without a pack they run as well, slower.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
if (!existsSync(tsc)) {
  // An installation for running only (`npm ci --omit=dev`) calls `prepare` too, and runs the dist/ that is there.
  if (process.argv.includes("--if-possible")) process.exit(0);
  console.error("There is no TypeScript compiler here to build dist/ with: install it by `npm ci --include=dev`.");
  process.exit(1);
}
rmSync(join(root, "dist"), { recursive: true, force: true });
const pages = [join("stacks", "inventory", "page"), join("stacks", "planpage")];
// The browser's own scripts first: they bring modules along that hold only types, and are written again for Node.
for (const project of [...pages.map((page) => join(root, page)), root]) {
  const done = spawnSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
  if (done.status === 0) continue;
  rmSync(join(root, "dist"), { recursive: true, force: true });
  process.exit(done.status ?? 1);
}
for (const page of pages) copyFileSync(join(root, page, "page.css"), join(root, "dist", page, "page.css"));
require(join(root, "dist", "providers", "build.js")).writeStamp();
for (const role of ["program", "provider", "command"])
  for (const part of ["write", "cache"]) {
    const made = spawnSync(process.execPath, [join(root, "tools", "pack.cjs"), part, role], { encoding: "utf8" });
    if (made.status !== 0)
      console.error(`… each ${role} will start slowly, as its modules were not packed: ${made.stderr}`);
  }
