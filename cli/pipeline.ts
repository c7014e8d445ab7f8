import { Context } from "../providers/context";
import { messageOf, UserError } from "../providers/errors";
import { keepSecret, redact } from "../providers/http/redact";
import type { PlanReport } from "../stacks/plan/report";
import { markdownReport } from "../stacks/plan/report/markdown";
import { afterRun, type EndedRun, endedRun } from "./afterrun";
import { withBranch } from "./branch";
import { type CodeHost, codeHostOf, longest } from "./codehost";
import { readConfiguration, type StackChoice } from "./configuration";
import { journalUp, planForJournal } from "./journal";
import type { NamedStack } from "./notify";
import { configFileOf, stackOf } from "./operation";
import { planStack } from "./plan";
import { commentPost, journalPost, type PostedPlan, postPlan, webhookPost } from "./planposts";
import { remark } from "./terminal";
import { unattended, watchedRun } from "./watched";

const help = `npm run pipeline -- preview|up|drift --stack STACK [--branch NAME] [--post URL] [--metrics FILE] [--no-refresh, and of up pulumi's own arguments]

What a pipeline runs. In GitHub Actions and GitLab CI it reports where people look; elsewhere it prints the report.
netbox-proxmox:notify says who else is told (docs/notifications.md). --metrics writes a file for Prometheus (docs/schedules.md).
  preview   the plan as one comment on the pull request; with --branch NAME
            what merging that branch of NetBox would do, as a journal entry of it, and as JSON to the URL of --post
  up        pulumi up, without questions
  drift     the plan after a look at what was changed by hand: what differs opens an issue, which is closed once nothing does. Exits with 0 for both
`;

/** What came of an operation: its exit code, and what people and metrics are told of it. */
interface Outcome {
  code: number;
  ended: EndedRun;
}

/** A plan as Markdown, with what tells its comment from others. */
const marked = (marker: string, report: PlanReport): string =>
  `${marker}\n\n${markdownReport(report, { limit: longest - marker.length - 2 })}`;

/** What a plan says, to who is told of runs. */
const told = ({ changes, problems }: PlanReport): Pick<EndedRun, "changes" | "errors"> => ({
  changes: changes.map(({ action, object, name }) => `${action} ${object} ${name}`),
  errors: problems,
});

/** The plan of a stack, or of a branch of its NetBox, without the engine. What can't be planned is posted, too. */
async function preview(
  choice: StackChoice & { stack: string },
  drift: boolean,
  post: (text: string, report?: PlanReport) => Promise<void>,
): Promise<Outcome> {
  const began = Date.now();
  const { stack } = choice;
  const marker = `<!-- netbox-proxmox preview of ${stack} -->`;
  try {
    const report = await planStack({ ...choice, drift });
    await post(marked(marker, report), report);
    const succeeded = report.problems.length === 0;
    return { code: succeeded ? 0 : 1, ended: { operation: "preview", succeeded, began, ...told(report) } };
  } catch (error) {
    const said = messageOf(error).replace(/```/g, "'''");
    await post(`${marker}\n\n### ${stack}: can't be planned\n\n\`\`\`\n${redact(said)}\n\`\`\``);
    throw error;
  }
}

async function up(choice: NamedStack, args: string[]): Promise<Outcome> {
  const began = Date.now();
  const plan = await planForJournal(choice, !args.includes("--no-refresh"));
  const run = await watchedRun("up", [...args, "--yes", "--skip-preview", ...unattended], "inherit");
  if (plan !== undefined) await journalUp(choice, plan, run);
  return { code: run.code, ended: endedRun("up", run, began, run.code === 0) };
}

/** What was changed by hand opens an issue; what keeps it from looking is a failure. */
async function drift(choice: StackChoice & { stack: string }, codeHost: CodeHost | undefined): Promise<Outcome> {
  const began = Date.now();
  const { stack } = choice;
  const report = await planStack({ ...choice, drift: true });
  const marker = `<!-- netbox-proxmox drift of ${stack} -->`;
  const differs = report.changes.length > 0;
  const text = marked(marker, report);
  if (codeHost === undefined) process.stdout.write(`\n${text}\n`);
  else if (differs) await codeHost.openIssue(marker, `Drift of ${stack}`, text);
  else await codeHost.closeIssue(marker, `Nothing of ${stack} differs any more.`);
  return { code: 0, ended: { operation: "drift", succeeded: true, began, ...told(report), errors: [] } };
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
    if (command === "up") return up(choice, args);
    if (command === "drift") return drift(choice, codeHost);
    const { branch } = ofBranch;
    return preview(choice, !args.includes("--no-refresh"), async (markdown, report) => {
      if (branch !== undefined) {
        process.stdout.write(`\n${markdown}\n`);
        await postBranch({ stack, branch, markdown, ...(report ? { report } : {}) }, choice, codeHost, post);
      } else if (codeHost !== undefined) await codeHost.comment(markdown.split("\n")[0] ?? "", markdown);
      else process.stdout.write(`\n${markdown}\n`);
    });
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
