import type { Command } from "commander";
import type { StackChoice } from "../configuration";
import { selectGuests } from "../guests";
import { numberOf, withContext } from "../options";
import { listTasks, printTasks, showLog } from "../tasks";
import { printJson, remark, say, show } from "../terminal";
import { empty, stacked, withGuests } from "./choosing";

interface TasksOptions extends StackChoice {
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
    const found =
      guest === undefined ? undefined : selectGuests(read.guests, { ...empty, named: [guest] }, read.silent)[0];
    const clusters = found === undefined ? cluster : [found.cluster.name];
    const filter = { clusters, nodes: node, vmid: found?.vmid, running, failed, limit };
    const { tasks: all, problems } = await listTasks(context, filter);
    // A cluster that did not answer was told when its guests were read.
    for (const problem of problems.filter((each) => !read.problems.includes(each))) remark(problem);
    if (problems.length > 0) process.exitCode = 1;
    show(all, json, () => printTasks(all, Date.now() / 1000));
  });
}

async function taskLog(upid: string, options: StackChoice & { cluster?: string[]; follow?: boolean; json?: boolean }) {
  const { follow = false, json = false, cluster = [] } = options;
  await withContext({ ...options, needsNetbox: false }, async ({ context }) => {
    const lines: string[] = [];
    const line = json ? (text: string) => lines.push(text) : say;
    const exitstatus = await showLog(context, upid, { clusters: cluster, follow, line });
    if (json) printJson({ upid, exitstatus: exitstatus ?? null, log: lines });
    else remark(exitstatus === undefined ? "It still runs." : `It ended: ${exitstatus}`);
    if (exitstatus !== undefined && exitstatus !== "OK" && !exitstatus.startsWith("WARNINGS")) process.exitCode = 1;
  });
}

export function addTasks(program: Command): void {
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
