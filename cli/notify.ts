import { messageOf, UserError } from "../providers/errors";
import { type Delivery, deliver } from "../providers/notify/delivery";
import type { Notice } from "../providers/notify/notice";
import { type NotifySettings, readNotify } from "../providers/notify/settings";
import { type ConfigSource, type Environment, printProblems, project, readJson } from "../providers/settings";
import { isRecord } from "../providers/values";
import { listedNames } from "../stacks/plan/listed";
import { planPage } from "../stacks/plan/planpage";
import { configurationSource, type StackChoice } from "./configuration";
import { configurationByFile } from "./stackfile";
import { remark } from "./terminal";

// What runs tell people, by the stack's netbox-proxmox:notify. Telling never fails a run.

/** Whom a stack tells, and where its reports are. */
interface Audience {
  channels: NotifySettings;
  planUrl: string | undefined;
}

/** @throws UserError with all that is wrong with the setting */
function audienceOf(source: ConfigSource, stack: string, env: Environment): Audience {
  const read = readNotify(source, env);
  if ("problems" in read) throw new UserError(printProblems(read.problems));
  const site = readJson(source, "site");
  const { planUrl } = "value" in site && isRecord(site.value) ? site.value : {};
  return { channels: read.value, planUrl: typeof planUrl === "string" ? planPage(planUrl, stack) : undefined };
}

/** The page of the job that this runs in, on GitHub or GitLab. */
export function jobUrlOf(env: Environment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run, CI_JOB_URL: job } = env;
  if (server !== undefined && repository !== undefined && run !== undefined)
    return `${server}/${repository}/actions/runs/${run}`;
  return job === "" ? undefined : job;
}

/** What a run has to say; the rest of the notice is known. */
export type RunNotice = Pick<Notice, "event" | "title" | "lines">;

export interface NamedStack extends StackChoice {
  stack: string;
}

/** Sends it to every channel that wants it. @throws UserError where the configuration can't be read */
export async function notify(choice: NamedStack, notice: RunNotice, env: Environment): Promise<Delivery[]> {
  const { stack } = choice;
  const written = configurationByFile(choice);
  // Most stacks tell nobody: that takes no start of Pulumi.
  if (written !== undefined && !(`${project}:notify` in written)) return [];
  const { channels, planUrl } = audienceOf(await configurationSource(choice, env), stack, env);
  const url = planUrl ?? jobUrlOf(env);
  const time = new Date().toISOString();
  return deliver(channels, { ...notice, stack, time, ...(url === undefined ? {} : { url }) });
}

/** The same for a run that goes on whatever comes of it: what wasn't delivered is a warning. */
export async function tell(
  choice: NamedStack,
  notice: RunNotice,
  warn: (text: string) => void = remark,
): Promise<void> {
  try {
    for (const { warning } of await notify(choice, notice, process.env)) if (warning !== undefined) warn(warning);
  } catch (error) {
    warn(`Nobody was told of "${notice.title}": ${messageOf(error)}`);
  }
}

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

// The words of each event: the same from a pipeline, a timer and `serve`.

/** @param changes a line each */
export const driftNotice = (stack: string, changes: string[]): RunNotice => ({
  event: "drift",
  title: `${stack}: drift, ${counted(changes.length, "change", "changes")}`,
  lines: changes,
});

/** @param errors of the run, of which the first lines are told */
export const failedNotice = (stack: string, operation: string, errors: string[]): RunNotice => ({
  event: "failed",
  title: `${stack}: ${operation} failed`,
  lines: errors.map((error) => error.split("\n").find((line) => line.trim() !== "") ?? ""),
});

export const approvalNotice = (stack: string, changes: string[]): RunNotice => ({
  event: "approval",
  title: `${stack}: a plan with ${counted(changes.length, "change", "changes")} waits for approval`,
  lines: changes,
});

/** @param tokens with their state: `pve-lab/a@pve!b (due)` */
export const tokenNotice = (stack: string, tokens: string[]): RunNotice => ({
  event: "token",
  title: `${stack}: ${counted(tokens.length, "token needs", "tokens need")} care: ${listedNames(tokens, 3)}`,
  lines: tokens,
});

/** @param last when its last good run began; nothing where it had none */
export const lateNotice = (stack: string, program: string, after: string, last: Date | undefined): RunNotice => ({
  event: "late",
  title: `${stack}: ${program} is late`,
  lines: [
    last === undefined
      ? `It had no run that succeeded; one is expected every ${after}.`
      : `Its last run that succeeded began at ${last.toISOString()}; one is expected every ${after}.`,
  ],
});

export const testNotice = (stack: string): RunNotice => ({
  event: "test",
  title: `${stack}: a test of netbox-proxmox`,
  lines: ["If you can read this, notifications of this stack arrive here."],
});
