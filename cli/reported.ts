import { UserError } from "../providers/errors";
import type { PlanReport } from "../stacks/plan/report";
import { journalUp, writesJournal } from "./journal";
import { configFileOf, operate, selectStack } from "./operation";
import { planStack } from "./plan";
import { confirmed, isAttended } from "./prompt";
import { reportFlags } from "./reportedargs";
import { printPlan } from "./showplan";
import { watchedRun } from "./watched";

// `preview` and `up` as people meet them: the plan as a report, and for `up` a question under it. Pulumi's own output is a flag away.

const isYes = (args: readonly string[]): boolean => args.includes("--yes") || args.includes("-y");

/** Shows the plan; carries it out where it is an `up` and somebody says so. @returns the exit code */
export async function reported(command: string, args: string[]): Promise<number> {
  const drift = !args.includes("--no-refresh");
  const asksNobody = args.includes("--non-interactive") || !isAttended();
  if (command === "up" && !isYes(args) && asksNobody)
    throw new UserError("Nobody can be asked here whether the plan is to be carried out: add --yes to carry it out.");
  const { name: stack, env } = await selectStack(args);
  // The lab's stack has a passphrase that nobody sets.
  process.env.PULUMI_CONFIG_PASSPHRASE ??= env.PULUMI_CONFIG_PASSPHRASE;
  const configFile = configFileOf(args);
  const choice = { stack, ...(configFile === undefined ? {} : { configFile }) };
  const report = await planStack({ ...choice, drift });
  printPlan(report, { json: args.includes("--json"), full: args.includes("--full") });
  if (report.problems.length > 0) return 1;
  if (command === "preview" || !(await mayGoOn(report, args))) return 0;
  const rest = args.filter((arg) => !reportFlags.includes(arg) && arg !== "--yes" && arg !== "-y");
  const words = [...rest, "--yes", "--skip-preview"];
  if (!(await writesJournal(choice))) return (await operate("up", words, "inherit")).code;
  const run = await watchedRun("up", words, "inherit");
  await journalUp(choice, report, run);
  return run.code;
}

async function mayGoOn({ changes }: PlanReport, args: readonly string[]): Promise<boolean> {
  if (isYes(args) || changes.length === 0) return true;
  return confirmed("Carry it out?");
}
