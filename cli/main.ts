#!/usr/bin/env node
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander"; // options, help and messages of a command line
import { Context } from "../providers/context";
import { messageOf, UserError } from "../providers/errors";
import { keepSecret } from "../providers/http/redact";
import { project } from "../providers/settings";
import { accessSchema } from "../stacks/access/desired/file";
import { secondsOf } from "../stacks/access/desired/rotation";
import { duration } from "../stacks/duration";
import { vmsSchema } from "../stacks/intent/desired/file";
import { printScope } from "../stacks/site/desired/scope";
import { dimensions } from "../stacks/site/desired/split";
import { configuration, type StackOptions } from "./configuration";
import { graphCommand } from "./graph";
import { addGuestCommands } from "./guestcommands";
import { missingSchema } from "./netboxschema";
import { Receiver, runCommand, runGitHub, runGitLab, runUp } from "./serve";
import { isDimension, type PlannedStack, planStacks, writeStackFiles } from "./stacks";
import { listTemplates, printTemplates, writeChoices } from "./templates";
import { say, show } from "./terminal";
import { inventoryOf, listTokens, needsCare, printTokens } from "./tokens";
import { exportVms, printVms } from "./vms";

// `npm run ops -- COMMAND`: what is done beside the plan. Credentials come from a stack's configuration or the environment.

interface SchemaOptions extends StackOptions {
  dryRun?: boolean;
  json?: boolean;
  option: string[];
}

/** Creates what NetBox lacks; exits with 2 where something there can't hold what we read. */
async function netboxSchemaCommand({ dryRun = false, json = false, option, ...stack }: SchemaOptions): Promise<void> {
  const { connections, settings } = await configuration(stack);
  const context = new Context(connections);
  try {
    await Promise.all([context.netbox.status(), ...context.proxmox.map((cluster) => cluster.version())]);
    const { missing, unfit } = await missingSchema(context, settings, option);
    // In this order: a field needs its choice set.
    if (!dryRun) for (const { create } of missing) await create();
    const made = missing.map(({ kind, name }) => ({ kind, name }));
    if (json) say(JSON.stringify({ [dryRun ? "missing" : "created"]: made, unfit }, undefined, 2));
    else {
      for (const { kind, name } of made) say(`${dryRun ? "missing" : "created"}  ${kind.padEnd(12)}  ${name}`);
      for (const { name, reason } of unfit) say(`unfit    custom field  ${name} ${reason}`);
      if (made.length === 0) say(`NetBox at ${context.netbox.url} has everything that netbox-proxmox reads.`);
    }
    if (unfit.length > 0) process.exitCode = 2;
  } finally {
    await context.close();
  }
}

interface ExportOptions extends StackOptions {
  cluster: string[];
  tag: string[];
  out?: string;
  json?: boolean;
}

/** Writes what NetBox holds as a vms.yml. */
async function vmsExportCommand({ cluster, tag, out, json = false, ...stack }: ExportOptions): Promise<void> {
  const { connections, settings } = await configuration({ ...stack, needsProxmox: false });
  const context = new Context(connections);
  try {
    await context.netbox.status();
    const wanted = { clusters: cluster, tags: tag };
    const file = await exportVms(context.netbox, settings.site.customFields, wanted);
    const text = json ? `${JSON.stringify(file, undefined, 2)}\n` : printVms(file);
    if (out === undefined) process.stdout.write(text);
    else writeFileSync(out, text);
  } finally {
    await context.close();
  }
}

interface TokensOptions extends StackOptions {
  within: string;
  usage?: boolean;
  json?: boolean;
}

/** Lists tokens; exits with 3 where somebody has to look after one. */
async function tokensCommand({ within, usage = false, json = false, ...stack }: TokensOptions): Promise<void> {
  if (!duration.safeParse(within).success)
    throw new UserError(`--within ${within}: write minutes, hours or days, like 7d.`);
  const { connections } = await configuration({ ...stack, needsProxmox: false, needsNetbox: false });
  if (Object.keys(connections.proxmox).length === 0 && connections.netbox === undefined)
    throw new UserError("No Proxmox VE cluster and no NetBox is configured: name a stack with --stack.");
  const context = new Context(connections);
  try {
    const known = stack.stack === undefined ? {} : await inventoryOf(stack.stack);
    const now = Math.floor(Date.now() / 1000);
    const tokens = await listTokens(context, { known, usage, within: secondsOf(within), now });
    show(tokens, json, () => [printTokens(tokens, { usage, now })]);
    const waiting = tokens.filter(needsCare);
    if (waiting.length === 0) return;
    if (!json)
      say(
        `${waiting.length} of ${tokens.length} ${waiting.length === 1 ? "needs" : "need"} care: ${waiting.map(({ token, state }) => `${token} (${state})`).join(", ")}`,
      );
    process.exitCode = 3;
  } finally {
    await context.close();
  }
}

interface TemplatesOptions extends StackOptions {
  write?: boolean;
  json?: boolean;
}

/** Lists templates, and writes what NetBox offers. */
async function templatesCommand({ write = false, json = false, ...stack }: TemplatesOptions): Promise<void> {
  const { connections, settings } = await configuration({ ...stack, needsNetbox: write });
  const context = new Context(connections);
  try {
    const { customFields } = settings.site;
    const found = await listTemplates(context, customFields, Date.now());
    const lines = write ? await writeChoices(context, customFields, found) : [];
    show(found, json, () => [printTemplates(found), ...lines]);
  } finally {
    await context.close();
  }
}

interface StacksOptions {
  stack: string;
  configFile?: string;
  most: string;
  by?: string;
  tagPrefix?: string;
  prefix?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** Proposes stacks and writes their files; exits with 2 where a part is larger than was asked for. */
async function stacksPlanCommand(options: StacksOptions): Promise<void> {
  const { stack, configFile, most, by, tagPrefix, prefix = stack, dryRun = false, json = false } = options;
  if (!/^[1-9]\d*$/.test(most)) throw new UserError(`--most ${most}: write a number of guests, like 1000.`);
  if (by !== undefined && !isDimension(by)) throw new UserError(`--by ${by}: write one of ${dimensions.join(", ")}.`);
  const { connections, settings } = await configuration({ stack, configFile });
  const context = new Context(connections);
  try {
    const clusters = Object.keys(connections.proxmox);
    const { stacks, notes } = await planStacks(context.netbox, clusters, settings, prefix, {
      most: Number(most),
      ...(by === undefined ? {} : { by }),
      ...(tagPrefix === undefined ? {} : { tagPrefix }),
    });
    const base = configFile ?? `Pulumi.${stack}.yaml`;
    const isOne = stacks.length === 1;
    if (!dryRun && !isOne) writeStackFiles(dirname(base), base, stacks);
    if (json) say(JSON.stringify({ stacks, notes }, undefined, 2));
    else {
      for (const { name, scope, guests, file } of stacks)
        say(
          `${String(guests).padStart(6)} guests  ${isOne ? stack : name}  ${printScope(scope) || "all"}${isOne ? "" : `  ${file}`}`,
        );
      for (const note of notes) say(`note: ${note}`);
      if (isOne) say("One stack will do: nothing is written.");
      else say(dryRun ? "Nothing is written." : afterwards(stacks, base, stack));
    }
    if (stacks.some(({ guests }) => guests > Number(most))) process.exitCode = 2;
  } finally {
    await context.close();
  }
}

/** What is left to do once the files are there. */
const afterwards = (stacks: PlannedStack[], base: string, stack: string): string =>
  [
    `Written. Each stack needs its state and its tokens once (or NETBOX_API_TOKEN and PROXMOX_VE_API_TOKEN in its pipeline):`,
    ...stacks.map(
      ({ name }) =>
        `  pulumi stack init ${name} && pulumi config cp --path ${project}:netbox.token -s ${stack} -d ${name}`,
    ),
    `Then remove ${base}: while it is there, every run says that its guests are in two stacks. Guests that ${stack} built already are its own until it takes them away.`,
  ].join("\n");

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
  json?: boolean;
}

/** Serves until it is stopped; then what runs is waited for. */
async function serveCommand(options: ServeCommandOptions): Promise<void> {
  const secret = variable("NETBOX_WEBHOOK_SECRET", "the secret of the webhook in NetBox");
  if (secret.length < 16) throw new UserError("NETBOX_WEBHOOK_SECRET is too short: write at least 16 characters.");
  const told = (message: string) => {
    const time = new Date().toISOString();
    say(options.json ? JSON.stringify({ time, message }) : `${time} ${message}`);
  };
  const receiver = new Receiver({
    stacks: options.stack,
    secret,
    pace: {
      quiet: seconds("quiet", options.quiet),
      longest: seconds("longest", options.longest),
      retry: seconds("retry", options.retry),
    },
    ignored: options.ignoreUser,
    run: runnerOf(options),
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

function runnerOf({ command, github, gitlab, ref }: ServeCommandOptions): (stack: string) => Promise<boolean> {
  if ([command, github, gitlab].filter((each) => each !== undefined).length > 1)
    throw new UserError("Only one of --command, --github and --gitlab can follow a change.");
  if (command !== undefined) return runCommand(command);
  if (github !== undefined)
    return runGitHub(
      github,
      variable("GITHUB_TOKEN", "a token that may write the repository's contents"),
      process.env.GITHUB_API_URL ?? "https://api.github.com",
    );
  if (gitlab !== undefined)
    return runGitLab(
      gitlab,
      variable("GITLAB_TRIGGER_TOKEN", "a pipeline trigger token of the project"),
      process.env.CI_API_V4_URL ?? "https://gitlab.com/api/v4",
      ref,
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

/** What somebody gave as an argument that is no place for it is not printed into a log as well. */
const withoutValues = (text: string): string => text.replace(/(--?[a-z][\w-]*=)[^'"\s]+/gi, "$1…");

const program = new Command("ops")
  .configureOutput({ outputError: (text, write) => write(withoutValues(text)) })
  .description("netbox-proxmox beside its plan")
  .showHelpAfterError()
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 64);
  });
program
  .command("netbox-schema")
  .description(
    "creates the custom fields, choice sets, tags, cluster type and roles that NetBox lacks, and changes nothing else",
  )
  .option("-s, --stack <name>", "the stack whose configuration is used; else the environment alone")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--option <name...>", "PVE options that get a custom field each (proxmox_option_NAME)", [])
  .option("--dry-run", "only lists what is missing")
  .option("--json", "prints JSON")
  .action(netboxSchemaCommand);

const vms = program.command("vms").description("the file of the intent program");
vms
  .command("export")
  .description("writes a vms.yml from the guests that NetBox holds")
  .option("-s, --stack <name>", "the stack whose configuration is used; else the environment alone")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--cluster <name...>", "only guests of these clusters", [])
  .option("--tag <slug...>", "only guests with one of these tags", [])
  .option("--out <file>", "where it is written; else it is printed")
  .option("--json", "as JSON, which `intent` reads too")
  .action(vmsExportCommand);
program
  .command("access")
  .description("the file of the access program")
  .command("schema")
  .description("prints the JSON Schema of access.yml, for editors")
  .action(() => {
    say(JSON.stringify(accessSchema(), undefined, 2));
  });
vms
  .command("schema")
  .description("prints the JSON Schema of vms.yml, for editors")
  .action(() => {
    say(JSON.stringify(vmsSchema(), undefined, 2));
  });

program
  .command("tokens")
  .description(
    "lists every API token of Proxmox VE and NetBox; exits with 3 where one is due for rotation, expires or has expired",
  )
  .option("-s, --stack <name>", "the access stack, whose rotation is looked after; else the environment alone")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--within <time>", "what expires within it is told, like 7d", "7d")
  .option("--usage", "shows when each was used last: from the nodes' task logs, and from NetBox")
  .option("--json", "prints JSON")
  .action(tokensCommand);

program
  .command("templates")
  .description("lists the templates of every cluster: their age, who made them, what uses them")
  .option("-s, --stack <name>", "the stack whose configuration is used; else the environment alone")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--write", "brings NetBox's choice sets to the templates that there are")
  .option("--json", "prints JSON")
  .action(templatesCommand);

program
  .command("stacks")
  .description("several stacks for one NetBox")
  .command("plan")
  .description("divides the guests of a stack's configuration among several stacks, and writes their files")
  .requiredOption("-s, --stack <name>", "the stack whose configuration is divided")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--most <guests>", "guests of a stack at most", "1000")
  .option("--by <dimension>", "clusters, sites, tenants or tags; else the first that divides them, in this order")
  .option("--tag-prefix <prefix>", "tags whose slugs begin so; every guest has to have just one")
  .option("--prefix <name>", "what the new stacks' names begin with; else the stack's name")
  .option("--dry-run", "only shows them")
  .option("--json", "prints JSON")
  .action(stacksPlanCommand);

addGuestCommands(program);

program
  .command("graph")
  .description("reads everything there is as a graph: into Neo4j where one is configured, else as files and a page")
  .option("-s, --stack <name>", "the stack whose configuration is used; else the environment alone")
  .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
  .option("--key <name>", "one of the clusters' named tokens, in place of the program's")
  .option("--out <folder>", "gets graph.json, graph.cypher and graph.html; without a Neo4j, inventory/ does")
  .option("--json", "prints JSON")
  .action(graphCommand);

program
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
  .option("--json", "tells what it does as JSON, a line each")
  .action(serveCommand);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
