import type { Command } from "commander";
import type { StackChoice } from "../configuration";
import { missingSchema } from "../netboxschema";
import { withContext, withDryRun, withJson, withStack } from "../options";
import { say } from "../terminal";

interface SchemaOptions extends StackChoice {
  dryRun?: boolean;
  json?: boolean;
  option: string[];
}

/** Creates what NetBox lacks; exits with 2 where something there can't hold what we read. */
const createSchema = ({ dryRun = false, json = false, option, ...stack }: SchemaOptions): Promise<void> =>
  withContext(stack, async ({ context, settings }) => {
    await Promise.all([context.netbox.status(), ...context.proxmox.map((cluster) => cluster.version())]);
    const { missing, unfit } = await missingSchema(context, settings, option);
    // In this order: a field needs its choice set.
    if (!dryRun) for (const { create } of missing) await create();
    const made = missing.map(({ kind, name }) => ({ kind, name }));
    if (json) say(JSON.stringify({ [dryRun ? "missing" : "created"]: made, unfit }, undefined, 2));
    else {
      for (const { kind, name } of made) say(`${dryRun ? "missing" : "created"}  ${kind.padEnd(12)}  ${name}`);
      for (const { name, reason } of unfit) say(`unfit    custom field  ${name} ${reason}`);
      if (made.length === 0) say(`NetBox at ${context.netbox.url} has everything that netbox-proxmox reads.`);
    }
    if (unfit.length > 0) process.exitCode = 2;
  });

export function addNetboxSchema(program: Command): void {
  const command = withStack(program.command("netbox-schema"))
    .description(
      "creates the custom fields, choice sets and choices, tags, cluster type and roles that NetBox lacks, and changes nothing else",
    )
    .option("--option <name...>", "PVE options that get a custom field each (proxmox_option_NAME)", []);
  withJson(withDryRun(command, "only lists what is missing")).action(createSchema);
}
