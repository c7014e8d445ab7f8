import { randomUUID } from "node:crypto";
import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, forbidden, PveError, parameterErrors } from "../errors";
import { backupJobCreateParameters } from "../schema/backup";
import type { Value, Values } from "../schema/parameters";
import { parseProperties } from "../schema/properties";
import { words } from "../schema/words";
import { verifySelection } from "./selection";

/** What only root may set, in a job and in a back-up at once; and what takes a right on the whole cluster. */
export function requireBackupOptions({ access }: Cluster, { authId }: ProxmoxCaller, params: Values): void {
  if (authId === "root@pam") return;
  for (const option of ["tmpdir", "dumpdir", "script", "job-id"])
    if (params[option] !== undefined) parameterErrors({ [option]: "Only root may set this option." });
  if (["bwlimit", "ionice", "performance"].some((option) => params[option] !== undefined))
    access.require(authId, "/", ["Sys.Modify"]);
  const storage = /(?:^|,)storage=([^,]+)/.exec(String(params.fleecing ?? ""))?.[1];
  if (storage !== undefined) access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
}

/** The storage that archives go to; none where a folder is named. */
export const backupStorage = ({ storage, dumpdir }: Values): string | undefined =>
  storage !== undefined ? String(storage) : dumpdir === undefined ? "local" : undefined;

/** What is refused under the lock of the jobs' file comes with its own status in the text. */
function locked(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PveError) || error.errors === undefined) throw error;
    const lines = Object.entries(error.errors).map(([option, text]) => `${option}: ${text}`);
    die([`${error.status} ${error.message}`, ...lines].join("\n"));
  }
}

/** Once `starttime` and `dow`, now a schedule. */
function withSchedule(params: Values, required: boolean): Values {
  const { starttime, dow, ...rest } = params;
  if (starttime === undefined) {
    if (required && rest.schedule === undefined)
      parameterErrors({ schedule: "neither 'starttime' nor 'schedule' were set" });
    return rest;
  }
  if (rest.schedule !== undefined) parameterErrors({ starttime: "'starttime' and 'schedule' cannot both be set" });
  const days = words(dow);
  const all = days.join(",") === "mon,tue,wed,thu,fri,sat,sun";
  return { ...rest, schedule: days.length === 0 || all ? String(starttime) : `${days.join(",")} ${starttime}` };
}

/** Options with keys, which are shown as objects of texts. */
const keyed = ["prune-backups", "fleecing", "performance"];

function shownOption(option: string, value: Value): unknown {
  const format = keyed.includes(option) ? backupJobCreateParameters[option]?.properties : undefined;
  const parsed = format === undefined ? value : parseProperties(format, String(value));
  return typeof parsed === "string" ? value : parsed;
}

/** Back-up jobs of a cluster (`jobs.cfg`). Nobody runs them: the lab has no scheduler. */
export class BackupJobs {
  readonly all = new Map<string, Values>();

  shown(id: string): Record<string, unknown> {
    const job = this.all.get(id) ?? parameterErrors({ id: `No such job '${id}'` });
    const options = Object.entries(job).map(([option, value]) => [option, shownOption(option, value)] as const);
    return { id, type: "vzdump", ...Object.fromEntries(options) };
  }

  get(id: string): Values {
    return this.all.get(id) ?? parameterErrors({ id: `No such job '${id}'` });
  }

  private requirePool(cluster: Cluster, { authId }: ProxmoxCaller, pool: Value | undefined): void {
    if (pool === undefined) return;
    if (!cluster.pools.all.has(String(pool))) forbidden(`pool '${pool}' does not exist`);
    cluster.access.require(authId, `/pool/${pool}`, ["VM.Backup"]);
  }

  create(cluster: Cluster, params: Values, caller: ProxmoxCaller): void {
    requireBackupOptions(cluster, caller, params);
    const storage = backupStorage(params);
    if (storage !== undefined) cluster.access.require(caller.authId, `/storage/${storage}`, ["Datastore.Allocate"]);
    this.requirePool(cluster, caller, params.pool);
    const { id = randomUUID(), ...job } = withSchedule(params, true);
    locked(() => {
      if (this.all.has(String(id))) die(`Job '${id}' already exists`);
      verifySelection(job, true);
      this.all.set(String(id), { enabled: 1, ...job });
    });
  }

  update(cluster: Cluster, params: Values, caller: ProxmoxCaller): void {
    const { id, delete: remove, ...sent } = params;
    const removed = words(remove);
    requireBackupOptions(cluster, caller, sent);
    requireBackupOptions(
      cluster,
      caller,
      Object.fromEntries(removed.filter((key) => key !== "fleecing").map((key) => [key, ""])),
    );
    const at = sent.storage ?? (removed.includes("storage") ? "local" : undefined);
    if (at !== undefined) cluster.access.require(caller.authId, `/storage/${at}`, ["Datastore.Allocate"]);
    this.requirePool(cluster, caller, sent.pool);
    const options = withSchedule(sent, false);
    locked(() => {
      if (Object.keys(options).length === 0 && removed.length === 0) die("no options specified");
      verifySelection(options, false);
      const found = this.all.get(String(id)) ?? die("no such vzdump job");
      const now = backupStorage(found);
      if (now !== undefined) cluster.access.require(caller.authId, `/storage/${now}`, ["Datastore.Allocate"]);
      for (const option of removed)
        if (
          !(option in backupJobCreateParameters) ||
          ["id", "enabled", "schedule", "starttime", "dow"].includes(option)
        )
          parameterErrors({ delete: `unknown option '${option}'` });
      const job: Values = Object.fromEntries(Object.entries(found).filter(([option]) => !removed.includes(option)));
      Object.assign(job, options);
      if (job.exclude !== undefined && job.pool === undefined) job.all = 1;
      const dropped =
        options.vmid !== undefined
          ? ["all", "exclude", "pool"]
          : options.all === 1
            ? ["vmid", "pool"]
            : job.pool !== undefined
              ? ["vmid", "all", "exclude"]
              : [];
      for (const option of dropped) delete job[option];
      verifySelection(job, true);
      this.all.set(String(id), job);
    });
  }

  delete(id: string): void {
    locked(() => {
      if (!this.all.delete(id)) parameterErrors({ id: `No such job '${id}'` });
    });
  }
}
