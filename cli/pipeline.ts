import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, UserError } from "../providers/errors";
import { keepSecret, redact } from "../providers/http/redact";
import { readEvents, type StackRun } from "../tools/stack";
import { type CodeHost, codeHostOf, longest } from "./codehost";
import { operate, stackOf } from "./operation";
import { difference, symbols, titleOfStep } from "./steps";

const help = `npm run pipeline -- preview|up|drift --stack STACK [pulumi's own arguments]

What a pipeline runs. In GitHub Actions and GitLab CI it reports where people look; elsewhere it prints the report.
  preview   pulumi preview, with the plan as one comment on the pull request
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

/** An operation with what it did, by its events. */
async function watched(command: string, args: string[]): Promise<StackRun> {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-pipeline-"));
  const log = join(folder, "events.json");
  writeFileSync(log, "");
  try {
    const words = [...args, "--non-interactive", "--suppress-outputs", "--event-log", log];
    const ended = await operate(command, words, "kept", { PULUMI_DEBUG_COMMANDS: "true" });
    return { ...ended, ...readEvents(log) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function preview(stack: string, args: string[], codeHost: CodeHost | undefined): Promise<number> {
  const run = await watched("preview", args);
  const marker = `<!-- netbox-proxmox preview of ${stack} -->`;
  const text = pipelineReport(stack, run, marker);
  if (codeHost) await codeHost.comment(marker, text);
  else process.stdout.write(`\n${text}\n`);
  return run.code;
}

async function drift(stack: string, args: string[], codeHost: CodeHost | undefined): Promise<number> {
  const run = await watched("preview", [...args, "--refresh", "--expect-no-changes"]);
  const marker = `<!-- netbox-proxmox drift of ${stack} -->`;
  const differs = run.steps.length > 0 && !run.errors.some((error) => !/^error: no changes were expected/.test(error));
  // What keeps it from looking is a failure of the job; that something differs is what it is there to say.
  if (run.code !== 0 && !differs) return run.code;
  const text = pipelineReport(stack, { ...run, code: 0, errors: [] }, marker);
  if (codeHost === undefined) process.stdout.write(`\n${text}\n`);
  else if (differs) await codeHost.openIssue(marker, `Drift of ${stack}`, text);
  else await codeHost.closeIssue(marker, `Nothing of ${stack} differs any more.`);
  return 0;
}

async function main(): Promise<number> {
  const [command = "", ...args] = process.argv.slice(2);
  if (command === "--help") {
    process.stdout.write(help);
    return 0;
  }
  const stack = stackOf(args);
  if (!["preview", "up", "drift"].includes(command) || stack === undefined) throw new UserError(help.trim());
  for (const name of ["NETBOX_API_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "PULUMI_CONFIG_PASSPHRASE"])
    keepSecret(process.env[name] ?? "");
  for (const [name, value = ""] of Object.entries(process.env))
    if (/^(PROXMOX_VE_API_TOKEN|GUEST_PASSWORD_)/.test(name)) keepSecret(value);
  if (command === "up")
    return (await operate("up", [...args, "--yes", "--skip-preview", "--non-interactive"], "inherit")).code;
  const codeHost = codeHostOf(process.env);
  return command === "preview" ? preview(stack, args, codeHost) : drift(stack, args, codeHost);
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
