import type { Command } from "commander";
import { guestLinks } from "../../stacks/netbox/links";
import type { StackChoice } from "../configuration";
import { type LinkChange, linkChanges } from "../links";
import { missingSchema } from "../netboxschema";
import { type Configured, withContext, withDryRun, withJson, withStack } from "../options";
import { say } from "../terminal";

interface SchemaOptions extends StackChoice {
  dryRun?: boolean;
  json?: boolean;
  option: string[];
  links?: boolean;
}

/** The links of the stack's guests that NetBox lacks or has otherwise. */
function linksOf({ context, connections, settings }: Configured, stack: string | undefined): Promise<LinkChange[]> {
  const { customFields, planUrl } = settings.site;
  return linkChanges(context.netbox, guestLinks(connections.proxmox, customFields, { stack, planUrl }));
}

/** Creates what NetBox lacks; exits with 2 where something there can't hold what we read. */
const createSchema = ({
  dryRun = false,
  json = false,
  option,
  links = false,
  ...stack
}: SchemaOptions): Promise<void> =>
  withContext(stack, async (configured) => {
    const { context, settings } = configured;
    await Promise.all([context.netbox.status(), ...context.proxmox.map((cluster) => cluster.version())]);
    const { missing, unfit } = await missingSchema(context, settings, option);
    // In this order: a field needs its choice set.
    if (!dryRun) for (const { create } of missing) await create();
    const changed = links ? await linksOf(configured, stack.stack) : [];
    if (!dryRun) for (const { write } of changed) await write();
    const named = (action: LinkChange["action"]) =>
      changed.filter((each) => each.action === action).map(({ name }) => ({ kind: "custom link", name }));
    const made = [...missing.map(({ kind, name }) => ({ kind, name })), ...named("create")];
    const corrected = named("update");
    if (json) {
      const words = dryRun ? ["missing", "differing"] : ["created", "changed"];
      const [first = "", second = ""] = words;
      say(JSON.stringify({ [first]: made, ...(links ? { [second]: corrected } : {}), unfit }, undefined, 2));
    } else {
      for (const { kind, name } of made) say(`${dryRun ? "missing" : "created"}  ${kind.padEnd(12)}  ${name}`);
      for (const { kind, name } of corrected) say(`${dryRun ? "differs" : "changed"}  ${kind.padEnd(12)}  ${name}`);
      for (const { name, reason } of unfit) say(`unfit    custom field  ${name} ${reason}`);
      if (made.length + corrected.length === 0)
        say(`NetBox at ${context.netbox.url} has everything that netbox-proxmox reads.`);
    }
    if (unfit.length > 0) process.exitCode = 2;
  });

export function addNetboxSchema(program: Command): void {
  const command = withStack(program.command("netbox-schema"))
    .description(
      "creates the custom fields, choice sets and choices, tags, cluster type and roles that NetBox lacks, and changes nothing else",
    )
    .option("--links", "links on guests' pages to their console, and to the plan where site.planUrl says where it is")
    .option("--option <name...>", "PVE options that get a custom field each (proxmox_option_NAME)", []);
  withJson(withDryRun(command, "only lists what is missing")).action(createSchema);
}
