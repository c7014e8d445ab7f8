import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { pruneBackups } from "../schema/backup";
import type { Value, Values } from "../schema/parameters";
import { parseProperties } from "../schema/properties";
import type { Volume } from "../storage";

/** What is to happen to an archive. */
export interface PruneMark {
  volume: Volume;
  type: "qemu" | "lxc";
  vmid: number;
  mark: "keep" | "remove" | "protected";
}

const archiveName = /^vzdump-(lxc|qemu)-(\d+)-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\./;

/** The week of a year as ISO 8601 counts them. */
function week(date: Date): string {
  const thursday = new Date(date);
  thursday.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return `${thursday.getUTCFullYear()}/${Math.ceil(((thursday.getTime() - first) / 86_400_000 + 1) / 7)}`;
}

/** Each option with the span of which it keeps one archive, in PVE's order. */
const spans: [option: string, span: (date: Date) => string][] = [
  ["keep-last", (date) => date.toISOString()],
  ["keep-hourly", (date) => date.toISOString().slice(0, 13)],
  ["keep-daily", (date) => date.toISOString().slice(0, 10)],
  ["keep-weekly", week],
  ["keep-monthly", (date) => date.toISOString().slice(0, 7)],
  ["keep-yearly", (date) => date.toISOString().slice(0, 4)],
];

/** The options of a property string, as texts. */
export function retention(text: Value | undefined): Record<string, string> {
  const parsed = parseProperties(pruneBackups.properties ?? { keys: {} }, String(text ?? ""));
  return typeof parsed === "string" ? die(parsed.trim()) : parsed;
}

/** Marks a guest's archives, the newest first. */
function markOne(archives: PruneMark[], keep: Record<string, string>): void {
  const open = archives.filter(({ mark }) => mark !== "protected").sort((a, b) => b.volume.ctime - a.volume.ctime);
  const counts = spans.map(([option, span]) => ({ count: Number(keep[option] ?? 0), span }));
  if (keep["keep-all"] === "1" || counts.every(({ count }) => count === 0)) return;
  const kept = new Set<PruneMark>();
  const gone = new Set<PruneMark>();
  for (const { count, span } of counts) {
    const of = ({ volume }: PruneMark) => span(new Date(volume.ctime * 1000));
    const before = new Set([...kept].map(of));
    const now = new Set<string>();
    for (const archive of open) {
      if (kept.has(archive) || gone.has(archive) || before.has(of(archive))) continue;
      if (now.has(of(archive))) gone.add(archive);
      else if (now.size < count) {
        now.add(of(archive));
        kept.add(archive);
      } else break;
    }
  }
  for (const archive of open) archive.mark = kept.has(archive) ? "keep" : "remove";
}

/** A storage's archives, each with what a retention makes of it: by guest, protected ones not counted. */
export function pruneMarks(
  cluster: Cluster,
  node: string,
  { storage, "prune-backups": wanted, type, vmid }: Values,
): PruneMark[] {
  const config = cluster.storages.enabled(node, String(storage));
  const text = wanted ?? config.more?.["prune-backups"];
  if (text === undefined) die(`no prune-backups options configured for storage '${storage}'`);
  const groups = new Map<string, PruneMark[]>();
  for (const volume of cluster.storages.list(node, String(storage))) {
    const [, kind, id] = archiveName.exec(volume.volid.split("/").pop() ?? "") ?? [];
    if (volume.content !== "backup" || (kind !== "lxc" && kind !== "qemu")) continue;
    if ((type !== undefined && kind !== type) || (vmid !== undefined && Number(id) !== vmid)) continue;
    const mark: PruneMark = { volume, type: kind, vmid: Number(id), mark: volume.protected ? "protected" : "keep" };
    groups.set(`${kind}/${id}`, [...(groups.get(`${kind}/${id}`) ?? []), mark]);
  }
  for (const group of groups.values()) markOne(group, retention(text));
  return [...groups.values()].flat().sort((a, b) => a.volume.ctime - b.volume.ctime);
}

/** DELETE …/prunebackups. */
export function prune(cluster: Cluster, node: string, params: Values, { authId }: ProxmoxCaller): string {
  const { storage, vmid } = params;
  if (vmid === undefined) cluster.access.require(authId, `/storage/${storage}`, ["Datastore.Allocate"]);
  else {
    cluster.access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
    cluster.access.require(authId, `/vms/${vmid}`, ["VM.Backup"]);
  }
  pruneMarks(cluster, node, params);
  const id = vmid === undefined ? String(storage) : `${vmid}@${storage}`;
  return cluster.tasks.run(node, "prunebackups", id, authId, async ({ log }) => {
    for (const { volume, mark } of pruneMarks(cluster, node, params)) {
      if (mark !== "remove") continue;
      log(`removing backup '${volume.volid}'`);
      cluster.storages.free(node, volume.volid);
    }
  });
}
