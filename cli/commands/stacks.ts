import { dirname } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import { project } from "../../providers/settings";
import { printScope } from "../../stacks/site/desired/scope";
import { dimensions } from "../../stacks/site/desired/split";
import { withContext, withDryRun, withJson } from "../options";
import { isDimension, type PlannedStack, planStacks, writeStackFiles } from "../stacks";
import { say } from "../terminal";

interface StacksOptions {
  stack: string;
  configFile?: string;
  most: string;
  by?: string;
  tagPrefix?: string;
  prefix?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** Proposes stacks and writes their files; exits with 2 where a part is larger than was asked for. */
async function plan(options: StacksOptions): Promise<void> {
  const { stack, configFile, most, by, tagPrefix, prefix = stack, dryRun = false, json = false } = options;
  if (!/^[1-9]\d*$/.test(most)) throw new UserError(`--most ${most}: write a number of guests, like 1000.`);
  if (by !== undefined && !isDimension(by)) throw new UserError(`--by ${by}: write one of ${dimensions.join(", ")}.`);
  await withContext(
    { stack, ...(configFile === undefined ? {} : { configFile }) },
    async ({ context, connections, settings }) => {
      const clusters = Object.keys(connections.proxmox);
      const { stacks, notes } = await planStacks(context.netbox, clusters, settings, prefix, {
        most: Number(most),
        ...(by === undefined ? {} : { by }),
        ...(tagPrefix === undefined ? {} : { tagPrefix }),
      });
      const base = configFile ?? `Pulumi.${stack}.yaml`;
      const isOne = stacks.length === 1;
      if (!dryRun && !isOne) writeStackFiles(dirname(base), base, stacks);
      if (json) say(JSON.stringify({ stacks, notes }, undefined, 2));
      else {
        for (const { name, scope, guests, file } of stacks)
          say(
            `${String(guests).padStart(6)} guests  ${isOne ? stack : name}  ${printScope(scope) || "all"}${isOne ? "" : `  ${file}`}`,
          );
        for (const note of notes) say(`note: ${note}`);
        if (isOne)
          say(
            stacks.some(({ guests }) => guests > Number(most))
              ? `Nothing is written: ${stack} stays one stack of more than ${most} guests.`
              : "One stack will do: nothing is written.",
          );
        else say(dryRun ? "Nothing is written." : afterwards(stacks, base, stack));
      }
      if (stacks.some(({ guests }) => guests > Number(most))) process.exitCode = 2;
    },
  );
}

/** What is left to do once the files are there. */
const afterwards = (stacks: PlannedStack[], base: string, stack: string): string =>
  [
    `Written. Each stack needs its state and its tokens once (or NETBOX_API_TOKEN and PROXMOX_VE_API_TOKEN in its pipeline):`,
    ...stacks.map(
      ({ name }) =>
        `  pulumi stack init ${name} && pulumi config cp --path ${project}:netbox.token -s ${stack} -d ${name}`,
    ),
    `Then remove ${base}: while it is there, every run says that its guests are in two stacks. Guests that ${stack} built already are its own until it takes them away.`,
  ].join("\n");

export function addStacks(program: Command): void {
  const command = program
    .command("stacks")
    .description("several stacks for one NetBox")
    .command("plan")
    .description("divides the guests of a stack's configuration among several stacks, and writes their files")
    .requiredOption("-s, --stack <name>", "the stack whose configuration is divided")
    .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
    .option("--most <guests>", "guests of a stack at most", "1000")
    .option("--by <dimension>", "clusters, sites, tenants or tags; else the first that divides them, in this order")
    .option("--tag-prefix <prefix>", "tags whose slugs begin so; every guest has to have just one")
    .option("--prefix <name>", "what the new stacks' names begin with; else the stack's name");
  withJson(withDryRun(command, "only shows them")).action(plan);
}
