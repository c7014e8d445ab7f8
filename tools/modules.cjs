// What tools/preload.cjs changes in Node's loader, and what tools/pack.cjs makes of it.
"use strict";
const { readFileSync, statSync } = require("node:fs");
const Module = require("node:module");
const { dirname, join, relative, sep } = require("node:path");
const vm = require("node:vm");

const root = join(__dirname, "..");

/** The SDK loads a compiler and npm's library at its start, for functions that it would write into the state: none of ours. */
const late = new Set(["typescript", "@npmcli/arborist"]);

/** Loads these on their first use. */
function loadLate() {
  const load = Module._load;
  const loadNow = (request, parent) => load.call(Module, request, parent, false);
  const made = new Map();
  Module._load = function (request, parent, isMain) {
    // It has the inspector follow all that V8 compiles, for the same functions.
    if (request.endsWith("/closure/v8Hooks") && /cmd.run.index\.js$/.test(parent?.filename ?? ""))
      return { isInitializedAsync: async () => {} };
    if (!late.has(request)) return load.call(this, request, parent, isMain);
    const known = made.get(request);
    if (known !== undefined) return known;
    const proxy = new Proxy(
      {},
      {
        get: (_, key) => {
          if (key === "__esModule") return undefined;
          // For its debug log.
          if (key === "version") return loadNow(`${request}/package.json`, parent).version;
          return loadNow(request, parent)[key];
        },
        has: (_, key) => key in loadNow(request, parent),
      },
    );
    made.set(request, proxy);
    return proxy;
  };
}

/** What a pack was made of: another Node, other packages or another build, and it is left alone. */
function stampOf() {
  const installed = statSync(join(root, "node_modules", ".package-lock.json"), { throwIfNoEntry: false });
  const sources = readFileSync(join(root, "dist", ".sources"), "utf8");
  return [process.version, process.arch, installed?.mtimeMs, installed?.size, sources].join(" ");
}

const keyOf = (folder, request) => `${folder}\0${request}`;
const named = (file) => relative(root, file).split(sep).join("/");

/** @param pack the path of its files without their endings; @returns its script, or undefined where it isn't used */
function usePack(pack) {
  try {
    const { stamp, files, found } = JSON.parse(readFileSync(`${pack}.json`, "utf8"));
    if (stamp !== stampOf()) return undefined;
    let cachedData;
    try {
      cachedData = readFileSync(`${pack}.cache`);
    } catch {}
    const script = new vm.Script(readFileSync(`${pack}.js`, "utf8"), { filename: `${pack}.js`, cachedData });
    serve(script.runInThisContext(), files, found);
    return script;
  } catch {
    return undefined;
  }
}

function serve(functions, files, found) {
  const whole = (name) => join(root, name);
  const packed = new Map(files.map((name, at) => [whole(name), functions[at]]));
  const paths = new Map(found.map(([folder, request, name]) => [keyOf(whole(folder), request), whole(name)]));
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, isMain, options) {
    const path = options === undefined && parent?.path ? paths.get(keyOf(parent.path, request)) : undefined;
    return path ?? resolve.call(this, request, parent, isMain, options);
  };
  const compile = Module._extensions[".js"];
  Module._extensions[".js"] = (module, filename) => {
    const run = packed.get(filename);
    if (run === undefined) return compile(module, filename);
    const require = (request) => module.require(request);
    require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
    require.main = process.mainModule;
    require.cache = Module._cache;
    require.extensions = Module._extensions;
    run.call(module.exports, module.exports, require, module, filename, dirname(filename));
  };
}

/** Notes every module that is loaded from now on. @returns what a pack is made of */
function record() {
  const files = new Set();
  const found = new Map();
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, isMain, options) {
    const path = resolve.call(this, request, parent, isMain, options);
    if (options === undefined && parent?.path && path.startsWith(root + sep))
      found.set(keyOf(parent.path, request), [named(parent.path), request, named(path)]);
    return path;
  };
  const compile = Module._extensions[".js"];
  Module._extensions[".js"] = (module, filename) => {
    if (filename.startsWith(root + sep)) files.add(filename);
    return compile(module, filename);
  };
  return { files, found };
}

module.exports = { loadLate, named, record, stampOf, usePack };
