// What tools/preload.cjs changes in Node's loader, and what tools/pack.cjs makes of it.
"use strict";
const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { dirname, join, relative, sep } = require("node:path");
const vm = require("node:vm");

const root = join(__dirname, "..");

/**
 * What the SDK loads at its start: a compiler and npm's library, for functions that it would write into the state (none of ours),
 * its automation API, and what traces a run for `pulumi --tracing`.
 */
const late = new Set([
  "typescript",
  "@npmcli/arborist",
  "./automation",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
]);
const inSdk = /[\\/]@pulumi[\\/]pulumi[\\/]/;

/** Loads these on their first use. */
function loadLate() {
  const load = Module._load;
  const loadNow = (request, parent) => load.call(Module, request, parent, false);
  const made = new Map();
  Module._load = function (request, parent, isMain) {
    // It has the inspector follow all that V8 compiles, for the same functions.
    if (request.endsWith("/closure/v8Hooks") && /cmd.run.index\.js$/.test(parent?.filename ?? ""))
      return { isInitializedAsync: async () => {} };
    if (!late.has(request) || !inSdk.test(parent?.filename ?? "")) return load.call(this, request, parent, isMain);
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

/** The version of every installed package, by its folder under node_modules. */
function installed() {
  const { packages } = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8"));
  return (name) => packages[name]?.version;
}

/** Which folder under node_modules a module is in; undefined for one of dist/. */
const packageOf = (name) => /^node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(name)?.[0];

/** What a pack was made of, apart from packages: another Node or another build, and it is left alone. */
const stampOf = () => [process.version, process.arch, readFileSync(join(root, "dist", ".sources"), "utf8")].join(" ");

const keyOf = (folder, request) => `${folder}\0${request}`;
const named = (file) => relative(root, file).split(sep).join("/");
/** Much quicker than `join`, which has nothing to tidy here. */
const whole = sep === "/" ? (name) => `${root}/${name}` : (name) => join(root, name);

/** Code that V8 made in a run tells it more than what it makes of a load alone. */
const warm = ".warm.cache";

/** @param pack the path of its files without their endings; @returns its script, or undefined where it isn't used */
function usePack(pack) {
  try {
    const { stamp, packages, files, found } = JSON.parse(readFileSync(`${pack}.json`, "utf8"));
    if (stamp !== stampOf()) return undefined;
    const versionOf = installed();
    if (packages.some(([name, version]) => versionOf(name) !== version)) return undefined;
    const cachedData = [`${pack}${warm}`, `${pack}.cache`]
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file))[0];
    const script = new vm.Script(readFileSync(`${pack}.js`, "latin1"), { filename: `${pack}.js`, cachedData });
    serve(script.runInThisContext(), files, found);
    return script;
  } catch {
    return undefined;
  }
}

/** Keeps what V8 has made of a pack's script so far, for the next process; a folder that can't be written to stays as it is. */
function keepWarm(pack, script) {
  const own = `${pack}.${process.pid}`;
  try {
    writeFileSync(own, script.createCachedData());
    renameSync(own, `${pack}${warm}`);
  } catch {}
}

const isWarm = (pack) => existsSync(`${pack}${warm}`);

/** Microseconds of CPU after which a process that others end has loaded everything and worked for a while. */
const enoughWork = 400_000;

/**
 * Takes modules from the pack from now on. Where V8's code of it is the build's, the first process that ends well keeps its own.
 * @param isEndedByOthers it is ended without a word, so its code is kept once it has done some work
 */
function startQuick(pack, isEndedByOthers) {
  const used = usePack(pack);
  // Code of its own for every schema is worth its making from some ten thousand rows on (docs/decisions/019).
  require("zod").config({ jitless: true });
  if (used === undefined || (isWarm(pack) && !used.cachedDataRejected)) return;
  if (!isEndedByOthers) {
    process.on("exit", (code) => code === 0 && keepWarm(pack, used));
    return;
  }
  const look = setInterval(() => {
    if (process.cpuUsage().user < enoughWork) return;
    clearInterval(look);
    keepWarm(pack, used);
  }, 100).unref();
}

function serve(functions, files, found) {
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

module.exports = { installed, isWarm, keepWarm, loadLate, named, packageOf, record, stampOf, startQuick, usePack };
