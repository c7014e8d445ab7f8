import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { pulumiFolder } from "../cli/pulumi";
import { measureBare, measureDiscovery, measureFloor, measureLife, openSystems, type Phase } from "./phases";
import { type PlanCost, planCosts, reportOfPlans } from "./plancost";
import { benchReport } from "./report";
import { benchSeed, LabProcess, realistic } from "./systems";
import { undocumented } from "./undocumented";
import { untidy } from "./untidy";

const help = `npm run bench -- [options]

Runs the whole life of a site of many guests on the lab, by the real Pulumi CLI, and prints what each part of it costs:
docs/performance.md says how to read it. Wall times of a shared machine mean little; ratios and CPU seconds say more.

  --program NAME     site or discovery (default site)
  --sizes LIST       numbers of guests (default 100,1000,5000)
  --latency LIST     none, realistic or both (default none,realistic)
  --untidy           only the CPU of a plan of the largest size (default 1000), with and without 2,000 other prefixes in
                     20 VRFs and 50,000 other addresses in NetBox
  --out FILE         JSON of every figure (default .lab/bench.json)
  --markdown FILE    the tables once more
  --help             this text
`;

const say = (text: string) => process.stderr.write(`… ${text}\n`);

async function run(program: string, cli: string, guests: number, latency: Phase["latency"]): Promise<Phase[]> {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-bench-"));
  const waits = latency === "none" ? {} : realistic;
  const phases: Phase[] = [];
  const keep = (phase: Phase) => {
    phases.push(phase);
    const { wall, cpu, memory } = phase;
    say(
      `${guests} guests, ${latency} latency, ${phase.phase}: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} CPU s, ${memory.toFixed(0)} MB`,
    );
  };
  say(`${guests} guests: the lab takes its seed`);
  const lab = await LabProcess.start(
    program === "site" ? benchSeed(guests) : undocumented(guests),
    join(folder, "lab"),
  );
  try {
    const systems = await openSystems(lab, cli, folder);
    try {
      if (program === "discovery") {
        for await (const phase of measureDiscovery(systems, guests, latency, waits)) keep(phase);
        return phases;
      }
      let resources = 0;
      for await (const phase of measureLife(systems, guests, latency, waits)) {
        keep(phase);
        resources = Math.max(resources, phase.resources);
      }
      keep(await measureFloor(systems, guests, latency, waits));
      if (latency === "none") keep(await measureBare(systems, guests, resources));
    } finally {
      await systems.clients.close();
    }
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return phases;
}

/** What a plan costs in a tidy NetBox and in an untidy one, each on a lab of its own. */
async function compare(cli: string, guests: number): Promise<PlanCost[]> {
  const costs: PlanCost[] = [];
  for (const netbox of ["tidy", "untidy"] as const) {
    const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-bench-"));
    say(`${guests} guests, ${netbox} NetBox: the lab takes its seed`);
    const seed = benchSeed(guests);
    const lab = await LabProcess.start(netbox === "tidy" ? seed : untidy(seed), join(folder, "lab"));
    try {
      const systems = await openSystems(lab, cli, folder);
      try {
        for await (const cost of planCosts(systems, guests, netbox)) {
          costs.push(cost);
          say(`${cost.what}: ${cost.cpu.toFixed(2)} CPU s, ${cost.requests} requests of NetBox`);
        }
      } finally {
        await systems.clients.close();
      }
    } finally {
      await lab.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return costs;
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const flags = { untidy: { type: "boolean" }, help: { type: "boolean" } } as const;
  const { values } = parseArgs({
    options: { program: text, sizes: text, latency: text, out: text, markdown: text, ...flags },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const sizes = (values.sizes ?? (values.untidy ? "1000" : "100,1000,5000")).split(",").map(Number);
  const latencies = (values.latency ?? "none,realistic").split(",");
  if (sizes.some((size) => !Number.isInteger(size) || size < 20 || size > 10_000))
    throw new Error(`--sizes ${values.sizes}: write whole numbers of guests from 20 to 10000, like 100,1000`);
  const { program = "site" } = values;
  if (program !== "site" && program !== "discovery") throw new Error(`--program ${program}: write site or discovery`);
  const cli = await pulumiFolder();
  if (values.untidy) {
    process.stdout.write(reportOfPlans(await compare(cli, Math.max(...sizes))));
    return;
  }
  const phases: Phase[] = [];
  for (const latency of latencies) {
    if (latency !== "none" && latency !== "realistic") throw new Error(`--latency ${latency}: write none or realistic`);
    for (const guests of sizes) phases.push(...(await run(program, cli, guests, latency)));
  }
  const out = values.out ?? ".lab/bench.json";
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, JSON.stringify(phases, undefined, 1));
  const tables = benchReport(phases);
  process.stdout.write(tables);
  if (values.markdown !== undefined) writeFileSync(values.markdown, tables);
  say(`every figure is in ${out}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
