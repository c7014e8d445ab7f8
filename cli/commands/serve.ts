import type { Command } from "commander";
import { Context } from "../../providers/context";
import { UserError } from "../../providers/errors";
import { keepSecret } from "../../providers/http/redact";
import { branchOfRequest } from "../../providers/netbox/branching/requests";
import type { NetboxClient } from "../../providers/netbox/client";
import { readText } from "../../providers/sinks/files";
import { BranchPlans } from "../branchplans";
import { readConfiguration } from "../configuration";
import type { Pace } from "../gatherer";
import { metricsText } from "../metrics";
import { withJson } from "../options";
import {
  FollowedRuns,
  planBranch,
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
  planBranches?: boolean;
  post?: string;
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
  const pace = {
    quiet: seconds("quiet", options.quiet),
    longest: seconds("longest", options.longest),
    retry: seconds("retry", options.retry),
  };
  const netbox = new LateNetbox(options.stack[0] ?? "");
  const receiver = new Receiver({
    stacks: options.stack,
    secret,
    pace,
    branches: branchesOf(options, pace, netbox, told),
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
  await netbox.close();
}

/** NetBox by the environment, else by the configuration of a stack, read when somebody first asks it. */
class LateNetbox {
  private context: Promise<Context> | undefined;

  constructor(private readonly stack: string) {}

  async get(): Promise<NetboxClient> {
    const named = (process.env.NETBOX_SERVER_URL ?? "") === "" ? { stack: this.stack } : {};
    this.context ??= readConfiguration({ ...named, needsProxmox: false }).then(
      ({ connections }) => new Context(connections),
    );
    return (await this.context).netbox.main;
  }

  async close(): Promise<void> {
    await this.context?.then(
      (context) => context.close(),
      () => {},
    );
  }
}

function branchesOf(
  { planBranches = false, post }: ServeCommandOptions,
  pace: Pace,
  netbox: LateNetbox,
  say: (line: string) => void,
): BranchPlans {
  if (post !== undefined && !planBranches)
    throw new UserError("--post says where plans of branches go: add --plan-branches.");
  return new BranchPlans({
    pace,
    ...(planBranches ? { plan: (stack: string, branch: string) => planBranch(stack, branch, post) } : {}),
    branchOf: async (request) => branchOfRequest(await netbox.get(), request),
    say,
  });
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
    .option("--plan-branches", "plans a branch of NetBox that changes, and writes the report on the branch")
    .option("--post <url>", "and POSTs it there as JSON")
    .option(
      "--metrics <file>",
      "writes a file for Prometheus after each run (docs/schedules.md); GET /metrics shows it",
    );
  withJson(command, "tells what it does as JSON, a line each").action(serve);
}
