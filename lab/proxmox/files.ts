import { createHash, randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die, parameterErrors } from "./errors";
import { virtualSize } from "./images";
import type { Value, Values } from "./schema/parameters";
import type { Volume } from "./storage";
import { volumeName } from "./volumes";

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
  // The node that is asked has the file, and copies it to the one that is meant.
  const copy =
    node === cluster.local
      ? `cp -- ${temporary} ${path}`
      : `/usr/bin/scp -o BatchMode=yes -o HostKeyAlias=${node} -o UserKnownHostsFile=/etc/pve/nodes/${node}/ssh_known_hosts -o GlobalKnownHostsFile=none -p -- ${temporary} [${cluster.address(node)}]:${path}`;
  return cluster.tasks.run(cluster.local, "imgcopy", "", authId, async ({ log }) => {
    log(`starting file import from: ${temporary}`);
    verify(data, algorithm, checksum, log);
    log(`target node: ${node}`);
    log(`target file: ${path}`);
    log(`file size is: ${data.length}`);
    log(`command: ${copy}`);
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
    store(cluster, node, file, compression === undefined ? data : unpacked(data, String(compression), path));
    log(`download of '${url}' to '${path}' finished`);
  });
}

/** What a compressed file holds; of the compressions the lab knows gzip. */
function unpacked(data: Buffer, compression: string, path: string): Buffer {
  try {
    return compression === "gz" ? gunzipSync(data) : die(`unknown compression '${compression}'`);
  } catch {
    return die(`unable to decompress '${path}.tmp_dwnl': exit code 1`);
  }
}

async function fetched(cluster: Cluster, node: string, url: URL, log: (line: string) => void): Promise<Buffer> {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  log(`--${new Date().toISOString().slice(0, 19).replace("T", " ")}--  ${url}`);
  const response = await cluster.web
    .get(node, url)
    .catch(() => die(`download failed: Connecting to ${url.hostname}:${port}... failed: Connection refused.`));
  if (!response.ok) {
    log(`${new Date().toISOString().slice(0, 19).replace("T", " ")} ERROR ${response.status}: ${response.statusText}.`);
    return die("download failed: exit code 8");
  }
  return Buffer.from(await response.arrayBuffer());
}

/** DELETE …/content/{volume}: a missing file is no failure, and one that a guest uses goes like any other. */
export function deleteFile(cluster: Cluster, node: string, volid: string, { authId }: ProxmoxCaller): string {
  const { storage, name, content, owner } = volumeName(cluster, volid);
  if (content === "backup" && owner !== undefined) {
    cluster.access.require(authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
    cluster.access.require(authId, `/vms/${owner}`, ["VM.Backup"]);
  } else cluster.access.require(authId, `/storage/${storage}`, ["Datastore.Allocate"]);
  const id = owner === undefined ? storage : `${owner}@${storage}`;
  return cluster.tasks.run(node, "imgdel", id, authId, async ({ log }) => {
    const volume = cluster.storages.find(node, volid);
    if (volume?.protected) die(`cannot remove protected volume '${name}' on '${storage}'`);
    if (cluster.storages.clonesOf(volid).length > 0) die(`base volume '${name}' is still in use by linked clones`);
    if (volume === undefined) log(`disk image '${cluster.storages.path({ storage, volid, content })}' does not exist`);
    cluster.storages.free(node, volid);
    log(`Removed volume '${volid}'`);
  });
}
