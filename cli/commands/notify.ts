import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import { lastRunOfStack } from "../late";
import { lateNotice, type NamedStack, notify, tell, testNotice } from "../notify";
import { withJson } from "../options";
import { say, show } from "../terminal";

interface NotifyOptions extends NamedStack {
  test?: boolean;
  json?: boolean;
}

/** Exits with 2 where a channel wasn't reached. */
async function sendTest({ test = false, json = false, ...choice }: NotifyOptions): Promise<void> {
  if (!test) throw new UserError("Say --test: it sends a test message to every channel of the stack.");
  const sent = await notify(choice, testNotice(choice.stack), process.env);
  if (sent.length === 0)
    throw new UserError(`Stack ${choice.stack} tells nobody: set netbox-proxmox:notify (docs/notifications.md).`);
  show(sent, json, (all) => all.map(({ channel, type, warning }) => warning ?? `${channel} (${type}): delivered`));
  if (sent.some(({ warning }) => warning !== undefined)) process.exitCode = 2;
}

interface LateOptions extends NamedStack {
  after: string;
  notify?: boolean;
}

/** Exits with 3 where the stack's last good run is too long ago. */
async function lookWhetherLate({ after, notify: tells = false, ...choice }: LateOptions): Promise<void> {
  const { program, last, isLate } = await lastRunOfStack(choice, after);
  const when = last === undefined ? "had no run that succeeded" : `last succeeded at ${last.toISOString()}`;
  say(`${choice.stack} (${program}) ${when}${isLate ? `: late, as one is expected every ${after}` : ""}`);
  if (!isLate) return;
  if (tells) await tell(choice, lateNotice(choice.stack, program, after, last));
  process.exitCode = 3;
}

const configFile = ["--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml"] as const;

export function addNotify(program: Command): void {
  const command = program
    .command("notify")
    .description("sends a test message to every channel of netbox-proxmox:notify; exits with 2 where one isn't reached")
    .requiredOption("-s, --stack <name>", "the stack whose channels are used")
    .option(...configFile)
    .option("--test", "sends it");
  withJson(command).action(sendTest);
  program
    .command("late")
    .description("looks when a stack that runs by a schedule last did so; exits with 3 where that is too long ago")
    .requiredOption("-s, --stack <name>", "the stack, such as discovery's")
    .option(...configFile)
    .requiredOption("--after <time>", "how long ago its last run that succeeded may be, like 26h")
    .option("--notify", "tells the stack's channels (docs/notifications.md)")
    .action(lookWhetherLate);
}
