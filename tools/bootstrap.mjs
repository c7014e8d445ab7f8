// Makes a clone ready to run (packages, build), then runs the compiled script named first. Plain JavaScript without
// packages, as it is what installs them.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 18)) {
  console.error(`Node ${process.versions.node} is too old: install Node 20.18 or later.`);
  process.exit(1);
}

function run(what, command, args) {
  console.error(`… ${what}`);
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (done.status !== 0) {
    console.error(`${done.stdout ?? ""}${done.stderr ?? ""}`);
    console.error(`${what} failed (${[command, ...args].join(" ")}).`);
    process.exit(1);
  }
}

const installed = join(root, "node_modules", ".package-lock.json");
const lock = join(root, "package-lock.json");
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  run("installing packages (npm ci)", "npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
}
const build = join(root, "dist", "providers", "build.js");
const stale = !existsSync(build) || require(build).staleBuild() !== undefined;
if (stale) {
  run("building", process.execPath, [join(root, "tools", "build.mjs")]);
  delete require.cache[build];
}
// What this one starts needn't look again.
Object.assign(process.env, require(build).checkedBuild());

const [script, ...args] = process.argv.slice(2);
process.argv = [process.argv[0], join(root, script), ...args];
process.chdir(root);
// What everybody waits for many times a day starts as the program and the provider do (docs/decisions/019).
if (script === "dist/cli/run.js" || script === "dist/cli/main.js")
  require("./modules.cjs").startQuick(join(root, "dist", "command"), false);
require(join(root, script));
