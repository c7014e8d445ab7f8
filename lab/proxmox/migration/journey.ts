import type { Cluster } from "../cluster";
import { die, PveError, parameterErrors } from "../errors";
import type { Guest } from "../guest";
import type { Value } from "../schema/parameters";
import { words } from "../schema/words";
import type { Worker } from "../tasks";

/** Where a guest's local volumes go: to the same storage, or to another one. */
export type StorageMap = (storage: string) => string;

/** `targetstorage`: one storage for all, or `SOURCE:TARGET` pairs; `1` keeps each. @param name of the parameter */
export function storageMap(name: string, text: Value | undefined): { map: StorageMap; targets: string[] } {
  const entries = new Map<string, string>();
  let other: string | undefined;
  for (const part of words(text)) {
    const [source = "", target] = part.split(":");
    if (target !== undefined) {
      if (entries.has(source))
        parameterErrors({ [name]: `failed to parse storage map: duplicate mapping for source '${source}'\n` });
      entries.set(source, target);
    } else if (part !== "1") other = part;
  }
  const targets = [...entries.values(), ...(other === undefined ? [] : [other])];
  return { map: (storage) => entries.get(storage) ?? other ?? storage, targets };
}

/** What a migration finds out before it changes anything, and what it does then. */
interface Steps {
  /** @throws what forbids it from the start */
  prepare: (log: (line: string) => void) => void;
  /** Says which volumes come along. @throws what is wrong with one */
  scan: (log: (line: string) => void) => void;
  /** Takes the guest over. */
  move: (log: (line: string) => void) => void;
}

/** A migration's task: every line with its time, and whatever goes wrong only in its log. */
export async function journey(
  cluster: Cluster,
  guest: Guest,
  target: string,
  worker: Worker,
  { prepare, scan, move }: Steps,
): Promise<void> {
  const started = cluster.now();
  const log = (line: string) =>
    worker.log(`${new Date(cluster.now()).toISOString().slice(0, 19).replace("T", " ")} ${line}`);
  const duration = () => {
    const seconds = Math.floor((cluster.now() - started) / 1000);
    return new Date(seconds * 1000).toISOString().slice(11, 19);
  };
  const abort = (error: unknown): never => {
    if (!(error instanceof PveError)) throw error;
    log(`ERROR: migration aborted (duration ${duration()}): ${error.message}`);
    return die("migration aborted");
  };
  try {
    if (cluster.nodes.get(target)?.offline) die("Can't connect to destination address using public key");
    prepare(log);
  } catch (error) {
    abort(error);
  }
  log(`starting migration of ${guest.noun} ${guest.vmid} to node '${target}' (${cluster.address(target)})`);
  guest.config.set("lock", "migrate");
  try {
    scan(log);
    await worker.wait(cluster.times.clone);
  } catch (error) {
    if (error instanceof PveError) {
      log(`ERROR: ${error.message}`);
      log("aborting phase 1 - cleanup resources");
    }
    abort(error);
  } finally {
    guest.config.delete("lock");
  }
  move(log);
  log(`migration finished successfully (duration ${duration()})`);
}

/** Takes a guest's local volumes along, and writes their new names where the guest names them. */
export function carryVolumes(
  cluster: Cluster,
  guest: Guest,
  target: string,
  { volids, map, log }: { volids: string[]; map: StorageMap; log: (line: string) => void },
): void {
  for (const volid of volids) {
    const storage = volid.split(":")[0] ?? "";
    const made = cluster.storages.migrate(guest.node, target, volid, map(storage));
    log(`volume '${volid}' is '${made}' on the target`);
    for (const config of [guest.config, ...[...guest.snapshots.values()].map((snapshot) => snapshot.config)])
      for (const [key, value] of config)
        if (typeof value === "string" && value.split(",").some((part) => part === volid || part.endsWith(`=${volid}`)))
          config.set(key, value.replace(volid, made));
  }
}

/** The volumes of a guest that are its node's own, in the order of their names. */
export function localVolumes(cluster: Cluster, guest: Guest): string[] {
  return cluster.storages
    .owned(guest.vmid)
    .filter(({ storage, node }) => !cluster.storages.get(storage).shared && node === guest.node)
    .map(({ volid }) => volid)
    .sort();
}

/** @throws where a storage can't take a guest's volumes on a node */
export function requireTarget(
  cluster: Cluster,
  authId: string,
  storage: string,
  { node, content }: { node: string; content: "images" | "rootdir" },
): void {
  const config = cluster.storages.enabled(node, storage);
  cluster.access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  if (config.content.split(",").includes(content)) return;
  die(`storage '${storage}' does not support ${content === "images" ? "vm images" : "container directories"}`);
}
