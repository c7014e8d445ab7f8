import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die, forbidden, PveError, parameterErrors } from "./errors";
import type { Guest } from "./guest";
import { Container } from "./lxc/container";
import { shutdownContainer, startContainer } from "./lxc/power";
import { migrateContainer } from "./migration/container";
import { migrateVm } from "./migration/vm";
import { controlVm, shutdownVm, startVm } from "./qemu/power";
import { Vm } from "./qemu/vm";
import { itemsOf, type Values } from "./schema/parameters";
import { words } from "./schema/words";
import type { Worker } from "./tasks";

// One task that acts on many guests, on the whole cluster or on a node.

/** One guest's part: its task, or nothing where there is nothing to do. */
type Part = (guest: Guest, worker: Worker) => string | undefined;

interface Startup {
  order: number;
  up?: number;
  down?: number;
}

function startupOf(guest: Guest): Startup {
  const text = guest.text("startup") ?? "";
  const key = (name: string) => {
    const found = new RegExp(`(?:^|,)${name}=(\\d+)`).exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const order = key("order") ?? (/^\d+/.test(text) ? Number.parseInt(text, 10) : Number.MAX_SAFE_INTEGER);
  return { order, up: key("up"), down: key("down") };
}

/** The guests of a list, of a node, or all; each order after the one before. */
function wanted(
  cluster: Cluster,
  { node, ids, templates = false }: { node?: string; ids: number[]; templates?: boolean },
): Guest[] {
  return [...cluster.guests.values()]
    .filter((guest) => node === undefined || guest.node === node)
    .filter((guest) => ids.length === 0 || ids.includes(guest.vmid))
    .filter((guest) => templates || !guest.template)
    .filter((guest) => templates || ids.length > 0 || !cluster.ha.has(guest))
    .sort((a, b) => startupOf(a).order - startupOf(b).order || a.vmid - b.vmid);
}

const title = ({ noun, vmid }: Guest): string => `${noun} ${vmid}`;

/** Runs each guest's part and waits for its task. @returns the ids of those that failed */
async function runAll(cluster: Cluster, guests: Guest[], worker: Worker, what: string, part: Part): Promise<number[]> {
  const failed: number[] = [];
  const running: Promise<void>[] = [];
  for (const guest of guests) {
    let upid: string | undefined;
    try {
      upid = part(guest, worker);
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      worker.warn(error.message);
      failed.push(guest.vmid);
      continue;
    }
    if (upid === undefined) continue;
    const task = cluster.tasks.get(upid);
    const ended = task.done.then(() => {
      if (/^(OK|WARNINGS: \d+)$/.test(task.exitstatus ?? "")) return;
      worker.warn(`${what} ${title(guest)} failed: ${task.exitstatus}`);
      failed.push(guest.vmid);
    });
    running.push(ended);
  }
  await Promise.all(running);
  return failed;
}

const start =
  (cluster: Cluster, caller: ProxmoxCaller): Part =>
  (guest, { log, warn }) => {
    if (guest.running && !guest.paused) {
      warn(`Skipping ${title(guest)}, already running.`);
      return undefined;
    }
    log(`Starting ${title(guest)}`);
    if (guest instanceof Vm && guest.running) return controlVm(cluster, guest, "resume", caller);
    return guest instanceof Vm
      ? startVm(cluster, guest.node, guest.vmid, caller)
      : startContainer(cluster, guest.node, guest.vmid, caller);
  };

function halt(cluster: Cluster, guest: Guest, params: Values, caller: ProxmoxCaller): string | undefined {
  if (guest instanceof Vm) return shutdownVm(cluster, guest, params, caller);
  return guest instanceof Container ? shutdownContainer(cluster, guest, params, caller) : undefined;
}

const shutdown =
  (cluster: Cluster, caller: ProxmoxCaller, { timeout = 180, "force-stop": force = 1 }: Values): Part =>
  (guest, { log, warn }) => {
    if (!guest.running) {
      warn(`Skipping ${title(guest)}, not running.`);
      return undefined;
    }
    if (guest.paused && force === 0) {
      warn(`Skipping ${title(guest)}, resume paused VM before shutdown.`);
      return undefined;
    }
    const seconds = startupOf(guest).down ?? Number(timeout);
    log(`Shutting down ${title(guest)} (Timeout = ${seconds} seconds)`);
    return halt(cluster, guest, { timeout: seconds, forceStop: force }, caller);
  };

const suspend =
  (cluster: Cluster, caller: ProxmoxCaller): Part =>
  (guest, { log, warn }) => {
    if (!(guest instanceof Vm)) {
      warn(`skipping ${guest.vmid}, only VMs can be suspended`);
      return undefined;
    }
    if (!guest.running) {
      warn(`Skipping ${title(guest)}, not running.`);
      return undefined;
    }
    log(`Suspending ${title(guest)}`);
    return controlVm(cluster, guest, "pause", caller);
  };

function move(cluster: Cluster, guest: Guest, params: Values, caller: ProxmoxCaller): string | undefined {
  const { target = "", online, "with-local-disks": disks } = params;
  const to: Values = { target };
  if (guest instanceof Container)
    return migrateContainer(cluster, guest, { ...to, ...(online === undefined ? {} : { restart: online }) }, caller);
  if (!(guest instanceof Vm)) return undefined;
  if (online !== undefined) to.online = online;
  if (disks !== undefined) to["with-local-disks"] = disks;
  return migrateVm(cluster, guest, to, caller);
}

const migrate =
  (cluster: Cluster, caller: ProxmoxCaller, params: Values): Part =>
  (guest, { log, warn }) => {
    if (guest.node === params.target) {
      warn(`${title(guest)} already on ${guest.node}, skipping.`);
      return undefined;
    }
    log(`Migrating ${title(guest)}`);
    return move(cluster, guest, params, caller);
  };

/** Each privilege on each guest of the list, or on all. */
function requireGuests({ access }: Cluster, { authId }: ProxmoxCaller, ids: number[], privilege: string): void {
  if (ids.length === 0) access.require(authId, "/", [privilege]);
  for (const id of ids) access.require(authId, `/vms/${id}`, [privilege]);
}

export type BulkAction = "start" | "shutdown" | "suspend" | "migrate";

const texts: Record<BulkAction, { begins: string; each: string; failed: string }> = {
  start: { begins: "Starting", each: "Starting", failed: "start:" },
  shutdown: { begins: "Shutting down", each: "Stopping", failed: "shutdown" },
  suspend: { begins: "Suspending", each: "Stopping", failed: "suspend" },
  migrate: { begins: "Migrating", each: "Migrating", failed: "migrate" },
};

/** POST /cluster/bulk-action/guest/…: on guests of all nodes; on all of them where none is named. */
export function bulkAction(cluster: Cluster, action: BulkAction, params: Values, caller: ProxmoxCaller): string {
  const ids = itemsOf(params.vms).map(Number);
  requireGuests(cluster, caller, ids, action === "migrate" ? "VM.Migrate" : "VM.PowerMgmt");
  if (action === "suspend" && params["to-disk"] === 1) {
    requireGuests(cluster, caller, ids, "VM.Config.Disk");
    const { statestorage } = params;
    if (statestorage !== undefined)
      cluster.access.require(caller.authId, `/storage/${statestorage}`, ["Datastore.AllocateSpace"]);
  }
  const parts: Record<BulkAction, Part> = {
    start: start(cluster, caller),
    shutdown: shutdown(cluster, caller, params),
    suspend: suspend(cluster, caller),
    migrate: migrate(cluster, caller, params),
  };
  const { begins, each, failed } = texts[action];
  return cluster.tasks.run(cluster.local, `bulk-${action}`, "", caller.authId, async (worker) => {
    const to = action === "migrate" ? ` to ${params.target}` : "";
    worker.log(ids.length === 0 ? `${begins} all guests${to}` : `${begins} guests${to}: ${ids.join(", ")}`);
    const found = wanted(cluster, { ids, templates: action === "migrate" });
    const guests = action === "start" || action === "migrate" ? found : found.reverse();
    const lost = await runAll(cluster, guests, worker, each, parts[action]);
    if (lost.length > 0) die(`Some guests failed to ${failed} ${lost.join(", ")}`);
  });
}

export type NodeAction = "startall" | "stopall" | "suspendall";

/** POST /nodes/{node}/startall and its kin: what fails there is only logged. */
export function nodeAction(
  cluster: Cluster,
  action: NodeAction,
  { node, params }: { node: string; params: Values },
  caller: ProxmoxCaller,
): string {
  const ids = words(params.vms).map(Number);
  const all = action === "suspendall" ? ["VM.PowerMgmt", "VM.Config.Disk"] : ["VM.PowerMgmt"];
  requireNodeGuests(cluster, caller, ids, all);
  return cluster.tasks.run(node, action, "", caller.authId, async (worker) => {
    const found = wanted(cluster, { node, ids });
    const log = (line: string) => worker.log(line);
    const quiet = { ...worker, warn: log };
    if (action === "startall") {
      const due = found.filter((guest) => !guest.running && (params.force === 1 || guest.config.get("onboot") === 1));
      await runAll(cluster, due, quiet, "Starting", start(cluster, caller));
      return;
    }
    const running = found.reverse().filter((guest) => guest.running);
    await runAll(cluster, running, quiet, "Stopping", (guest) => {
      if (action === "suspendall") return suspend(cluster, caller)(guest, worker);
      const { timeout = 180, "force-stop": forceStop = 1 } = params;
      const seconds = startupOf(guest).down ?? Number(timeout);
      log(`Stopping ${title(guest)} (timeout = ${seconds} seconds)`);
      return halt(cluster, guest, { timeout: seconds, forceStop }, caller);
    });
  });
}

/** Privileges on all guests, or the first of them on each that is named. */
function requireNodeGuests({ access }: Cluster, { authId }: ProxmoxCaller, ids: number[], all: string[]): void {
  const [first = ""] = all;
  if (access.may(authId, "/", all)) return;
  if (ids.length === 0) forbidden(`/, ${all.join(" && ")}`);
  for (const id of ids) access.require(authId, `/vms/${id}`, [first]);
}

/** POST /nodes/{node}/migrateall. */
export function migrateAll(
  cluster: Cluster,
  { node, params }: { node: string; params: Values },
  caller: ProxmoxCaller,
): string {
  const ids = words(params.vms).map(Number);
  requireNodeGuests(cluster, caller, ids, ["VM.Migrate"]);
  if (params.target === node) parameterErrors({ target: "target is local node." });
  cluster.member(String(params.target));
  if (params["max-workers"] === undefined && params.maxworkers === undefined && !cluster.options.maxWorkers)
    die("either 'max-workers' parameter or max_workers in datacenter.cfg must be set!");
  return cluster.tasks.run(node, "migrateall", "", caller.authId, async (worker) => {
    const guests = wanted(cluster, { node, ids, templates: true });
    if (guests.length === 0) {
      worker.log("no virtual guests matched, nothing to do..");
      return;
    }
    let workers = 0;
    await runAll(cluster, guests, { ...worker, warn: worker.log }, "Migrating", (guest) => {
      const online = guest.running ? 1 : 0;
      if (guest instanceof Vm) worker.log(`Check VM ${guest.vmid}: precondition check passed`);
      worker.log(`Migrating ${title(guest)}`);
      const upid = move(cluster, guest, { ...params, online }, caller);
      workers++;
      return upid;
    });
    if (workers === 0) die("no migrations worker started...");
    worker.log(`All jobs finished, used ${workers} workers in total.`);
  });
}
