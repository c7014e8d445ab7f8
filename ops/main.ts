import { Command } from "commander"; // options, help and messages of a command line
import { Context } from "../providers/context";
import { messageOf } from "../providers/errors";
import { configuration, type StackOptions } from "./configuration";
import { missingSchema } from "./netboxschema";

// `npm run ops -- COMMAND`: what is done beside the plan. Credentials come from a stack's configuration or the environment.

const say = (text: string) => process.stdout.write(`${text}\n`);

interface SchemaOptions extends StackOptions {
  dryRun?: boolean;
  json?: boolean;
  option: string[];
}

/** Creates what NetBox lacks; exits with 2 where something there can't hold what we read. */
async function netboxSchemaCommand({ dryRun = false, json = false, option, ...stack }: SchemaOptions): Promise<void> {
  const { connections, settings } = await configuration(stack);
  const context = new Context(connections);
  try {
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
  } finally {
    await context.close();
  }
}

const program = new Command("ops")
  .description("netbox-proxmox beside its plan")
  .showHelpAfterError()
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 64);
  });
program
  .command("netbox-schema")
  .description(
    "creates the custom fields, choice sets, tags, cluster type and roles that NetBox lacks, and changes nothing else",
  )
  .option("-s, --stack <name>", "the stack whose configuration is used; else the environment alone")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--option <name...>", "PVE options that get a custom field each (proxmox_option_NAME)", [])
  .option("--dry-run", "only lists what is missing")
  .option("--json", "prints JSON")
  .action(netboxSchemaCommand);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
