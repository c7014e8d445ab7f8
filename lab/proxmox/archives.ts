import type { Cluster } from "./cluster";
import type { Volume } from "./storage";

// What a person does to back-up archives on a node's disk, past the API.

/** The time in an archive's name in Unix seconds: it is what a list shows, whenever the file was written. */
export function archiveTime(name: string): number | undefined {
  const [, date, time] = /-(\d{4}_\d\d_\d\d)-(\d\d_\d\d_\d\d)\./.exec(name) ?? [];
  if (date === undefined || time === undefined) return undefined;
  return Date.parse(`${date.replaceAll("_", "-")}T${time.replaceAll("_", ":")}Z`) / 1000;
}

/** The archives in a folder of a node, the oldest first. */
function archivesIn(cluster: Cluster, node: string, folder: string): { storage: string; archives: Volume[] } {
  const found = cluster.storages.fileAt(node, `${folder}/any`);
  if (found?.content !== "backup") throw new Error(`no storage of ${node} has its archives in ${folder}`);
  const archives = cluster.storages.list(node, found.storage).filter(({ content }) => content === "backup");
  return { storage: found.storage, archives: archives.sort((a, b) => a.ctime - b.ctime) };
}

const fileOf = ({ volid }: Volume): string => volid.split("/").pop() ?? "";

function write(cluster: Cluster, node: string, folder: string, archive: Volume, name: string): void {
  const file = cluster.storages.fileAt(node, `${folder}/${name}`);
  if (file === undefined) throw new Error(`${folder}/${name} is no archive of ${node}`);
  const written = cluster.storages.add(node, { ...archive, ...file });
  written.ctime = archiveTime(name) ?? archive.ctime;
}

/** The newest archive of a guest gets another name and size. @throws where there is none */
export function nameArchive(
  cluster: Cluster,
  { node, dir, vmid, name, size }: { node: string; dir: string; vmid: number; name: string; size: number },
): void {
  const own = archivesIn(cluster, node, dir).archives.filter((each) => fileOf(each).split("-")[2] === String(vmid));
  const newest = own.at(-1);
  if (newest === undefined) throw new Error(`guest ${vmid} has no archive in ${dir} of ${node}`);
  cluster.storages.free(node, newest.volid);
  write(cluster, node, dir, { ...newest, size }, name);
}

/** An archive is there once more, under another name. @throws where it is not there */
export function copyArchive(
  cluster: Cluster,
  { node, dir, from, name }: { node: string; dir: string; from: string; name: string },
): void {
  const source = archivesIn(cluster, node, dir).archives.find((each) => fileOf(each) === from);
  if (source === undefined) throw new Error(`${dir}/${from} is not there`);
  // What was written to it lies in files of their own.
  write(cluster, node, dir, { ...source, notes: undefined, protected: undefined }, name);
}
