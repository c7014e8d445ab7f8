import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../providers/errors";
import { clockVariable } from "../stacks/clock";
import { readEvents, type StackRun } from "../tools/stack";
import { operate } from "./operation";
import type { ReportedPlan } from "./plan";
import {
  type ApprovedReport,
  type EnginePlan,
  type PlanFile,
  readEnginePlan,
  withFreeOutputs,
  writePlanFile,
} from "./planfile";
import { engineDifferences, movedSince, propertiesIn } from "./planmoved";
import { remark } from "./terminal";

// `preview --save-plan FILE` keeps what was shown, and `up --plan FILE` does just that.

/** Parts of a sentence that are told at most. */
const most = 5;
const listed = (parts: readonly string[]): string =>
  [...parts.slice(0, most), ...(parts.length > most ? [`and ${parts.length - most} more`] : [])].join("; ");

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-plan-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How an operation looks for what was changed by hand, and which time it goes by: as its plan did. */
const likePlan = ({ isRefreshed, madeAt }: Pick<ApprovedReport, "isRefreshed" | "madeAt">) => ({
  args: isRefreshed ? [] : ["--no-refresh"],
  env: { [clockVariable]: madeAt },
});

/**
 * Has Pulumi make the plan that a report shows, and keeps both in a file.
 * @param args options of Pulumi's that choose the stack @returns the exit code: 1 where nothing is kept
 */
export async function savePlan(file: string, plan: ReportedPlan, args: readonly string[]): Promise<number> {
  if (plan.report.branch !== undefined)
    throw new UserError(
      `${file} is not written: the plan is of the branch ${plan.report.branch.name}, which is never carried out. Merge it first.`,
    );
  return inFolder(async (folder) => {
    const made = join(folder, "plan.json");
    const like = likePlan(plan.report);
    const words = [...args, ...like.args, "--save-plan", made, "--non-interactive", "--suppress-outputs"];
    const { code, output } = await operate("preview", words, "hidden", like.env);
    if (code !== 0) {
      remark(`${output.trim()}\n${file} is not written, since Pulumi can't make the plan.`);
      return code;
    }
    const engine = readEnginePlan(made);
    const others = engineDifferences(engine, plan);
    if (others.length > 0)
      throw new UserError(
        `${file} is not written, since Pulumi's plan, which was made after the report, is another one: ${listed(others)}. Where something was changed meanwhile, run the command again.`,
      );
    writePlanFile(file, engine, plan.report);
    remark(`The plan is in ${file}: \`up --plan ${file}\` does just that.`);
    return 0;
  });
}

/** @throws UserError where a plan is another stack's, or what a run would do is not what was approved */
export function checkApproved({ report }: PlanFile, plan: ReportedPlan, file: string): void {
  const { stack } = plan.report;
  if (report.stack !== stack)
    throw new UserError(
      `${file} is a plan of the stack ${report.stack}, and this is ${stack}: name the other stack, or give its own plan.`,
    );
  const moved = movedSince(report.changes, plan);
  if (moved.length > 0)
    throw new UserError(
      `The plan of ${timeOf(report)} does not hold any more, and nothing was changed: ${listed(moved)}. Make a new one with \`preview --save-plan ${file}\`.`,
    );
}

const timeOf = ({ madeAt }: ApprovedReport): string => `${madeAt.slice(0, 16).replace("T", " ")} UTC`;

/**
 * Carries a plan out, and no more than that.
 * @param plan what a run would do now @param args options of Pulumi's that choose the stack
 */
export async function applyPlan(
  { report, engine }: PlanFile,
  plan: ReportedPlan,
  args: readonly string[],
): Promise<StackRun> {
  return inFolder(async (folder) => {
    const [given, events] = [join(folder, "plan.json"), join(folder, "events.json")];
    writeFileSync(given, JSON.stringify(withFreeOutputs(engine, plan.outputs)), { mode: 0o600 });
    writeFileSync(events, "");
    const like = likePlan(report);
    const words = [...args, ...like.args, "--plan", given, "--yes", "--skip-preview", "--event-log", events];
    const run = await operate("up", words, "inherit", { ...like.env, PULUMI_DEBUG_COMMANDS: "true" });
    if (run.code !== 0) for (const sentence of violations(events, engine, report)) remark(sentence);
    return { ...run, ...readEvents(events) };
  });
}

const event = z.object({
  diagnosticEvent: z.object({ severity: z.string(), message: z.string(), urn: z.string().default("") }),
});

/** What the engine says against its plan, as sentences; one where it says nothing at all. */
function violations(file: string, engine: EnginePlan, { changes }: ApprovedReport): string[] {
  const errors = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => event.safeParse(JSON.parse(line)).data?.diagnosticEvent ?? [])
    .filter(({ severity }) => severity === "error");
  const rest = "What was done before stays: `preview` shows what is left, and makes a new plan of it with --save-plan.";
  if (errors.length === 0)
    return [`Pulumi stopped without a reason, which it does where its plan does not hold any more. ${rest}`];
  const told = errors.flatMap(({ message, urn: of }) => {
    if (!/violates plan|not allowed by the plan|none were seen/.test(message)) return [];
    const urn = of || (Object.keys(engine.resourcePlans).find((each) => message.includes(each)) ?? "");
    const change = changes.find((each) => each.urn === urn);
    const title = change === undefined ? urn.split("::").slice(-2).join(" ") : `${change.object} ${change.name}`;
    const names = propertiesIn(message);
    return [names.length === 0 ? title : `${title} (${names.join(", ")})`];
  });
  if (told.length === 0) return [];
  return [
    `The plan stopped holding while it was carried out: something else was to be done with ${listed(told)}. ${rest}`,
  ];
}
