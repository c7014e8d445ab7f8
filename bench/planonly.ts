import { writeFileSync } from "node:fs";
import { z } from "zod";
import { readConnections } from "../providers/connections";
import { Context, useContext } from "../providers/context";
import { Self } from "../providers/ownership/owner";
import { readSettings } from "../stacks/settings";
import { planSite } from "../stacks/site/plan";
import { stateFrom } from "../stacks/state";

// The site program's plan from nothing, without the engine. Run as a process of its own, so that the CPU seconds that it prints
// are the plan's: `node dist/bench/planonly.js CONFIGURATION.json`.

async function main(): Promise<void> {
  const config = z.record(z.string(), z.unknown()).parse(JSON.parse(process.argv[2] ?? "{}"));
  const source = { get: (key: string) => (config[key] === undefined ? undefined : JSON.stringify(config[key])) };
  const connections = readConnections(source, process.env);
  const settings = readSettings(source, ["pve-lab"]);
  if ("problems" in connections || "problems" in settings) throw new Error(JSON.stringify({ connections, settings }));
  const context = new Context(connections.value);
  useContext(context);
  const { guests } = await planSite(
    context,
    settings.value,
    new Self("netbox-proxmox/bench", context.netbox.url),
    stateFrom({ outputs: {} }),
  );
  await context.close();
  const { user, system } = process.cpuUsage();
  writeFileSync(1, `${JSON.stringify({ guests: guests.length, cpu: (user + system) / 1e6 })}\n`);
}

main().catch((error: unknown) => {
  writeFileSync(2, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
