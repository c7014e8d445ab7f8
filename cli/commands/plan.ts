import { type Command, Option } from "commander";
import { withBranch } from "../branch";
import { withJson } from "../options";
import { planStack } from "../plan";
import { printPlan, writePlan } from "../showplan";

interface PlanCommandOptions {
  stack: string;
  configFile?: string;
  drift?: boolean;
  json?: boolean;
  full?: boolean;
  html?: string;
  markdown?: string;
  branch?: string;
  only?: string[];
  tag?: string[];
  cluster?: string[];
  node?: string[];
  type?: "vm" | "ct";
}

/** Exits with 0 where nothing would change, with 2 where something would. */
async function plan(options: PlanCommandOptions): Promise<void> {
  const { drift = false, json = false, full = false, only = [], tag = [], cluster = [], node = [], type } = options;
  const isChosen = type !== undefined || [only, tag, cluster, node].some((all) => all.length > 0);
  const { stack, configFile, branch } = options;
  if (branch !== undefined) Object.assign(process.env, withBranch("plan", ["--branch", branch]).env);
  const report = await planStack({
    ...{ stack, drift, choice: isChosen ? { only, tag, cluster, node, type } : undefined },
    ...(configFile === undefined ? {} : { configFile }),
  });
  printPlan(report, { json, full });
  writePlan(report, options);
  if (report.problems.length > 0) process.exitCode = 1;
  else if (report.changes.length > 0) process.exitCode = 2;
}

export function addPlan(program: Command): void {
  const command = program
    .command("plan")
    .description("what `up` would do, without Pulumi's engine; exits with 2 where something would change")
    .requiredOption("-s, --stack <name>", "the stack")
    .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
    .option("--branch <name>", "a branch of NetBox in the place of main: what its merge would do (docs/branches.md)")
    .option("--full", "shows every change of a long plan")
    .option("--html <file>", "writes the plan as a page that needs nothing but itself")
    .option("--markdown <file>", "writes the plan as Markdown of GitHub and GitLab")
    .option(
      "--only <guest...>",
      "these guests alone: names of NetBox, VMIDs, or CLUSTER/VMID where several clusters have one",
    )
    .option("--tag <name...>", "guests with one of these tags on Proxmox VE")
    .option("--cluster <name...>", "guests of these clusters")
    .option("--node <name...>", "guests on these nodes")
    .addOption(new Option("--type <type>", "only virtual machines, or only containers").choices(["vm", "ct"]))
    .option("--drift", "looks for what was changed by hand since the last run, too");
  withJson(command, "prints the report as JSON (docs/plan.schema.json)").action(plan);
}
