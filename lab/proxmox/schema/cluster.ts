import * as f from "./formats";
import {
  choice,
  each,
  flag,
  formatted,
  integer,
  type MethodParameters,
  number,
  properties,
  required,
  text,
} from "./parameters";
import { configIds, node, storage, vmid } from "./qemu";

export const none: MethodParameters = {};

// ---- cluster and nodes

export const nextIdParameters: MethodParameters = { vmid };
export const resourcesParameters: MethodParameters = { type: choice("vm storage node sdn") };
export const networkListParameters: MethodParameters = {
  type: choice(
    "bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet any_bridge any_local_bridge include_sdn",
  ),
};
export const ifaceParameters: MethodParameters = { iface: required(text({ minLength: 2, maxLength: 20 })) };
export const urlMetadataParameters: MethodParameters = {
  url: required(text({ pattern: /https?:\/\/.*/ })),
  "verify-certificates": flag,
};
const period = required(choice("hour day week month year"));
export const rrddataParameters: MethodParameters = { timeframe: period, cf: choice("AVERAGE MAX") };
// ---- tasks

const upid = required(text());
export const taskParameters: MethodParameters = { upid };
export const taskLogParameters: MethodParameters = { upid, download: flag, ...each("limit start", integer(0)) };
export const taskListParameters: MethodParameters = {
  source: choice("archive active all"),
  vmid,
  ...each("typefilter userfilter", text()),
  statusfilter: text({ format: f.listOf(() => undefined) }),
  ...each("limit start", integer(0)),
  ...each("since until", integer()),
  errors: flag,
};

// ---- storages

const contents = formatted(f.listOf(f.content));
const settings: MethodParameters = {
  ...each(
    "comstar_hg comstar_tg data-pool encryption-key fs-name keyring lio_tpg master-pubkey namespace pool saferemove_throughput username is_mountpoint",
    text(),
  ),
  ...each("blocksize content-dirs options mountpoint prune-backups server subdir zfs-base-path monhost", text()),
  ...each(
    "create-base-path create-subdirs disable fuse krbd mkdir nocow nowritecache saferemove shared skip-cert-verification snapshot-as-volume-chain sparse tagged_only",
    flag,
  ),
  ...each("domain password", text({ maxLength: 256 })),
  bwlimit: properties(each("clone default migration move restore", number(0))),
  content: contents,
  fingerprint: text({ pattern: /([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}/ }),
  format: choice("raw qcow2 subvol vmdk"),
  "max-protected-backups": integer(-1),
  nodes: formatted(f.listOf(f.nodeLabel)),
  port: integer(1, 65535),
  preallocation: choice("off metadata falloc full"),
  "saferemove-stepsize": { ...integer(), values: ["1", "2", "4", "8", "16", "32"] },
  smbversion: choice("default 2.0 2.1 3 3.0 3.11"),
};
const types = choice("btrfs cephfs cifs dir esxi iscsi iscsidirect lvm lvmthin nfs pbs rbd zfs zfspool");
const storageId = required(storage);
export const storageGetParameters: MethodParameters = { storage: storageId };
export const storageListParameters: MethodParameters = { type: types };
export const storageCreateParameters: MethodParameters = {
  ...settings,
  storage: storageId,
  type: required(types),
  ...each("authsupported datastore iscsiprovider share target", text()),
  ...each("base export path portal thinpool vgname", text()),
};
export const storageUpdateParameters: MethodParameters = {
  ...settings,
  storage: storageId,
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
};
export const nodeStoragesParameters: MethodParameters = {
  content: contents,
  ...each("enabled format", flag),
  storage,
  target: node,
};
export const contentListParameters: MethodParameters = { storage: storageId, content: formatted(f.content), vmid };
export const volumeAllocateParameters: MethodParameters = {
  storage: storageId,
  filename: required(text()),
  size: required(text({ pattern: /\d+[MG]?/ })),
  vmid: required(vmid),
  format: { ...choice("raw qcow2 subvol vmdk"), requires: "size" },
};
export const volumeParameters: MethodParameters = { storage, volume: required(text()) };
export const volumeDeleteParameters: MethodParameters = { ...volumeParameters, delay: integer(1, 30) };
const checksums: MethodParameters = {
  checksum: text({ requires: "checksum-algorithm" }),
  "checksum-algorithm": { ...choice("md5 sha1 sha224 sha256 sha384 sha512"), requires: "checksum" },
};
const file: MethodParameters = {
  storage: storageId,
  content: required(choice("iso vztmpl import")),
  filename: required(text({ maxLength: 255 })),
  ...checksums,
};
export const uploadParameters: MethodParameters = {
  ...file,
  tmpfilename: text({ pattern: /\/var\/tmp\/pveupload-[0-9a-f]+/ }),
};
export const applianceFetchParameters: MethodParameters = {
  storage: storageId,
  template: required(text({ maxLength: 255 })),
};
const registry =
  "(?:(?:[a-zA-Z\\d]|[a-zA-Z\\d][a-zA-Z\\d-]*[a-zA-Z\\d])(?:\\.(?:[a-zA-Z\\d][a-zA-Z\\d-]*))*(?::\\d+)?/)?";
const imageName = "[a-z\\d]+(?:(?:[._]|__|-*)[a-z\\d]+)*";
const image = `${registry}${imageName}(?:/${imageName})*`;
export const ociPullParameters: MethodParameters = {
  storage: storageId,
  reference: required(text({ pattern: new RegExp(`${image}:\\w[\\w.-]{0,127}`) })),
  filename: text({ minLength: 1, maxLength: 255 }),
};
export const ociTagsParameters: MethodParameters = { reference: required(text({ pattern: new RegExp(image) })) };
export const importMetadataParameters: MethodParameters = { storage: storageId, volume: required(text()) };
export const downloadUrlParameters: MethodParameters = {
  ...file,
  url: required(text({ pattern: /https?:\/\/.*/ })),
  compression: text(),
  "verify-certificates": flag,
};
