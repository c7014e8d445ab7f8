import { createHash, randomBytes } from "node:crypto";
import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die, parameterErrors } from "./errors";
import { virtualSize } from "./images";
import type { Value, Values } from "./schema/parameters";
import type { Volume } from "./storage";

/** @throws what PVE says of a file that is not what it should be */
function verify(
  data: Buffer,
  algorithm: Value | undefined,
  checksum: Value | undefined,
  log: (line: string) => void,
): void {
  if (algorithm === undefined) return;
  const got = createHash(String(algorithm)).update(data).digest("hex");
  if (got !== checksum) {
    log("calculating checksum...");
    die(`checksum mismatch: got '${got}' != expect '${checksum}'`);
  }
  log("calculating checksum...OK, checksum verified");
}

/** Writes a file where a storage of the node has its folder. @throws where none has */
export function putFile(cluster: Cluster, node: string, path: string, data: Buffer): void {
  const file = cluster.storages.fileAt(node, path);
  if (file === undefined) throw new Error(`no storage of ${node} has ${path}`);
  store(cluster, node, file, data);
}

function store(
  cluster: Cluster,
  node: string,
  file: Pick<Volume, "volid" | "storage" | "content" | "format">,
  data: Buffer,
): void {
  const virtual = file.content === "import" ? { virtual: virtualSize(data, data.length) } : {};
  cluster.storages.add(node, { ...file, ...virtual, size: data.length, filled: data.length });
}

/** POST …/upload. */
export function uploadFile(
  cluster: Cluster,
  node: string,
  params: Values,
  data: Buffer,
  { authId }: ProxmoxCaller,
): string {
  const { storage, content, filename, checksum, "checksum-algorithm": algorithm } = params;
  const file = cluster.storages.fileName(node, String(storage), String(content), String(filename));
  const temporary = `/var/tmp/pveupload-${randomBytes(16).toString("hex")}`;
  const path = cluster.storages.path(file);
  return cluster.tasks.run(node, "imgcopy", "", authId, async ({ log }) => {
    log(`starting file import from: ${temporary}`);
    verify(data, algorithm, checksum, log);
    log(`target node: ${node}`);
    log(`target file: ${path}`);
    log(`file size is: ${data.length}`);
    log(`command: cp -- ${temporary} ${path}`);
    store(cluster, node, file, data);
    log("finished file import successfully");
  });
}

/** POST …/download-url: the lab downloads it too, from wherever its caller says. */
export function downloadFile(cluster: Cluster, node: string, params: Values, { authId }: ProxmoxCaller): string {
  const { storage, content, filename, url, checksum, "checksum-algorithm": algorithm, compression } = params;
  const file = cluster.storages.fileName(node, String(storage), String(content), String(filename));
  if (compression !== undefined && content !== "iso" && content !== "import")
    parameterErrors({ compression: "decompression is only supported for ISO and import images" });
  return cluster.tasks.run(node, "download", String(filename), authId, async ({ log }) => {
    const path = cluster.storages.path(file);
    if (cluster.storages.find(node, file.volid) !== undefined && checksum === undefined)
      die(`refusing to override existing file '${path}'`);
    log(`downloading ${url} to ${path}`);
    const data = await fetched(cluster, node, new URL(String(url)), log);
    verify(data, algorithm, checksum, log);
    store(cluster, node, file, data);
    log(`download of '${url}' to '${path}' finished`);
  });
}

async function fetched(cluster: Cluster, node: string, url: URL, log: (line: string) => void): Promise<Buffer> {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  log(`--${new Date().toISOString().slice(0, 19).replace("T", " ")}--  ${url}`);
  const response = await cluster.web
    .get(node, url)
    .catch(() => die(`download failed: Connecting to ${url.hostname}:${port}... failed: Connection refused.`));
  if (!response.ok) return die(`download failed: ERROR ${response.status}: ${response.statusText}.`);
  return Buffer.from(await response.arrayBuffer());
}

/** DELETE …/content/{volume}: a missing file is no failure. */
export function deleteFile(cluster: Cluster, node: string, volid: string, { authId }: ProxmoxCaller): string {
  const storage = volid.split(":")[0] ?? "";
  const volume = cluster.storages.find(node, volid);
  const owner = volume?.vmid ?? /:(?:(\d+)\/|(?:vm|base)-(\d+)-)/.exec(volid)?.slice(1).find(Boolean);
  const guest = owner === undefined ? undefined : cluster.guests.get(Number(owner));
  if (guest !== undefined && [...guest.config.values()].some((value) => String(value).split(",").includes(volid)))
    die(
      `cannot remove image, a guest with VMID '${owner}' exists!\nYou can delete the image from the guest's hardware pane`,
    );
  const id = owner === undefined ? storage : `${owner}@${storage}`;
  return cluster.tasks.run(node, "imgdel", id, authId, async ({ log }) => {
    cluster.storages.get(storage);
    if (cluster.storages.clonesOf(volid).length > 0) die(`base volume '${volid}' is still in use by linked cloned`);
    if (volume === undefined) {
      const content = /:(iso|vztmpl|snippets|import|backup)\//.exec(volid)?.[1] ?? "images";
      log(`disk image '${cluster.storages.path({ storage, volid, content })}' does not exist`);
    }
    cluster.storages.free(node, volid);
    log(`Removed volume '${volid}'`);
  });
}
