import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, PveError, parameterErrors } from "../errors";
import type { Guest } from "../guest";
import type { Value, Values } from "../schema/parameters";
import type { SavedInArchive } from "../storage";
import type { Worker } from "../tasks";
import { backupStorage, requireBackupOptions } from "./jobs";
import { pruneMarks } from "./prune";
import { backupVolumes, selected, verifySelection } from "./selection";

/** What a compression adds to an archive's name. */
const suffixes: Record<string, string> = { "1": ".lzo", lzo: ".lzo", gzip: ".gz", zstd: ".zst" };

/** Where archives go. */
interface Target {
  /** None where a folder is named. */
  storage?: string;
  folder: string;
}

function targetOf(cluster: Cluster, node: string, params: Values): Target {
  const storage = backupStorage(params);
  if (storage === undefined) return { folder: String(params.dumpdir) };
  try {
    const { content, path } = cluster.storages.enabled(node, storage);
    if (!content.split(",").includes("backup")) die(`can't use storage '${storage}' for backups - wrong content type`);
    return { storage, folder: `${path}/dump` };
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    return die(`could not get storage information for '${storage}': ${error.message}`);
  }
}

/** What the log shows of the request. */
const commandLine = (params: Values, ids: number[]): string => {
  const quoted = (value: Value) => (/^[\w.,/:=-]*$/.test(String(value)) ? String(value) : `'${value}'`);
  const options = Object.entries(params).filter(([option]) => option !== "vmid");
  const guests = params.vmid === undefined ? [] : ids.map(String);
  return ["vzdump", ...guests, ...options.map(([option, value]) => `--${option} ${quoted(value)}`)].join(" ");
};

const stamp = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");

/** The notes that a template makes for a guest. */
function notesOf(cluster: Cluster, guest: Guest, template: Value): string {
  const known: Record<string, string> = {
    cluster: cluster.nodes.size > 1 ? cluster.name : "standalone node",
    guestname: guest.name,
    node: guest.node,
    vmid: String(guest.vmid),
  };
  return String(template)
    .replace(/\\n/g, "\n")
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => known[name] ?? "");
}

function contentOf(cluster: Cluster, guest: Guest): SavedInArchive {
  const volumes = backupVolumes(guest)
    .filter(({ included }) => included)
    .flatMap(({ slot, volid }) => {
      const volume = cluster.storages.find(guest.node, volid);
      if (volume === undefined) return [];
      const { size, filled, format, storage } = volume;
      return [[slot, { size, filled, format, storage }] as const];
    });
  const config = Object.fromEntries([...guest.config].filter(([key]) => key !== "lock"));
  return { type: guest.type, config, volumes: Object.fromEntries(volumes) };
}

/** Writes one guest's archive. */
async function backUp(
  cluster: Cluster,
  guest: Guest,
  { storage, folder }: Target,
  params: Values,
  { log, wait }: Worker,
): Promise<void> {
  const { vmid, type, node, noun } = guest;
  log(`INFO: Starting Backup of VM ${vmid} (${type})`);
  log(`INFO: Backup started at ${stamp(cluster.now())}`);
  log(`INFO: status = ${guest.running ? "running" : "stopped"}`);
  guest.checkLock();
  const mode = guest.running ? String(params.mode ?? "snapshot") : "stop";
  log(`INFO: backup mode: ${mode}`);
  log(`INFO: ionice priority: ${params.ionice ?? 7}`);
  log(`INFO: ${noun} Name: ${guest.name}`);
  const name = `vzdump-${type}-${vmid}-${stamp(cluster.now()).replace(/-/g, "_").replace(" ", "-").replace(/:/g, "_")}`;
  const format = `${type === "qemu" ? "vma" : "tar"}${suffixes[String(params.compress ?? "0")] ?? ""}`;
  log(`INFO: creating vzdump archive '${folder}/${name}.${format}'`);
  guest.config.set("lock", "backup");
  await wait(cluster.times.clone).finally(() => guest.config.delete("lock"));
  const size = 2 * 1024 ** 2;
  if (storage !== undefined) {
    const volid = `${storage}:backup/${name}.${format}`;
    const notes = params["notes-template"];
    cluster.storages.add(node, {
      volid,
      storage,
      size,
      filled: size,
      format,
      content: "backup",
      saved: contentOf(cluster, guest),
      ...(notes === undefined ? {} : { notes: notesOf(cluster, guest, notes) }),
      ...(params.protected === 1 ? { protected: true } : {}),
    });
    log("INFO: archive file size: 2MB");
    if (notes !== undefined) log("INFO: adding notes to backup");
    if (params.protected === 1) log("INFO: marking backup as protected");
    pruneAfter(cluster, guest, { storage, params }, log);
  }
  log(`INFO: Finished Backup of VM ${vmid} (00:00:01)`);
  log(`INFO: Backup finished at ${stamp(cluster.now())}`);
}

/** Older archives of the guest go, where the request or its storage has a retention. */
function pruneAfter(
  cluster: Cluster,
  { node, type, vmid }: Guest,
  { storage, params }: { storage: string; params: Values },
  log: (line: string) => void,
): void {
  const keep = params["prune-backups"] ?? cluster.storages.get(storage).more?.["prune-backups"];
  if (keep === undefined || params.remove === 0) return;
  log(`INFO: prune older backups with retention: ${String(keep).replace(/,/g, ", ")}`);
  const marks = pruneMarks(cluster, node, { storage, "prune-backups": keep, type, vmid });
  const gone = marks.filter(({ mark }) => mark === "remove");
  for (const { volume } of gone) {
    log(`INFO: removing backup '${volume.volid}'`);
    cluster.storages.free(node, volume.volid);
  }
  log(`INFO: pruned ${gone.length} backup(s)`);
}

/** POST …/vzdump: an archive of each guest on this node; guests of other nodes are passed over. */
export function vzdump(cluster: Cluster, node: string, params: Values, { authId, byToken }: ProxmoxCaller): string {
  const { access } = cluster;
  if (params.stdout === 1) parameterErrors({ stdout: "option is only allowed on the command line interface." });
  requireBackupOptions(cluster, { authId, byToken }, params);
  const storage = backupStorage(params);
  if (params["prune-backups"] !== undefined && storage !== undefined)
    access.require(authId, `/storage/${storage}`, ["Datastore.Allocate"]);
  const request: Values = { ...params };
  verifySelection(request, true);
  const ids = selected(cluster, request).filter((id) => (cluster.guests.get(id)?.node ?? node) === node);
  if (params.stop === 1) {
    access.require(authId, `/nodes/${node}`, ["Sys.Modify"]);
    for (const task of cluster.tasks.all.values())
      if (task.type === "vzdump" && task.node === node && task.exitstatus === undefined) task.stop();
  }
  if (ids.length === 0 && request.all !== 1) return "OK";
  if (storage !== undefined) access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  return cluster.tasks.run(node, "vzdump", ids.length === 1 ? String(ids[0]) : "", authId, async (worker) => {
    const target = targetOf(cluster, node, params);
    worker.log(`INFO: starting new backup job: ${commandLine({ ...params, node }, ids)}`);
    // Of a list every guest is asked for; of all those that the caller may not back up are left out.
    for (const id of ids) if (request.all !== 1) access.require(authId, `/vms/${id}`, ["VM.Backup"]);
    let failed = 0;
    for (const id of ids.filter((each) => access.may(authId, `/vms/${each}`, ["VM.Backup"]))) {
      const guest = cluster.guests.get(id);
      try {
        if (guest === undefined) die(`unable to find VM '${id}'`);
        else await backUp(cluster, guest, target, params, worker);
      } catch (error) {
        if (!(error instanceof PveError)) throw error;
        failed++;
        worker.log(`ERROR: Backup of VM ${id} failed - ${error.message}`);
        worker.log(`INFO: Failed at ${stamp(cluster.now())}`);
      }
    }
    worker.log(`INFO: Backup job finished ${failed === 0 ? "successfully" : "with errors"}`);
    if (failed > 0) die("job errors");
  });
}

/** GET …/vzdump/defaults, less for who may not audit the node. */
export function vzdumpDefaults(cluster: Cluster, node: string, params: Values, { authId }: ProxmoxCaller): unknown {
  const storage = String(params.storage ?? "local");
  cluster.access.require(authId, `/storage/${storage}`, ["Datastore.Audit", "Datastore.AllocateSpace"], true);
  const { folder } = targetOf(cluster, node, { storage });
  const audits = cluster.access.may(authId, `/nodes/${node}`, ["Sys.Audit"]);
  return {
    all: 0,
    bwlimit: 0,
    compress: "0",
    fleecing: { enabled: 0 },
    lockwait: 180,
    mailnotification: "always",
    mode: "snapshot",
    "notification-mode": "auto",
    performance: { "max-workers": 16, "pbs-entries-max": 1048576 },
    pigz: 0,
    "prune-backups": String(cluster.storages.get(storage).more?.["prune-backups"] ?? "keep-all=1"),
    quiet: 0,
    remove: 1,
    stdexcludes: 1,
    stop: 0,
    stopwait: 10,
    storage,
    zstd: 1,
    ...(audits ? { dumpdir: folder, ionice: 7 } : {}),
  };
}
