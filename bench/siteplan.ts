import { writeFileSync } from "node:fs";
import { z } from "zod";
import { readConnections } from "../providers/connections";
import { Context, useContext } from "../providers/context";
import { Self } from "../providers/ownership/owner";
import { readSettings } from "../stacks/settings";
import { planSite } from "../stacks/site/plan";
import { siteStateIn } from "../stacks/state";

// What the bare scripts of the bench begin with: the site program's plan from nothing, without the engine.

type SitePlan = Awaited<ReturnType<typeof planSite>>;

/**
 * Runs a script that goes on from that plan, and closes its connections. Its argument is the stack's configuration as JSON.
 * An error goes to standard error, with exit status 1.
 */
export function runFromSitePlan(script: (plan: SitePlan, context: Context) => Promise<void> | void): void {
  const run = async () => {
    const config = z.record(z.string(), z.unknown()).parse(JSON.parse(process.argv[2] ?? "{}"));
    const source = { get: (key: string) => (config[key] === undefined ? undefined : JSON.stringify(config[key])) };
    const connections = readConnections(source, process.env);
    const settings = readSettings(source, ["pve-lab"]);
    if ("problems" in connections || "problems" in settings) throw new Error(JSON.stringify({ connections, settings }));
    const context = new Context(connections.value);
    useContext(context);
    const self = new Self("netbox-proxmox/bench", context.netbox.url);
    const plan = await planSite(context, settings.value, self, siteStateIn({ resources: [], outputs: {} }));
    await script(plan, context);
    await context.close();
  };
  run().catch((error: unknown) => {
    writeFileSync(2, `${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
