import { type Command, Option } from "commander";
import { Context } from "../../providers/context";
import { UserError } from "../../providers/errors";
import { readConfiguration, type StackChoice } from "../configuration";
import { guestOfEnvironment } from "../environment";
import { type GuestSelection, type GuestsRead, readGuests, type SeenGuest, selectGuests, selectionOf } from "../guests";
import { numberOf, withJson, withKey, withStack } from "../options";
import { confirmed, isAttended } from "../prompt";
import { colouredWords, remark } from "../terminal";

// Which guests a command is about: what is read from the command line, and asked.

export interface GuestOptions extends StackChoice {
  tag?: string[];
  cluster?: string[];
  node?: string[];
  type?: "vm" | "ct";
  all?: boolean;
  json?: boolean;
  yes?: boolean;
  dryRun?: boolean;
  timeout?: string;
  parallel?: string;
}

interface Opened {
  context: Context;
  read: GuestsRead;
}

/** Reads all guests and hands them on; says what did not answer. */
export async function withGuests(options: GuestOptions, work: (opened: Opened) => Promise<void>): Promise<void> {
  const { connections, settings } = await readConfiguration({ ...options, needsNetbox: false });
  const seconds = options.timeout === undefined ? undefined : numberOf("timeout", options.timeout);
  const clusters = Object.entries(connections.proxmox).map(([name, cluster]) => [
    name,
    seconds === undefined ? cluster : { ...cluster, shutdownTimeout: seconds },
  ]);
  const context = new Context({ ...connections, proxmox: Object.fromEntries(clusters) });
  try {
    const read = await readGuests(context, settings, options.cluster ?? []);
    for (const problem of read.problems) remark(problem);
    if (read.silent.length > 0) process.exitCode = 1;
    await work({ context, read });
  } finally {
    await context.close();
  }
}

const given = (named: string[], { tag, cluster, node, type, all }: GuestOptions): Partial<GuestSelection> => ({
  named,
  tag: tag ?? [],
  cluster: cluster ?? [],
  node: node ?? [],
  all: all ?? false,
  type: type === "ct" ? "lxc" : type === "vm" ? "qemu" : undefined,
});

/** The guests of a command that changes them: named, or by a quality. */
export const chosen = (named: string[], options: GuestOptions, { guests, silent }: GuestsRead) => {
  const selection = selectionOf(given(named, options), guestOfEnvironment(process.env));
  return { selection, guests: selectGuests(guests, selection, silent) };
};

/** The guests of a command that only looks: all, where nothing is said. Templates are among them where they are wanted. */
export function looked(named: string[], options: GuestOptions, read: GuestsRead, templates: boolean): SeenGuest[] {
  const wanted = given(named, options);
  const isPlain = named.length === 0 && !(wanted.tag?.length || wanted.node?.length || wanted.type);
  if (!isPlain) return selectGuests(read.guests, { ...empty, ...wanted }, read.silent);
  return templates ? read.guests : read.guests.filter(({ template }) => !template);
}
export const empty: GuestSelection = { named: [], tag: [], cluster: [], node: [], all: false };

/** Lets a person decide. @throws UserError where nobody is there to be asked, or the answer is no */
export async function decided(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!isAttended()) throw new UserError(`${question} Nobody is there to be asked: say --yes.`);
  if (!(await confirmed(question))) throw new UserError("Nothing was done.");
}

/** Results, with what failed in red. */
export const resultColours = (line: string): string => colouredWords(line, { failed: "red", done: "green" });

/** Options of commands that reach clusters. */
export const stacked = (command: Command): Command => withJson(withKey(withStack(command)));

export const selecting = (command: Command): Command =>
  stacked(command)
    .argument("[guest...]", "names of NetBox, VMIDs, or CLUSTER/VMID where several clusters have one")
    .option("--tag <name...>", "guests with one of these tags on Proxmox VE")
    .option("--cluster <name...>", "guests of these clusters")
    .option("--node <name...>", "guests on these nodes")
    .addOption(new Option("--type <type>", "only virtual machines, or only containers").choices(["vm", "ct"]));

export const changing = (command: Command): Command =>
  selecting(command).option("--all", "every guest of every cluster").option("-y, --yes", "asks nothing");
