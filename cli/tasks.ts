import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Context } from "../providers/context";
import { messageOf, UserError } from "../providers/errors";
import type { ProxmoxCluster } from "../providers/proxmox/client";
import { type EndedTask, endedTask } from "../providers/proxmox/live.schemas";
import { printUnread, SingleReads } from "../providers/proxmox/reads";
import { taskLog, taskStatus } from "../providers/proxmox/schemas";
import { tableLines } from "../stacks/plan/table";
import { clustersOf } from "./guests";
import { printSpan, printTime } from "./terminal";

export type ListedTask = EndedTask & { cluster: string };

export interface TaskFilter {
  clusters: string[];
  nodes: string[];
  vmid?: number | undefined;
  running: boolean;
  failed: boolean;
  /** At most, the newest first. */
  limit: number;
}

/** The tasks of every node that is up. @returns also what did not answer */
export async function listTasks(
  context: Context,
  { clusters, nodes, vmid, running, failed, limit }: TaskFilter,
): Promise<{ tasks: ListedTask[]; problems: string[] }> {
  const problems: string[] = [];
  const query = {
    source: running ? "active" : "all",
    limit,
    ...(vmid === undefined ? {} : { vmid }),
    ...(failed ? { errors: 1 } : {}),
  };
  const chosen = clustersOf(context, clusters);
  const all = await Promise.all(
    chosen.map(async (cluster): Promise<ListedTask[]> => {
      try {
        await cluster.version();
        const { nodes: there } = await cluster.inventory();
        const asked = there.filter(({ node, online }) => online && (nodes.length === 0 || nodes.includes(node)));
        const { found, unread } = await new SingleReads().ofNodes(
          asked.map(({ node }) => node),
          (node) => cluster.get(`/nodes/${node}/tasks`, z.array(endedTask), query),
        );
        if (unread.length > 0)
          problems.push(`Nodes of ${cluster.name} whose tasks could not be read: ${printUnread(unread)}.`);
        return found.flatMap(({ value }) => value).map((task) => ({ ...task, cluster: cluster.name }));
      } catch (error) {
        problems.push(messageOf(error));
        return [];
      }
    }),
  );
  const tasks = all.flat().sort((a, b) => b.starttime - a.starttime);
  return { tasks: tasks.slice(0, limit), problems };
}

export function printTasks(tasks: ListedTask[], now: number): string[] {
  if (tasks.length === 0) return ["No tasks."];
  const rows = tasks.map(({ cluster, node, type, id, user, starttime, endtime, status, upid }) => [
    ...[printTime(starttime), `${cluster}/${node}`, type, id, user],
    ...[endtime === undefined ? "" : printSpan(endtime - starttime)],
    endtime === undefined ? `running for ${printSpan(now - starttime)}` : (status ?? "").slice(0, 60),
    upid,
  ]);
  return tableLines([["begun", "node", "type", "id", "user", "took", "status", "upid"], ...rows]);
}

const upidForm = /^UPID:([^:]+):[0-9A-Fa-f]{8}:/;

/** The cluster that has the task's node. */
async function clusterOf(context: Context, upid: string, clusters: string[]): Promise<ProxmoxCluster> {
  const node = upidForm.exec(upid)?.[1];
  if (node === undefined) throw new UserError(`${upid} is no task: copy a UPID from \`ops tasks\`.`);
  const chosen = clustersOf(context, clusters);
  const problems: string[] = [];
  const owners = await Promise.all(
    chosen.map(async (cluster) => {
      try {
        await cluster.version();
        const { nodes } = await cluster.inventory();
        return nodes.some((each) => each.node === node) ? [cluster] : [];
      } catch (error) {
        problems.push(messageOf(error));
        return [];
      }
    }),
  );
  const [cluster, ...more] = owners.flat();
  if (cluster === undefined)
    throw new UserError([`No configured cluster has the node ${node} of that task.`, ...problems].join("\n"));
  if (more.length > 0) throw new UserError(`Several clusters have a node ${node}: name one with --cluster.`);
  return cluster;
}

/**
 * A task's log, line by line.
 * @param follow until it has ended
 * @returns how it ended; nothing while it runs
 */
export async function showLog(
  context: Context,
  upid: string,
  { clusters, follow, line }: { clusters: string[]; follow: boolean; line: (text: string) => void },
): Promise<string | undefined> {
  const cluster = await clusterOf(context, upid, clusters);
  const path = `/nodes/${upidForm.exec(upid)?.[1]}/tasks/${encodeURIComponent(upid)}`;
  let told = 0;
  const drain = async () => {
    for (;;) {
      const lines = await cluster.get(`${path}/log`, taskLog, { limit: 500, start: told });
      const said = lines.filter(({ t }) => t !== "no content");
      for (const { t } of said) line(t);
      told += said.length;
      if (said.length < 500) return;
    }
  };
  for (;;) {
    const { status, exitstatus } = await cluster.get(`${path}/status`, taskStatus);
    await drain();
    if (status === "stopped") return exitstatus ?? "";
    if (!follow) return undefined;
    await sleep(1000);
  }
}
