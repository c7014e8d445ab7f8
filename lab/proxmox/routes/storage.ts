import { appliances, fetchAppliance } from "../appliances";
import { PlainError } from "../body";
import { die, PveError, parameterErrors } from "../errors";
import { deleteFile, downloadFile, uploadFile } from "../files";
import * as schema from "../schema/cluster";
import { words } from "../schema/words";
import { parseBytes } from "../sizes";
import type { StorageConfig, Volume } from "../storage";
import { requireVolume } from "../volumes";
import { needDownload } from "./cluster";
import { anybody, both, perm, permAny, type RightsCheck, type Route, type RouteCall, route } from "./route";

const audit = permAny("/storage/{storage}", "Datastore.Audit Datastore.AllocateSpace");
const define = perm("/storage", "Datastore.Allocate");

/** A refusal that pveproxy gives before it has read a file: no body, only the phrase. */
const bare =
  (needs: RightsCheck): RightsCheck =>
  (call) => {
    try {
      needs(call);
    } catch (error) {
      if (error instanceof PveError) throw new PlainError(error.status, error.message, "");
      throw error;
    }
  };

const known = ({ cluster, params }: RouteCall): StorageConfig =>
  cluster.storages.configs.get(String(params.storage)) ?? parameterErrors({ storage: "No such storage." });

const seen = (call: RouteCall) =>
  [...call.cluster.storages.configs.values()].filter(({ storage }) =>
    call.cluster.access.may(
      call.caller.authId,
      `/storage/${storage}`,
      ["Datastore.Audit", "Datastore.AllocateSpace"],
      true,
    ),
  );

function nodeStorages(call: RouteCall): unknown[] {
  const { cluster, node, params } = call;
  const contents = words(params.content);
  return seen(call)
    .filter((config) => cluster.storages.on(node, config))
    .filter((config) => params.storage === undefined || config.storage === params.storage)
    .filter((config) => params.enabled !== 1 || !config.disable)
    .filter(({ content }) => contents.length === 0 || contents.some((one) => content.split(",").includes(one)))
    .map((config) => {
      const status = cluster.storages.status(config);
      const used = config.disable ? {} : { used_fraction: Number(status.used) / Number(status.total) };
      return { storage: config.storage, ...status, ...used };
    });
}

/** An archive is listed with the first line of its notes. */
function archiveShown({ volid, notes, protected: isProtected }: Volume): unknown {
  const [, subtype, vmid] = /vzdump-(lxc|qemu)-(\d+)-/.exec(volid) ?? [];
  return {
    ...(subtype === undefined ? {} : { subtype, vmid: Number(vmid) }),
    ...(notes === undefined ? {} : { notes: notes.split("\n")[0] }),
    ...(isProtected ? { protected: 1 } : {}),
  };
}

function volumeShown(volume: Volume): unknown {
  const { volid, content, format, size, vmid, parent, ctime } = volume;
  const base = { volid, content, format, size, ctime };
  if (content === "backup") return Object.assign(base, archiveShown(volume));
  return content === "images" || content === "rootdir" ? { ...base, vmid, parent: parent ?? null, used: 331776 } : base;
}

/** Whether a caller may use a volume, and so sees it in a list. */
function isSeen({ cluster, caller }: RouteCall, volid: string): boolean {
  try {
    requireVolume(cluster, caller, volid);
    return true;
  } catch (error) {
    if (error instanceof PveError) return false;
    throw error;
  }
}

const ownerOf = ({ vmid, volid }: Volume): number | undefined =>
  vmid ?? (Number(/vzdump-\w+-(\d+)-/.exec(volid)?.[1] ?? Number.NaN) || undefined);

function contentOf(call: RouteCall): unknown[] {
  const { cluster, node, params } = call;
  const { storage } = cluster.storages.enabled(node, String(params.storage));
  /** A container's disks are listed as what they are for. */
  const listed = (volume: Volume): Volume =>
    volume.content === "images" && cluster.guests.get(volume.vmid ?? 0)?.type === "lxc"
      ? { ...volume, content: "rootdir" }
      : volume;
  return cluster.storages
    .list(node, storage)
    .map(listed)
    .filter(({ content }) => params.content === undefined || content === params.content)
    .filter((volume) => params.vmid === undefined || ownerOf(volume) === params.vmid)
    .filter(({ volid }) => isSeen(call, volid))
    .map(volumeShown);
}

function allocate({ cluster, node, params }: RouteCall): string {
  const { storage, filename, size, vmid, format = "raw" } = params;
  const config = cluster.storages.enabled(node, String(storage));
  const volid = config.type === "dir" ? `${storage}:${vmid}/${filename}` : `${storage}:${filename}`;
  const volume = { volid, storage: String(storage), content: "images" };
  if (cluster.storages.find(node, volid)) die(`disk image '${cluster.storages.path(volume)}' already exists`);
  const text = String(size);
  cluster.storages.add(node, {
    ...volume,
    vmid: Number(vmid),
    size: /^\d+$/.test(text) ? Number(text) * 1024 : parseBytes(text),
    filled: 0,
    format: String(format),
  });
  return volid;
}

const volidOf = ({ params }: RouteCall): string => {
  const { storage } = params;
  const volume = String(params.volume);
  const [, named] = /^([^:/]+):/.exec(volume) ?? [];
  if (named !== undefined && named !== storage)
    parameterErrors({ volume: `storage ID mismatch (${named} != ${storage})\n` });
  return named === undefined ? `${storage}:${volume}` : volume;
};

function volumeInfo(call: RouteCall): unknown {
  const { cluster, node } = call;
  const volid = volidOf(call);
  requireVolume(cluster, call.caller, volid);
  const volume = cluster.storages.find(node, volid) ?? die(`volume_size_info on '${volid}' failed - no format`);
  const path = cluster.storages.path(volume);
  const isDisk = volume.content === "images" || volume.content === "rootdir";
  // qemu-img sees any file as a raw image, whole 512-byte sectors long.
  const size = isDisk ? volume.size : Math.ceil((volume.virtual ?? volume.size) / 512) * 512;
  const used = isDisk ? 331776 : Math.ceil(volume.size / 4096) * 4096;
  const archive = { notes: volume.notes ?? "", protected: volume.protected ? 1 : 0 };
  return {
    path,
    size,
    used,
    format: isDisk || volume.content === "import" ? volume.format : "raw",
    ...(volume.content === "backup" ? archive : {}),
  };
}

export const storageRoutes: Route[] = [
  route("GET", "/storage", schema.storageListParameters, anybody, (call) =>
    seen(call)
      .filter(({ type }) => call.params.type === undefined || type === call.params.type)
      .map((config) => call.cluster.storages.shown(config)),
  ),
  route("POST", "/storage", schema.storageCreateParameters, define, ({ cluster, params }) =>
    cluster.storages.create(params),
  ),
  route(
    "GET",
    "/storage/{storage}",
    schema.storageGetParameters,
    perm("/storage/{storage}", "Datastore.Allocate"),
    ({ cluster, params }) => cluster.storages.shown(cluster.storages.get(String(params.storage))),
  ),
  route("PUT", "/storage/{storage}", schema.storageUpdateParameters, define, ({ cluster, params }) =>
    cluster.storages.update(params),
  ),
  route("DELETE", "/storage/{storage}", schema.storageGetParameters, define, ({ cluster, params }) => {
    cluster.storages.delete(String(params.storage));
    return null;
  }),
  route("GET", "/nodes/{node}/storage", schema.nodeStoragesParameters, anybody, nodeStorages),
  route("GET", "/nodes/{node}/storage/{storage}/status", schema.storageGetParameters, audit, (call) =>
    call.cluster.storages.status(known(call)),
  ),
  route("GET", "/nodes/{node}/storage/{storage}/content", schema.contentListParameters, audit, contentOf),
  route(
    "POST",
    "/nodes/{node}/storage/{storage}/content",
    schema.volumeAllocateParameters,
    perm("/storage/{storage}", "Datastore.AllocateSpace"),
    allocate,
  ),
  route("GET", "/nodes/{node}/storage/{storage}/content/{volume*}", schema.volumeParameters, audit, volumeInfo),
  route("DELETE", "/nodes/{node}/storage/{storage}/content/{volume*}", schema.volumeDeleteParameters, anybody, (call) =>
    deleteFile(call.cluster, call.node, volidOf(call), call.caller),
  ),
  route(
    "POST",
    "/nodes/{node}/storage/{storage}/upload",
    schema.uploadParameters,
    bare(perm("/storage/{storage}", "Datastore.AllocateTemplate")),
    (call) => uploadFile(call.cluster, call.node, call.params, call.file ?? Buffer.alloc(0), call.caller),
  ),
  route("GET", "/nodes/{node}/storage/{storage}/import-metadata", schema.importMetadataParameters, anybody, (call) => {
    const volid = `${call.params.storage}:${call.params.volume}`;
    requireVolume(call.cluster, call.caller, volid);
    return die(`volume '${volid}' has no metadata that could be imported`);
  }),
  route(
    "POST",
    "/nodes/{node}/storage/{storage}/oci-registry-pull",
    schema.ociPullParameters,
    both(perm("/storage/{storage}", "Datastore.AllocateTemplate"), perm("/nodes/{node}", "Sys.AccessNetwork")),
    () => die("Install 'skopeo' to pull OCI images from registries."),
  ),
  route(
    "GET",
    "/nodes/{node}/query-oci-repo-tags",
    schema.ociTagsParameters,
    perm("/nodes/{node}", "Sys.AccessNetwork"),
    () => die("Install 'skopeo' to list tags from OCI registries."),
  ),
  route("GET", "/nodes/{node}/aplinfo", {}, anybody, appliances),
  route(
    "POST",
    "/nodes/{node}/aplinfo",
    schema.applianceFetchParameters,
    perm("/storage/{storage}", "Datastore.AllocateTemplate"),
    ({ cluster, node, params, caller }) => fetchAppliance(cluster, node, params, caller),
  ),
  route("POST", "/nodes/{node}/storage/{storage}/download-url", schema.downloadUrlParameters, needDownload, (call) =>
    downloadFile(call.cluster, call.node, call.params, call.caller),
  ),
];
