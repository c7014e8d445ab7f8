import { type Command, Option } from "commander";
import { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import { programNames } from "../stacks/access/desired/file";
import { configuration, type StackOptions } from "./configuration";
import { examine, printChecks } from "./doctor";
import { guestOfEnvironment } from "./environment";
import {
  type GuestsRead,
  isByQuality,
  nameOf,
  placeName,
  readGuests,
  type SeenGuest,
  type Selection,
  select,
  selectionOf,
} from "./guests";
import { disturbs, type PowerAction, powerActions, powerAll, printPower } from "./power";
import { confirmed, isAttended } from "./prompt";
import {
  createSnapshots,
  deleteSnapshots,
  listSnapshots,
  lossesOf,
  printLoss,
  printSnapshotResults,
  printSnapshots,
  rollBack,
  type SnapshotResult,
} from "./snapshots";
import { printList, printStatus, statusOf, watch } from "./status";
import { listTasks, printTasks, showLog } from "./tasks";
import { colouredWords, printJson, remark, say, show } from "./terminal";

// `ops` on running guests: what is read from the command line, asked, and printed.

interface GuestOptions extends StackOptions {
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

/** A number of the command line. @throws UserError */
function numberOf(option: string, text: string, { whole = false } = {}): number {
  const isNumber = whole ? /^[1-9]\d*$/.test(text) : /^\d+(\.\d+)?$/.test(text) && Number(text) > 0;
  if (!isNumber) throw new UserError(`--${option} ${text}: write ${whole ? "a whole number" : "seconds"}, like 10.`);
  return Number(text);
}

interface Opened {
  context: Context;
  read: GuestsRead;
}

/** Reads all guests and hands them on; says what did not answer. */
async function withGuests(options: GuestOptions, work: (opened: Opened) => Promise<void>): Promise<void> {
  const { connections, settings } = await configuration({ ...options, needsNetbox: false });
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

const given = (named: string[], { tag, cluster, node, type, all }: GuestOptions): Partial<Selection> => ({
  ...{ named, tag: tag ?? [], cluster: cluster ?? [], node: node ?? [], all: all ?? false },
  type: type === "ct" ? "lxc" : type === "vm" ? "qemu" : undefined,
});

/** The guests of a command that changes them: named, or by a quality. */
const chosen = (named: string[], options: GuestOptions, { guests, silent }: GuestsRead) => {
  const selection = selectionOf(given(named, options), guestOfEnvironment(process.env));
  return { selection, guests: select(guests, selection, silent) };
};

/** The guests of a command that only looks: all, where nothing is said. Templates are among them where they are wanted. */
function looked(named: string[], options: GuestOptions, read: GuestsRead, templates: boolean): SeenGuest[] {
  const wanted = given(named, options);
  const isPlain = named.length === 0 && !(wanted.tag?.length || wanted.node?.length || wanted.type);
  if (!isPlain) return select(read.guests, { ...empty, ...wanted }, read.silent);
  return templates ? read.guests : read.guests.filter(({ template }) => !template);
}
const empty: Selection = { named: [], tag: [], cluster: [], node: [], all: false };

/** Lets a person decide. @throws UserError where nobody is there to be asked, or the answer is no */
async function decided(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!isAttended()) throw new UserError(`${question} Nobody is there to be asked: say --yes.`);
  if (!(await confirmed(question))) throw new UserError("Nothing was done.");
}

const resultColours = (line: string): string => colouredWords(line, { failed: "red", done: "green" });

// ---- the commands

const list = (named: string[], options: GuestOptions) =>
  withGuests(options, async ({ read }) => {
    const shown = looked(named, options, read, true).map((guest) => statusOf(guest));
    show(shown, options.json, printList);
  });

interface StatusOptions extends GuestOptions {
  watch?: boolean;
  interval: string;
  count?: string;
}

const status = (named: string[], options: StatusOptions) =>
  withGuests(options, async ({ read }) => {
    const { json = false, count } = options;
    const interval = numberOf("interval", options.interval);
    const looks = count === undefined ? undefined : numberOf("count", count, { whole: true });
    const guests = looked(named, options, read, false);
    if (options.watch) return watch(guests, { interval, count: looks, json });
    const shown = guests.map((guest) => statusOf(guest));
    show(shown, json, printStatus);
  });

interface PowerCommandOptions extends GuestOptions {
  record?: boolean;
}

const power = (action: PowerAction) => (named: string[], options: PowerCommandOptions) =>
  withGuests(options, async ({ context, read }) => {
    const { json = false, record = false, yes = false, dryRun = false } = options;
    const { guests, selection } = chosen(named, options, read);
    if (record && (!context.hasNetbox || read.problems.some((problem) => problem.startsWith("NetBox"))))
      throw new UserError("--record needs a NetBox that answers: nothing was done.");
    const parallel = numberOf("parallel", options.parallel ?? "4", { whole: true });
    if (dryRun) {
      show(
        guests.map((guest) => statusOf(guest)),
        json,
        () => guests.map((guest) => `would ${action}  ${nameOf(guest)} (${placeName(guest)}, ${guest.status})`),
      );
      return;
    }
    // Who names guests one by one has chosen them; who names a quality may be surprised by what has it.
    if (disturbs(action) && isByQuality(selection)) {
      const few = guests.slice(0, 10).map(nameOf).join(", ");
      const more = guests.length > 10 ? ` and ${guests.length - 10} more` : "";
      await decided(`${action} ${guests.length} ${guests.length === 1 ? "guest" : "guests"}: ${few}${more}?`, yes);
    }
    const results = await powerAll(context, guests, action, { record, parallel });
    show(results, json, () => printPower(results, action).map(resultColours));
    if (results.some(({ result, netbox }) => result === "failed" || netbox?.error !== undefined)) process.exitCode = 1;
  });

const snapshots = (named: string[], options: GuestOptions) =>
  withGuests(options, async ({ read }) => {
    const all = await listSnapshots(looked(named, options, read, false));
    show(all, options.json, () => printSnapshots(all, Date.now() / 1000));
  });

function showResults(results: SnapshotResult[], what: string, json: boolean): void {
  show(results, json, () => printSnapshotResults(results, what).map(resultColours));
  if (results.some(({ result }) => result === "failed")) process.exitCode = 1;
}

const createSnapshot = (
  name: string,
  named: string[],
  options: GuestOptions & { description?: string; ram?: boolean },
) =>
  withGuests(options, async ({ read }) => {
    const { description = "", ram = false, json = false } = options;
    showResults(await createSnapshots(chosen(named, options, read).guests, name, { description, ram }), "taken", json);
  });

const rollbackSnapshot = (name: string, named: string[], options: GuestOptions & { start?: boolean }) =>
  withGuests(options, async ({ read }) => {
    const { yes = false, start = false, json = false, dryRun = false } = options;
    const losses = await lossesOf(chosen(named, options, read).guests, name);
    const told = losses.flatMap((loss) => printLoss(loss, Date.now() / 1000));
    // What is lost is no result, but it has to be seen.
    for (const line of told) remark(line);
    if (dryRun) return;
    await decided(`Roll ${losses.length} ${losses.length === 1 ? "guest" : "guests"} back?`, yes);
    showResults(await rollBack(losses, start), "rolled back to", json);
  });

const deleteSnapshot = (name: string, named: string[], options: GuestOptions) =>
  withGuests(options, async ({ read }) => {
    const { yes = false, json = false } = options;
    const { guests, selection } = chosen(named, options, read);
    if (isByQuality(selection)) await decided(`Delete ${name} of ${guests.length} guests?`, yes);
    showResults(await deleteSnapshots(guests, name), "deleted", json);
  });

interface TasksOptions extends StackOptions {
  cluster?: string[];
  node?: string[];
  guest?: string;
  running?: boolean;
  failed?: boolean;
  limit: string;
  json?: boolean;
}

async function tasks(options: TasksOptions): Promise<void> {
  const { cluster = [], node = [], guest, running = false, failed = false, json = false } = options;
  const limit = numberOf("limit", options.limit, { whole: true });
  await withGuests({ ...options, cluster }, async ({ context, read }) => {
    const found = guest === undefined ? undefined : select(read.guests, { ...empty, named: [guest] }, read.silent)[0];
    const clusters = found === undefined ? cluster : [found.cluster.name];
    const filter = { clusters, nodes: node, vmid: found?.vmid, running, failed, limit };
    const { tasks: all } = await listTasks(context, filter);
    show(all, json, () => printTasks(all, Date.now() / 1000));
  });
}

async function taskLog(upid: string, options: StackOptions & { cluster?: string[]; follow?: boolean; json?: boolean }) {
  const { follow = false, json = false, cluster = [] } = options;
  const { connections } = await configuration({ ...options, needsNetbox: false });
  const context = new Context(connections);
  try {
    const lines: string[] = [];
    const line = json ? (text: string) => lines.push(text) : say;
    const exitstatus = await showLog(context, upid, { clusters: cluster, follow, line });
    if (json) printJson({ upid, exitstatus: exitstatus ?? null, log: lines });
    else remark(exitstatus === undefined ? "It still runs." : `It ended: ${exitstatus}`);
    if (exitstatus !== undefined && exitstatus !== "OK" && !exitstatus.startsWith("WARNINGS")) process.exitCode = 1;
  } finally {
    await context.close();
  }
}

interface DoctorCommandOptions extends StackOptions {
  program: (typeof programNames)[number];
  uses: string[];
  json?: boolean;
}

/** Exits with 2 where something failed. */
async function doctor({ program, uses, json = false, ...stack }: DoctorCommandOptions): Promise<void> {
  const { connections, settings } = await configuration({ ...stack, needsNetbox: false });
  const context = new Context(connections);
  try {
    const checks = await examine(context, { connections, settings }, { program, uses });
    show(checks, json, printChecks);
    if (checks.some(({ state }) => state === "failed")) process.exitCode = 2;
  } finally {
    await context.close();
  }
}

// ---- their places on the command line

const stacked = (command: Command): Command =>
  command
    .option("-s, --stack <name>", "the stack whose configuration is used; else the environment alone")
    .option("--config-file <file>", "the stack's configuration, where it is not Pulumi.<name>.yaml")
    .option("--key <name>", "one of the clusters' named tokens, in place of the program's")
    .option("--json", "prints JSON");

const selecting = (command: Command): Command =>
  stacked(command)
    .argument("[guest...]", "names of NetBox, VMIDs, or CLUSTER/VMID where several clusters have one")
    .option("--tag <name...>", "guests with one of these tags on Proxmox VE")
    .option("--cluster <name...>", "guests of these clusters")
    .option("--node <name...>", "guests on these nodes")
    .addOption(new Option("--type <type>", "only virtual machines, or only containers").choices(["vm", "ct"]));

const changing = (command: Command): Command =>
  selecting(command).option("--all", "every guest of every cluster").option("-y, --yes", "asks nothing");

export function addGuestCommands(program: Command): void {
  stacked(program.command("doctor"))
    .description("looks whether every system is reached and lets us do what is needed; exits with 2 where one doesn't")
    .addOption(
      new Option("--program <name>", "the program whose rights are looked for").choices(programNames).default("site"),
    )
    .option("--uses <part...>", "parts of it that are used, like pools and HA (docs/privileges.md)", [])
    .action(doctor);
  selecting(program.command("list")).description("lists guests, on every cluster").action(list);
  selecting(program.command("status"))
    .description("what guests do: CPU, memory, disk, uptime, locks")
    .option("-w, --watch", "again and again, with disk and network traffic: one request a cluster and interval")
    .option("--interval <seconds>", "between two looks", "2")
    .option("--count <looks>", "ends after so many")
    .action(status);
  const what: Record<PowerAction, string> = {
    start: "switches guests on",
    stop: "switches guests off at once, as if by their plugs",
    shutdown: "asks guests to shut down, and waits for them",
    reboot: "asks guests to restart, and waits for them",
    suspend: "pauses guests; their memory stays where it is",
    resume: "lets paused guests go on",
  };
  for (const action of powerActions) {
    const command = changing(program.command(action))
      .description(what[action])
      .option("--record", "writes the status to NetBox too; else the next `up` would undo this")
      .option("--parallel <guests>", "of a cluster at once", "4")
      .option("--dry-run", "only shows which");
    if (action === "shutdown" || action === "reboot")
      command.option("--timeout <seconds>", "for a guest to follow; else the cluster's shutdownTimeout");
    command.action(power(action));
  }

  const snapshot = program.command("snapshot").description("snapshots of guests");
  selecting(snapshot.command("list")).description("lists them").action(snapshots);
  changing(snapshot.command("create").argument("<name>"))
    .description("takes one of each guest")
    .option("--description <text>", "what it is for")
    .option("--ram", "with the memory of running virtual machines, which go on from there")
    .action(createSnapshot);
  changing(snapshot.command("rollback").argument("<name>"))
    .description("brings guests back to one; says what is lost, and asks")
    .option("--start", "starts them then")
    .option("--dry-run", "only says what would be lost")
    .action(rollbackSnapshot);
  changing(snapshot.command("delete").argument("<name>"))
    .description("deletes one of each guest")
    .action(deleteSnapshot);

  const tasksCommand = program.command("tasks").description("tasks of Proxmox VE, and their logs");
  stacked(tasksCommand.command("list", { isDefault: true }))
    .description("lists the newest")
    .option("--cluster <name...>", "of these clusters")
    .option("--node <name...>", "on these nodes")
    .option("--guest <guest>", "of this guest")
    .option("--running", "those that have not ended")
    .option("--failed", "those that ended badly")
    .option("--limit <tasks>", "at most", "50")
    .action(tasks);
  stacked(tasksCommand.command("log").argument("<upid>"))
    .description("shows a task's log; exits with 1 where it ended badly")
    .option("--cluster <name...>", "where several clusters have a node of that name")
    .option("-f, --follow", "until it has ended")
    .action(taskLog);
}
