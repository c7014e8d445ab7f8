import { setTimeout as sleep } from "node:timers/promises";
import { die, PveError, parameterErrors } from "./errors";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

/** What a worker has of its task: a place to log, and sleeps that a stopped task doesn't finish. */
export interface Worker {
  log: (line: string) => void;
  /** Logs a warning, which the task's exit status counts. */
  warn: (line: string) => void;
  wait: (milliseconds: number) => Promise<void>;
}

export interface ClusterTask {
  upid: string;
  node: string;
  pid: number;
  pstart: number;
  starttime: number;
  type: string;
  id: string;
  user: string;
  tokenid?: string;
  log: string[];
  endtime?: number;
  exitstatus?: string;
  /** Its worker was killed before it ran anything: it stands in lists, and has neither a status nor a log. */
  lost?: boolean;
  done: Promise<void>;
  stop: () => void;
}

const hex = (n: number, width: number) => n.toString(16).toUpperCase().padStart(width, "0");
const upidPattern = /^UPID:([^:\s]+):[0-9A-F]{8,9}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/i;

/** How a task is to end that a failure switch picked: with this exit status, its work done or not, or never. */
export type TaskOutcome = { fails: string; isDone?: boolean } | "never ends";

/** What PVE calls the end of a task whose log doesn't say how it ended. */
const lostStatus = "unexpected status";

/** How a task ended, as `statusfilter` calls it. */
const kindOf = (exitstatus = ""): string =>
  exitstatus === "OK"
    ? "ok"
    : exitstatus.startsWith("WARNINGS")
      ? "warning"
      : ["", lostStatus].includes(exitstatus)
        ? "unknown"
        : "error";

/** The worker processes of a cluster: each call of `run` is one, with its UPID, log and exit status. */
export class Tasks {
  readonly all = new Map<string, ClusterTask>();
  /** The failure switch: asked once for every task that begins. */
  outcome: (type: string, id: string) => TaskOutcome | undefined = () => undefined;
  /** The failure switch: asked once for every task that begins, whether its worker is lost. */
  loses: (type: string, id: string) => boolean = () => false;
  lastPid = 1000;

  constructor(private readonly now: () => number = Date.now) {}

  /**
   * @param authId the full token id (`root@pam!lab`) or user id of the caller
   * @param undo takes back what was there before the work began, where it fails
   * @returns the UPID
   * @throws where a worker's first line is not read; what its caller did before stays done
   */
  run(
    node: string,
    type: string,
    id: string,
    authId: string,
    work: (worker: Worker) => Promise<void>,
    undo: () => void = () => {},
  ): string {
    const pid = ++this.lastPid;
    const starttime = Math.floor(this.now() / 1000);
    const pstart = Math.floor(process.uptime() * 100) + pid;
    const upid = `UPID:${node}:${hex(pid, 8)}:${hex(pstart, 8)}:${hex(starttime, 8)}:${type}:${id}:${authId}:`;
    const [user = authId, tokenid] = authId.split("!");
    const stopped = new AbortController();
    const task: ClusterTask = {
      upid,
      node,
      pid,
      pstart,
      starttime,
      type,
      id,
      user,
      tokenid,
      log: [],
      done: Promise.resolve(),
      stop: () => stopped.abort(),
    };
    this.all.set(upid, task);
    if (this.loses(type, id)) {
      Object.assign(task, { exitstatus: lostStatus, endtime: starttime, lost: true });
      die("got no worker upid - start worker failed");
    }
    const wait = (milliseconds: number) =>
      sleep(milliseconds, undefined, { signal: stopped.signal }).catch(() => die("received interrupt"));
    const outcome = this.outcome(type, id);
    let warnings = 0;
    // The answer with the UPID leaves before the work begins, as with a forked worker.
    task.done = new Promise<void>((resolve) => setImmediate(resolve))
      .then(async () => {
        if (outcome === "never ends") await wait(2 ** 31 - 1);
        else if (outcome !== undefined && outcome.isDone !== true) die(outcome.fails);
        const warn = (line: string) => {
          warnings++;
          task.log.push(`WARN: ${line}`);
        };
        await work({ log: (line) => task.log.push(line), warn, wait });
      })
      .then(
        () => {
          const well = warnings === 0 ? "OK" : `WARNINGS: ${warnings}`;
          this.end(task, outcome === undefined || outcome === "never ends" ? well : outcome.fails);
        },
        (error: unknown) => {
          undo();
          this.end(task, error instanceof PveError ? error.message : `internal: ${error}`);
        },
      );
    return upid;
  }

  private end(task: ClusterTask, exitstatus: string): void {
    // So PVE calls the end of a log that says nothing of it.
    if (exitstatus !== lostStatus)
      task.log.push(/^(OK$|WARNINGS: )/.test(exitstatus) ? `TASK ${exitstatus}` : `TASK ERROR: ${exitstatus}`);
    task.exitstatus = exitstatus;
    task.endtime = Math.floor(this.now() / 1000);
  }

  /** Waits until no task runs. @throws after so many milliseconds, with the one that still does */
  async idle(milliseconds: number): Promise<void> {
    const deadline = Date.now() + milliseconds;
    for (const task of this.all.values()) {
      await Promise.race([task.done, sleep(Math.max(0, deadline - Date.now()), undefined, { ref: false })]);
      if (task.exitstatus === undefined) throw new Error(`task ${task.upid} still runs; stop it or wait for it`);
    }
  }

  /** Ends what still runs, for the lab's own end. */
  stopAll(): void {
    for (const task of this.all.values()) task.stop();
  }

  find(upid: string): ClusterTask | undefined {
    if (!upidPattern.test(upid)) parameterErrors({ upid: "unable to parse worker upid" });
    const task = this.all.get(upid);
    return task?.lost ? undefined : task;
  }

  get(upid: string): ClusterTask {
    return this.find(upid) ?? parameterErrors({ upid: "no such task" });
  }

  /** The task as `…/tasks/{upid}/status` shows it. */
  status(task: ClusterTask): Values {
    const { upid, node, pid, pstart, starttime, type, id, user, tokenid, exitstatus } = task;
    const base = { upid, node, pid, pstart, starttime, type, id, user, ...(tokenid ? { tokenid } : {}) };
    return exitstatus === undefined ? { ...base, status: "running" } : { ...base, status: "stopped", exitstatus };
  }

  /** The task as a row of `…/tasks`: `user` is without the token, but with it in the active list. */
  row(task: ClusterTask): Values {
    const { upid, node, pid, pstart, starttime, endtime, type, id, user, tokenid, exitstatus } = task;
    const base = { upid, node, pid, pstart, starttime, type, id };
    if (exitstatus === undefined)
      return { ...base, user: tokenid ? `${user}!${tokenid}` : user, saved: "0", status: "RUNNING" };
    return { ...base, user, ...(tokenid ? { tokenid } : {}), endtime: endtime ?? 0, status: exitstatus };
  }

  /** `…/tasks` of a node, newest first, and how many there are beyond the limit too. */
  list(node: string, filter: Values): { rows: Values[]; total: number } {
    const { source = "archive", vmid, typefilter, userfilter, since, until, errors, start = 0, limit = 50 } = filter;
    const states = words(filter.statusfilter);
    const wanted = (task: ClusterTask) => {
      const active = task.exitstatus === undefined;
      return (
        task.node === node &&
        (source === "all" || active === (source === "active")) &&
        (vmid === undefined || task.id === String(vmid)) &&
        (typefilter === undefined || task.type === typefilter) &&
        (userfilter === undefined || task.user.includes(String(userfilter))) &&
        (since === undefined || task.starttime >= Number(since)) &&
        (until === undefined || task.starttime <= Number(until)) &&
        (states.length === 0 || states.includes(kindOf(task.exitstatus))) &&
        (errors !== 1 || (task.exitstatus !== undefined && task.exitstatus !== "OK"))
      );
    };
    const found = [...this.all.values()].filter(wanted).reverse();
    const rows = found.slice(Number(start)).slice(0, Number(limit));
    return { rows: rows.map((task) => this.row(task)), total: found.length };
  }
}
