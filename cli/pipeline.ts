import { Context } from "../providers/context";
import { messageOf, UserError } from "../providers/errors";
import { keepSecret, redact } from "../providers/http/redact";
import { markdownReport } from "../stacks/plan/report/markdown";
import type { StackRun } from "../tools/stack";
import { afterRun, type EndedRun, endedRun } from "./afterrun";
import { withBranch } from "./branch";
import { type CodeHost, codeHostOf, longest } from "./codehost";
import { readConfiguration, type StackChoice } from "./configuration";
import { configFileOf, stackOf } from "./operation";
import { planStack } from "./plan";
import { commentPost, journalPost, type PostedPlan, postPlan, webhookPost } from "./planposts";
import { difference, symbols, titleOfStep } from "./steps";
import { remark } from "./terminal";
import { watchedRun } from "./watched";

const help = `npm run pipeline -- preview|up|drift --stack STACK [--branch NAME] [--post URL] [--metrics FILE] [pulumi's own arguments]

What a pipeline runs. In GitHub Actions and GitLab CI it reports where people look; elsewhere it prints the report.
netbox-proxmox:notify says who else is told (docs/notifications.md). --metrics writes a file for Prometheus (docs/schedules.md).
  preview   pulumi preview, with the plan as one comment on the pull request; with --branch NAME
            what merging that branch of NetBox would do, as a journal entry of it, and as JSON to the URL of --post
  up        pulumi up, without questions
  drift     pulumi preview --refresh: what differs opens an issue, which is closed once nothing does. Exits with 0 for both
`;

/** Rows of a report's table at most. */
const most = 200;
const cell = (text: string) => text.replace(/\|/g, "\\|").replace(/\s+/g, " ");
const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length)}…`);

/** What an operation would do, for people, as Markdown. */
export function pipelineReport(
  stack: string,
  { code, output, steps, errors, changes }: StackRun,
  marker: string,
): string {
  const counted = Object.entries(changes)
    .filter(([op, count]) => op !== "same" && count > 0)
    .map(([op, count]) => `${count} to ${op}`);
  const summary =
    code !== 0 && errors.length > 0 ? "can't be planned" : counted.length === 0 ? "nothing to do" : counted.join(", ");
  const rows = steps
    .slice(0, most)
    .map(
      (step) => `| ${symbols[step.op] ?? step.op} | ${cell(titleOfStep(step))} | ${cell(cut(difference(step), 300))} |`,
    );
  const table = ["|  | resource | change |", "| --- | --- | --- |", ...rows];
  if (steps.length > most) table.push(`|  | and ${steps.length - most} more |  |`);
  const parts = [
    marker,
    `### ${stack}: ${summary}`,
    ...(errors.length > 0 ? [errors.map((error) => `\`\`\`\n${error.replace(/```/g, "'''")}\n\`\`\``).join("\n")] : []),
    ...(steps.length > 0 ? [table.join("\n")] : []),
  ];
  const text = parts.join("\n\n");
  const room = longest - text.length - 200;
  const shown = output.replace(/```/g, "'''").trim();
  const details = `<details><summary>Output</summary>\n\n\`\`\`\n${cut(shown, Math.max(0, room))}\n\`\`\`\n</details>`;
  return cut(redact(room > 0 ? `${text}\n\n${details}` : text), longest);
}

/** What came of an operation: its exit code, and what people and metrics are told of it. */
interface Outcome {
  code: number;
  ended: EndedRun;
}

async function preview(stack: string, args: string[], codeHost: CodeHost | undefined): Promise<Outcome> {
  const began = Date.now();
  const run = await watchedRun("preview", args);
  const marker = `<!-- netbox-proxmox preview of ${stack} -->`;
  const text = pipelineReport(stack, run, marker);
  if (codeHost) await codeHost.comment(marker, text);
  else process.stdout.write(`\n${text}\n`);
  return { code: run.code, ended: endedRun("preview", run, began, run.code === 0) };
}

/** The plan of a branch, without the engine. What can't be planned is posted, too. */
async function previewBranch(
  choice: StackChoice & { stack: string },
  branch: string,
  post: (plan: PostedPlan) => Promise<void>,
): Promise<Outcome> {
  const began = Date.now();
  const { stack } = choice;
  try {
    const report = await planStack({ ...choice, drift: true });
    const markdown = markdownReport(report, { limit: longest });
    process.stdout.write(`\n${markdown}\n`);
    await post({ stack, branch, markdown, report });
    const changes = report.changes.map(({ action, object, name }) => `${action} ${object} ${name}`);
    const succeeded = report.problems.length === 0;
    const ended: EndedRun = { operation: "preview", succeeded, began, changes, errors: report.problems };
    return { code: succeeded ? 0 : 1, ended };
  } catch (error) {
    const said = messageOf(error).replace(/```/g, "'''");
    await post({ stack, branch, markdown: `### ${stack}: can't be planned\n\n\`\`\`\n${said}\n\`\`\`` });
    throw error;
  }
}

async function up(args: string[]): Promise<Outcome> {
  const began = Date.now();
  const run = await watchedRun("up", [...args, "--yes", "--skip-preview"], "inherit");
  return { code: run.code, ended: endedRun("up", run, began, run.code === 0) };
}

async function drift(stack: string, args: string[], codeHost: CodeHost | undefined): Promise<Outcome> {
  const began = Date.now();
  const run = await watchedRun("preview", [...args, "--refresh", "--expect-no-changes"]);
  const marker = `<!-- netbox-proxmox drift of ${stack} -->`;
  const differs = run.steps.length > 0 && !run.errors.some((error) => !/^error: no changes were expected/.test(error));
  // What keeps it from looking is a failure of the job; that something differs is what it is there to say.
  if (run.code !== 0 && !differs) return { code: run.code, ended: endedRun("drift", run, began, false) };
  const text = pipelineReport(stack, { ...run, code: 0, errors: [] }, marker);
  if (codeHost === undefined) process.stdout.write(`\n${text}\n`);
  else if (differs) await codeHost.openIssue(marker, `Drift of ${stack}`, text);
  else await codeHost.closeIssue(marker, `Nothing of ${stack} differs any more.`);
  return { code: 0, ended: endedRun("drift", run, began, true) };
}

/** The arguments without an option that is none of Pulumi's, and its value. */
function withoutOption(args: string[], option: string): { args: string[]; value: string | undefined } {
  const at = args.indexOf(option);
  if (at >= 0) return { args: args.filter((_, n) => n !== at && n !== at + 1), value: args[at + 1] };
  const whole = args.find((arg) => arg.startsWith(`${option}=`));
  return { args: args.filter((arg) => arg !== whole), value: whole?.slice(option.length + 1) };
}

/** Gives the plan of a branch to who reviews it: on the branch, on the pull request at hand, to a URL. */
async function postBranch(
  plan: PostedPlan,
  choice: StackChoice,
  codeHost: CodeHost | undefined,
  post: string | undefined,
): Promise<void> {
  const { connections } = await readConfiguration({ ...choice, needsProxmox: false });
  const context = new Context(connections);
  try {
    const posts = [
      journalPost(context.netbox.main),
      ...(codeHost === undefined ? [] : [commentPost(codeHost)]),
      ...(post === undefined ? [] : [webhookPost(post)]),
    ];
    await postPlan(plan, posts, remark);
  } finally {
    await context.close();
  }
}

async function main(): Promise<number> {
  const [command = "", ...given] = process.argv.slice(2);
  if (command === "--help") {
    process.stdout.write(help);
    return 0;
  }
  const ofBranch = withBranch(command, given);
  Object.assign(process.env, ofBranch.env);
  const { args: unposted, value: post } = withoutOption(ofBranch.args, "--post");
  const { args, value: metrics } = withoutOption(unposted, "--metrics");
  const stack = stackOf(args);
  if (!["preview", "up", "drift"].includes(command) || stack === undefined) throw new UserError(help.trim());
  for (const name of ["NETBOX_API_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "PULUMI_CONFIG_PASSPHRASE"])
    keepSecret(process.env[name] ?? "");
  for (const [name, value = ""] of Object.entries(process.env))
    if (/^(PROXMOX_VE_API_TOKEN|GUEST_PASSWORD_|NOTIFY_(URL|TOKEN|SECRET|PASSWORD)_)/.test(name)) keepSecret(value);
  const codeHost = command === "up" ? undefined : codeHostOf(process.env);
  const configFile = configFileOf(args);
  const choice = { stack, ...(configFile === undefined ? {} : { configFile }) };
  const began = Date.now();
  const run = (): Promise<Outcome> => {
    if (command === "up") return up(args);
    if (command === "drift") return drift(stack, args, codeHost);
    const { branch } = ofBranch;
    return branch === undefined
      ? preview(stack, args, codeHost)
      : previewBranch(choice, branch, (plan) => postBranch(plan, choice, codeHost, post));
  };
  const { code, ended } = await run().catch(async (error: unknown) => {
    // What keeps a run from beginning, or its report from its place, is a failure as well.
    const operation = command === "up" || command === "preview" ? command : "drift";
    await afterRun(choice, { operation, succeeded: false, began, errors: [messageOf(error)] }, { metrics });
    throw error;
  });
  await afterRun(choice, ended, { metrics });
  return code;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);
