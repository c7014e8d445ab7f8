// Makes dist/program.*, dist/provider.* and dist/command.*: the modules that each of the three loads as one file, with the code that V8
// makes of them.
// Run by tools/build.mjs, twice for each: to write the file, and to run it for its code (`cache`).
"use strict";
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { installed, loadLate, named, packageOf, record, stampOf, usePack } = require("./modules.cjs");

const root = join(__dirname, "..");
const [, , part, role] = process.argv;
const pack = join(root, "dist", role);

/** What a stack may run. */
function programs() {
  const stacks = join(root, "dist", "stacks");
  return readdirSync(stacks, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && readdirSync(join(stacks, entry.name)).includes("index.js")
      ? [join(stacks, entry.name, "index.js")]
      : [],
  );
}

const scriptsIn = (folder) => readdirSync(folder).flatMap((name) => (name.endsWith(".js") ? [join(folder, name)] : []));

/** The script that starts it, or what that loads at once, and what it loads later. */
const entries = {
  program: () => [
    "@pulumi/pulumi/cmd/run",
    "@pulumi/pulumi/cmd/run/run",
    join(root, "dist", "index.js"),
    ...programs(),
  ],
  provider: () => ["@pulumi/pulumi/cmd/dynamic-provider", join(root, "dist", "providers", "registry.js")],
  // `npm run preview` and its kin, and `netbox-proxmox`.
  command: () => [
    "commander",
    join(root, "dist", "cli", "operation.js"),
    join(root, "dist", "cli", "reported.js"),
    ...scriptsIn(join(root, "dist", "cli", "commands")),
    ...programs(),
  ],
};

/** The SDK's scripts would run: without their arguments they say so and end. */
async function loadAll() {
  const { exit } = process;
  const { error, log } = console;
  process.exit = () => {};
  console.error = () => {};
  console.log = () => {};
  process.argv.length = 2;
  for (const entry of entries[role]()) require(entry);
  await new Promise((resolve) => setTimeout(resolve, 50));
  Object.assign(console, { error, log });
  return exit;
}

/** The same program in characters of one byte, which Node and V8 read in half the time. */
const ascii = (text) => text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Is it the same program then? A template's raw text and a character after a backslash are others. */
const canBeAscii = (text) => !/[^\0-\x7f]/.test(text) || !/\braw`|\\[^\0-\x7f]/.test(text);

async function write() {
  loadLate();
  const { files, found } = record();
  const exit = await loadAll();
  // An `import()` is found from where its file is, which a pack isn't.
  const packed = [...files].filter((file) => {
    const text = readFileSync(file, "utf8");
    return !/\bimport\s*\(/.test(text) && canBeAscii(text);
  });
  const functions = packed.map(
    (file) =>
      `function (exports, require, module, __filename, __dirname) {${ascii(readFileSync(file, "utf8").replace(/^#!.*/, ""))}\n}`,
  );
  const versionOf = installed();
  const packages = [...new Set(packed.map((file) => packageOf(named(file))))].filter((name) => name !== undefined);
  writeFileSync(`${pack}.js`, `[${functions.join(",\n")}]`);
  writeFileSync(
    `${pack}.json`,
    JSON.stringify({
      stamp: stampOf(),
      packages: packages.map((name) => [name, versionOf(name)]),
      files: packed.map(named),
      found: [...found.values()],
    }),
  );
  exit(0);
}

async function cache() {
  loadLate();
  const script = usePack(pack);
  if (script === undefined) throw new Error("the pack can't be used");
  const exit = await loadAll();
  writeFileSync(`${pack}.cache`, script.createCachedData());
  exit(0);
}

void (part === "cache" ? cache() : write());
