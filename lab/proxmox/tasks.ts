import { PveError } from "./errors";

export interface Task {
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
  done: Promise<void>;
}

const hex = (n: number, width: number) => n.toString(16).toUpperCase().padStart(width, "0");

/** The worker processes of a cluster: each call of `run` is one, with its UPID, log and exit status. */
export class Tasks {
  readonly all = new Map<string, Task>();
  private pid = 1000;

  /** @param authId the full token id (`root@pam!lab`) or user id of the caller; @returns the UPID. */
  run(
    node: string,
    type: string,
    id: string,
    authId: string,
    work: (log: (line: string) => void) => Promise<void>,
  ): string {
    const pid = ++this.pid;
    const starttime = Math.floor(Date.now() / 1000);
    const pstart = Math.floor(process.uptime() * 100) + pid;
    const upid = `UPID:${node}:${hex(pid, 8)}:${hex(pstart, 8)}:${hex(starttime, 8)}:${type}:${id}:${authId}:`;
    const [user = authId, tokenid] = authId.split("!");
    const task: Task = {
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
    };
    this.all.set(upid, task);
    const end = (exitstatus: string) => {
      task.exitstatus = exitstatus;
      task.endtime = Math.floor(Date.now() / 1000);
    };
    // The answer with the UPID leaves before the work begins, as with a forked worker.
    task.done = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => work((line) => task.log.push(line)))
      .then(
        () => {
          task.log.push("TASK OK");
          end("OK");
        },
        (error: unknown) => {
          if (!(error instanceof PveError)) throw error;
          task.log.push(`TASK ERROR: ${error.message}`);
          end(error.message);
        },
      );
    return upid;
  }

  /** The task as `…/tasks/{upid}/status` shows it. */
  status(task: Task): Record<string, unknown> {
    const { upid, node, pid, pstart, starttime, type, id, user, tokenid, exitstatus } = task;
    const base = { upid, node, pid, pstart, starttime, type, id, user, ...(tokenid ? { tokenid } : {}) };
    return exitstatus === undefined ? { ...base, status: "running" } : { ...base, status: "stopped", exitstatus };
  }

  /** The task as a row of `…/tasks`: `user` is without the token, but with it in the active list. */
  row(task: Task): Record<string, unknown> {
    const { upid, node, pid, pstart, starttime, endtime, type, id, user, tokenid, exitstatus } = task;
    const base = { upid, node, pid, pstart, starttime, type, id };
    if (exitstatus === undefined) return { ...base, user: tokenid ? `${user}!${tokenid}` : user, status: "RUNNING" };
    return { ...base, user, ...(tokenid ? { tokenid } : {}), endtime, status: exitstatus };
  }
}
