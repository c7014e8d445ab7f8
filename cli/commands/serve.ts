import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import { keepSecret } from "../../providers/http/redact";
import { readText } from "../../providers/sinks/files";
import { metricsText } from "../metrics";
import { withJson } from "../options";
import {
  FollowedRuns,
  Receiver,
  runCommand,
  runGitHub,
  runGitLab,
  runnerOfResult,
  runUp,
  type StackRunner,
} from "../serve";
import { say } from "../terminal";

interface ServeCommandOptions {
  stack: string[];
  host: string;
  port: string;
  quiet: string;
  longest: string;
  retry: string;
  ignoreUser: string[];
  initial: boolean;
  command?: string;
  github?: string;
  gitlab?: string;
  ref: string;
  metrics?: string;
  json?: boolean;
}

/** Serves until it is stopped; then what runs is waited for. */
async function serve(options: ServeCommandOptions): Promise<void> {
  const secret = variable("NETBOX_WEBHOOK_SECRET", "the secret of the webhook in NetBox");
  if (secret.length < 16) throw new UserError("NETBOX_WEBHOOK_SECRET is too short: write at least 16 characters.");
  const told = (message: string) => {
    const time = new Date().toISOString();
    say(options.json ? JSON.stringify({ time, message }) : `${time} ${message}`);
  };
  const { metrics, github, gitlab } = options;
  const runs = new FollowedRuns(runnerOf(options), { isRun: github === undefined && gitlab === undefined, metrics });
  const receiver = new Receiver({
    stacks: options.stack,
    secret,
    pace: {
      quiet: seconds("quiet", options.quiet),
      longest: seconds("longest", options.longest),
      retry: seconds("retry", options.retry),
    },
    ignored: options.ignoreUser,
    run: (stack) => runs.run(stack),
    // The file has those of other processes, too.
    metrics: () => metricsText(metrics === undefined ? "" : (readText(metrics) ?? ""), runs.metrics),
    say: told,
  });
  if (!/^\d{1,5}$/.test(options.port)) throw new UserError(`--port ${options.port}: write a port, like 8321.`);
  const port = await receiver.listen(Number(options.port), options.host);
  told(`listening at http://${options.host}:${port}/ for ${options.stack.join(", ")}`);
  if (options.initial) receiver.noteAll();
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  told("ending: what runs is waited for");
  await receiver.close();
}

function runnerOf({ command, github, gitlab, ref }: ServeCommandOptions): StackRunner {
  if ([command, github, gitlab].filter((each) => each !== undefined).length > 1)
    throw new UserError("Only one of --command, --github and --gitlab can follow a change.");
  if (command !== undefined) return runnerOfResult(runCommand(command));
  if (github !== undefined)
    return runnerOfResult(
      runGitHub(
        github,
        variable("GITHUB_TOKEN", "a token that may write the repository's contents"),
        process.env.GITHUB_API_URL ?? "https://api.github.com",
      ),
    );
  if (gitlab !== undefined)
    return runnerOfResult(
      runGitLab(
        gitlab,
        variable("GITLAB_TRIGGER_TOKEN", "a pipeline trigger token of the project"),
        process.env.CI_API_V4_URL ?? "https://gitlab.com/api/v4",
        ref,
      ),
    );
  return runUp;
}

function variable(name: string, what: string): string {
  const value = process.env[name] ?? "";
  if (value === "") throw new UserError(`${name} is not set: it is ${what}.`);
  keepSecret(value);
  return value;
}

function seconds(name: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UserError(`--${name} ${text}: write seconds, like 10.`);
  return Number(text) * 1000;
}

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .description("waits for NetBox's webhooks, and brings the stacks to what NetBox says, one run at a time each")
    .requiredOption("-s, --stack <name...>", "the stacks: POST / is for all of them, POST /STACK for one")
    .option("--host <address>", "where it listens", "127.0.0.1")
    .option("--port <number>", "and at which port; 0 takes a free one", "8321")
    .option("--quiet <seconds>", "so long nothing more has to come before a run begins", "10")
    .option("--longest <seconds>", "but no change waits longer than this", "120")
    .option("--retry <seconds>", "when a run that failed is tried again, three times, later and later", "60")
    .option("--ignore-user <name...>", "whose changes are no news: the program's own user in NetBox", [])
    .option("--no-initial", "doesn't run once at the start, for what NetBox said while nobody listened")
    .option("--command <command>", "runs this shell command with the stack's name in STACK, instead of `up`")
    .option("--github <owner/repository>", "starts the workflow `up` there, with GITHUB_TOKEN")
    .option("--gitlab <project>", "starts the pipeline there, with GITLAB_TRIGGER_TOKEN and CI_API_V4_URL")
    .option("--ref <branch>", "of that pipeline", "main")
    .option(
      "--metrics <file>",
      "writes a file for Prometheus after each run (docs/schedules.md); GET /metrics shows it",
    );
  withJson(command, "tells what it does as JSON, a line each").action(serve);
}
