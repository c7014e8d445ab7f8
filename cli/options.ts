import type { Command } from "commander"; // options, help and messages of a command line
import type { Connections } from "../providers/connections";
import { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import type { Settings } from "../stacks/settings";
import { type CommandNeeds, readConfiguration, type StackChoice } from "./configuration";

// What many commands have in common: their options, each worded once, and the connections that they open and close.

/** Where a command's configuration comes from. @param what the stack is to it, where that is not its configuration alone */
export const withStack = (
  command: Command,
  what = "the stack whose configuration is used; else the environment alone",
): Command =>
  command
    .option("-s, --stack <name>", what)
    .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml");

export const withKey = (command: Command): Command =>
  command.option("--key <name>", "one of the clusters' named tokens, in place of the program's");

export const withJson = (command: Command, what = "prints JSON"): Command => command.option("--json", what);

export const withDryRun = (command: Command, what: string): Command => command.option("--dry-run", what);

export interface Configured {
  context: Context;
  connections: Connections;
  settings: Settings;
}

/** Reads the configuration and opens what it names; closes it after the work. */
export async function withContext(
  options: StackChoice & CommandNeeds,
  work: (configured: Configured) => Promise<void>,
): Promise<void> {
  const { connections, settings } = await readConfiguration(options);
  const context = new Context(connections);
  try {
    await work({ context, connections, settings });
  } finally {
    await context.close();
  }
}

/** A number of the command line. @throws UserError */
export function numberOf(option: string, text: string, { whole = false } = {}): number {
  const isNumber = whole ? /^[1-9]\d*$/.test(text) : /^\d+(\.\d+)?$/.test(text) && Number(text) > 0;
  if (!isNumber) throw new UserError(`--${option} ${text}: write ${whole ? "a whole number" : "seconds"}, like 10.`);
  return Number(text);
}
