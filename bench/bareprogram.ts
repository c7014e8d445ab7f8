import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

// The bare program that the site program's own cost is compared with: as many dynamic resources of the same kind, each with
// three inputs, in the same order of dependencies, and nothing read from anywhere.

Error.stackTraceLimit = 0;

class Bare extends pulumi.CustomResource {
  constructor(name: string, inputs: { name: string; number: number; text: string }, options: { dependsOn: Bare[] }) {
    const provider = join(__dirname, "bareprovider.js");
    super(
      "pulumi-nodejs:dynamic/bench:Bare",
      name,
      { ...inputs, __provider: `exports.handler = () => require(${JSON.stringify(provider)}).handler` },
      options,
    );
  }
}

const guests = Number(process.env.BENCH_GUESTS);
const perGuest = Number(process.env.BENCH_RESOURCES);
const all: Bare[] = [];
for (let guest = 0; guest < guests; guest++)
  for (let n = 0, before: Bare[] = []; n < perGuest; n++) {
    const name = `r-${guest}-${n}`;
    before = [new Bare(name, { name, number: n, text: "a guest of the bench" }, { dependsOn: before })];
    all.push(...before);
  }
new Bare("anchor", { name: "anchor", number: 0, text: "" }, { dependsOn: all });
