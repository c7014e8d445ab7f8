import type { Command } from "commander";
import { withBranch } from "../branch";
import { withJson } from "../options";
import { planStack } from "../plan";
import { printPlan } from "../showplan";

interface PlanCommandOptions {
  stack: string;
  configFile?: string;
  drift?: boolean;
  json?: boolean;
  full?: boolean;
  branch?: string;
}

/** Exits with 0 where nothing would change, with 2 where something would. */
async function plan({
  drift = false,
  json = false,
  full = false,
  branch,
  ...choice
}: PlanCommandOptions): Promise<void> {
  if (branch !== undefined) Object.assign(process.env, withBranch("plan", ["--branch", branch]).env);
  const report = await planStack({ ...choice, drift });
  printPlan(report, { json, full });
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
    .option("--drift", "looks for what was changed by hand since the last run, too");
  withJson(command, "prints the report as JSON (docs/plan.schema.json)").action(plan);
}
