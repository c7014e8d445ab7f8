import { UserError } from "../providers/errors";
import type { GuestChoice } from "../stacks/plan/choice";
import type { PlanReport } from "../stacks/plan/report";
import { choiceIn, targetsOf } from "./chosen";
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
export async function reported(command: string, given: string[]): Promise<number> {
  const { choice, rest: args } = choiceIn(given);
  const drift = !args.includes("--no-refresh");
  const asksNobody = args.includes("--non-interactive") || !isAttended();
  if (command === "up" && !isYes(args) && asksNobody)
    throw new UserError("Nobody can be asked here whether the plan is to be carried out: add --yes to carry it out.");
  const { name: stack, env } = await selectStack(args);
  // The lab's stack has a passphrase that nobody sets.
  process.env.PULUMI_CONFIG_PASSPHRASE ??= env.PULUMI_CONFIG_PASSPHRASE;
  const configFile = configFileOf(args);
  const of = { stack, ...(configFile === undefined ? {} : { configFile }) };
  const report = await planStack({ ...of, drift, choice });
  printPlan(report, { json: args.includes("--json"), full: args.includes("--full") });
  if (report.problems.length > 0) return 1;
  if (command === "preview" || !(await mayGoOn(report, args))) return 0;
  const rest = args.filter((arg) => !reportFlags.includes(arg) && arg !== "--yes" && arg !== "-y");
  const targets = targetsOf(report);
  const words = [...rest, ...targets.args, "--yes", "--skip-preview"];
  if (!(await writesJournal(of))) return (await operate("up", words, "inherit", targets.env)).code;
  const run = await watchedRun("up", words, "inherit", targets.env);
  await journalUp(of, report, run);
  return run.code;
}

/** Pulumi's own preview or `up` of chosen guests: the plan tells their URNs. @returns the exit code */
export async function operateChosen(command: string, args: string[], choice: GuestChoice): Promise<number> {
  const { name: stack, env } = await selectStack(args);
  process.env.PULUMI_CONFIG_PASSPHRASE ??= env.PULUMI_CONFIG_PASSPHRASE;
  const configFile = configFileOf(args);
  const drift = !args.includes("--no-refresh");
  const report = await planStack({ stack, drift, choice, ...(configFile === undefined ? {} : { configFile }) });
  for (const note of report.notes.slice(-1)) process.stderr.write(`… ${note}\n`);
  const targets = targetsOf(report);
  return (await operate(command, [...args, ...targets.args], "inherit", targets.env)).code;
}

async function mayGoOn({ changes }: PlanReport, args: readonly string[]): Promise<boolean> {
  if (isYes(args) || changes.length === 0) return true;
  return confirmed("Carry it out?");
}
