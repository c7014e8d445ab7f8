// Makes dist/pack.*: the modules of the program and the provider as one file, with the code that V8 makes of them.
// Run by tools/build.mjs, twice: to write the file, and to run it for its code (`cache`).
"use strict";
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { loadLate, named, record, stampOf, usePack } = require("./modules.cjs");

const root = join(__dirname, "..");
const pack = join(root, "dist", "pack");

/** Loads what a program and a provider load. The SDK's own two scripts would run: without their arguments they say so and end. */
async function loadAll() {
  const { exit } = process;
  const { error, log } = console;
  process.exit = () => {};
  console.error = () => {};
  console.log = () => {};
  process.argv.length = 2;
  require("@pulumi/pulumi/cmd/run");
  require("@pulumi/pulumi/cmd/run/run");
  require("@pulumi/pulumi/cmd/dynamic-provider");
  require(join(root, "dist", "index.js"));
  require(join(root, "dist", "providers", "registry.js"));
  for (const entry of readdirSync(join(root, "dist", "stacks"), { withFileTypes: true }))
    if (entry.isDirectory() && readdirSync(join(root, "dist", "stacks", entry.name)).includes("index.js"))
      require(join(root, "dist", "stacks", entry.name, "index.js"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  Object.assign(console, { error, log });
  return exit;
}

async function write() {
  loadLate();
  const { files, found } = record();
  const exit = await loadAll();
  // An `import()` is found from where its file is, which a pack isn't.
  const packed = [...files].filter((file) => !/\bimport\s*\(/.test(readFileSync(file, "utf8")));
  const functions = packed.map(
    (file) =>
      `function (exports, require, module, __filename, __dirname) {${readFileSync(file, "utf8").replace(/^#!.*/, "")}\n}`,
  );
  writeFileSync(`${pack}.js`, `[${functions.join(",\n")}]`);
  writeFileSync(
    `${pack}.json`,
    JSON.stringify({ stamp: stampOf(), files: packed.map(named), found: [...found.values()] }),
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

void (process.argv[2] === "cache" ? cache() : write());
