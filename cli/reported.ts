import { rmSync } from "node:fs";
import { UserError } from "../providers/errors";
import { runTime } from "../stacks/clock";
import { choiceText, type GuestChoice } from "../stacks/plan/choice";
import type { PlanReport } from "../stacks/plan/report";
import { applyPlan, checkApproved, savePlan } from "./approved";
import { choiceIn, targetsOf } from "./chosen";
import { journalUp, writesJournal } from "./journal";
import { configFileOf, operate, optionOf, selectStack } from "./operation";
import { planResources, planStack } from "./plan";
import { readPlanFile } from "./planfile";
import { confirmed, isAttended } from "./prompt";
import { planOptionOf, reportFlags, stackArguments, unknownOptions } from "./reportedargs";
import { printPlan } from "./showplan";
import { watchedRun } from "./watched";

// `preview` and `up` as people meet them: the plan as a report, and for `up` a question under it. Pulumi's own output is a flag away.

const isYes = (args: readonly string[]): boolean => args.includes("--yes") || args.includes("-y");

/** Shows the plan; carries it out where it is an `up` and somebody says so. @returns the exit code */
export async function reported(command: string, given: string[]): Promise<number> {
  const { choice, rest: args } = choiceIn(given);
  const asksNobody = args.includes("--non-interactive") || !isAttended();
  if (command === "up" && !isYes(args) && asksNobody)
    throw new UserError("Nobody can be asked here whether the plan is to be carried out: add --yes to carry it out.");
  const file = planFileOf(command, args);
  if (file !== undefined && choice !== undefined)
    throw new UserError(`A plan file holds the whole plan: leave ${choiceText(choice)} out.`);
  // What is left of an earlier plan is not taken for this one where this one fails.
  if (command === "preview" && file !== undefined) rmSync(file, { force: true });
  const approved = command === "up" && file !== undefined ? readPlanFile(file) : undefined;
  if (approved !== undefined) checkRefresh(approved.report.isRefreshed, args);
  const drift = approved?.report.isRefreshed ?? !args.includes("--no-refresh");
  const now = approved === undefined ? runTime() : new Date(approved.report.madeAt);
  const { name: stack } = await selectStack(args);
  const configFile = configFileOf(args);
  const of = { stack, ...(configFile === undefined ? {} : { configFile }) };
  const plan = await planResources({ ...of, drift, now, choice });
  const { report } = plan;
  if (approved !== undefined && file !== undefined) checkApproved(approved, plan, file);
  printPlan(report, { json: args.includes("--json"), full: args.includes("--full") });
  if (report.problems.length > 0) return 1;
  if (command === "preview") return file === undefined ? 0 : savePlan(file, plan, stackArguments(args));
  if (!(await mayGoOn(report, args))) return 0;
  if (approved !== undefined) {
    const run = await applyPlan(approved, plan, stackArguments(args));
    if (await writesJournal(of)) await journalUp(of, report, run);
    return run.code;
  }
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
  const { name: stack } = await selectStack(args);
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

/** The plan file that is to be written or taken. @throws UserError where it is not named, or given with what it does not go with */
function planFileOf(command: string, args: string[]): string | undefined {
  const option = planOptionOf(command, args);
  if (option === undefined) return undefined;
  const [other] = unknownOptions(command, args);
  if (other !== undefined)
    throw new UserError(
      `${other.replace(/=.*/, "")} does not go with ${option}, whose file holds the whole plan: leave it out, or add --raw for Pulumi's own plan file.`,
    );
  const file = optionOf(args, option);
  if (file !== undefined && file !== "" && !file.startsWith("-")) return file;
  throw new UserError(`${option} names no file: write \`${command} ${option} plan.json\`.`);
}

/** @throws UserError where a refresh is asked for, or left out, other than in the plan */
function checkRefresh(isRefreshed: boolean, args: readonly string[]): void {
  const leftOut = args.includes("--no-refresh");
  const asked = args.includes("--refresh") || args.includes("-r");
  if (isRefreshed && leftOut)
    throw new UserError("The plan was made with a refresh, and `up` does the same: leave --no-refresh out.");
  if (!isRefreshed && asked)
    throw new UserError("The plan was made with --no-refresh, and `up` does the same: leave --refresh out.");
}
