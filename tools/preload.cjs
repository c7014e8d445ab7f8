// Node runs this first in the Pulumi CLI's own processes (`--require`, cli/pulumi.ts). In the program and in the provider of dynamic
// resources it takes the modules of dist/ and of the SDK from one file with V8's own code (tools/pack.cjs), in place of finding,
// reading and compiling a thousand. Where that file doesn't fit, Node's own loading is left as it is.
// Plain JavaScript, as it hooks into Node's loader, which has no types.
"use strict";
const script = /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/](run|dynamic-provider)([\\/]index\.js)?$/.exec(
  process.argv[1] ?? "",
)?.[1];
if (script !== undefined) {
  const { join } = require("node:path");
  const { loadLate, startQuick } = require("./modules.cjs");
  // As index.ts does it, for what runs before it.
  Object.defineProperty(Error, "stackTraceLimit", { get: () => 0, set: () => {} });
  // The program runs compiled (Pulumi.yaml says so, which an old language host doesn't hear).
  process.env.PULUMI_NODEJS_TYPESCRIPT = "false";
  loadLate();
  startQuick(join(__dirname, "..", "dist", script === "run" ? "program" : "provider"), script !== "run");
}
