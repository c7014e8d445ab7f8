import * as f from "./formats";
import {
  choice,
  each,
  flag,
  formatted,
  integer,
  number,
  type Parameters,
  properties,
  required,
  text,
} from "./parameters";
import { configIds, node, storage, vmid } from "./qemu";

export const none: Parameters = {};

// ---- cluster and nodes

export const nextId: Parameters = { vmid };
export const resources: Parameters = { type: choice("vm storage node sdn") };
export const networkList: Parameters = {
  type: choice(
    "bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet any_bridge any_local_bridge include_sdn",
  ),
};
export const iface: Parameters = { iface: required(text({ minLength: 2, maxLength: 20 })) };
export const urlMetadata: Parameters = {
  url: required(text({ pattern: /https?:\/\/.*/ })),
  "verify-certificates": flag,
};
const period = required(choice("hour day week month year"));
export const rrddata: Parameters = { timeframe: period, cf: choice("AVERAGE MAX") };
export const vzdump: Parameters = {
  ...each("all protected quiet remove stdexcludes stdout stop", flag),
  ...each("dumpdir job-id mailto notes-template performance pool prune-backups script tmpdir fleecing", text()),
  ...each("lockwait stopwait bwlimit", integer(0)),
  ...each("pigz zstd", integer()),
  compress: choice("0 1 gzip lzo zstd"),
  exclude: formatted(f.listOf(f.vmid)),
  "exclude-path": { type: "array" },
  ionice: integer(0, 8),
  mailnotification: choice("always failure"),
  mode: choice("snapshot suspend stop"),
  "notification-mode": choice("auto legacy-sendmail notification-system"),
  "pbs-change-detection-mode": choice("legacy data metadata"),
  storage,
  vmid: formatted(f.listOf(f.vmid)),
  "job-id": text({ maxLength: 50, pattern: /\S+/ }),
  "notes-template": text({ maxLength: 1024, requires: "storage" }),
  protected: { ...flag, requires: "storage" },
};

// ---- tasks

const upid = required(text());
export const task: Parameters = { upid };
export const taskLog: Parameters = { upid, download: flag, ...each("limit start", integer(0)) };
export const taskList: Parameters = {
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
const settings: Parameters = {
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
  nodes: formatted(f.listOf(f.node)),
  port: integer(1, 65535),
  preallocation: choice("off metadata falloc full"),
  "saferemove-stepsize": { ...integer(), values: ["1", "2", "4", "8", "16", "32"] },
  smbversion: choice("default 2.0 2.1 3 3.0 3.11"),
};
const types = choice("btrfs cephfs cifs dir esxi iscsi iscsidirect lvm lvmthin nfs pbs rbd zfs zfspool");
const storageId = required(storage);
export const storageGet: Parameters = { storage: storageId };
export const storageList: Parameters = { type: types };
export const storageCreate: Parameters = {
  ...settings,
  storage: storageId,
  type: required(types),
  ...each("authsupported datastore iscsiprovider share target", text()),
  ...each("base export path portal thinpool vgname", text()),
};
export const storageUpdate: Parameters = {
  ...settings,
  storage: storageId,
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
};
export const nodeStorages: Parameters = { content: contents, ...each("enabled format", flag), storage, target: node };
export const contentList: Parameters = { storage: storageId, content: formatted(f.content), vmid };
export const volumeAllocate: Parameters = {
  storage: storageId,
  filename: required(text()),
  size: required(text({ pattern: /\d+[MG]?/ })),
  vmid: required(vmid),
  format: { ...choice("raw qcow2 subvol vmdk"), requires: "size" },
};
export const volume: Parameters = { storage, volume: required(text()) };
export const volumeDelete: Parameters = { ...volume, delay: integer(1, 30) };
const checksums: Parameters = {
  checksum: text({ requires: "checksum-algorithm" }),
  "checksum-algorithm": { ...choice("md5 sha1 sha224 sha256 sha384 sha512"), requires: "checksum" },
};
const file: Parameters = {
  storage: storageId,
  content: required(choice("iso vztmpl import")),
  filename: required(text({ maxLength: 255 })),
  ...checksums,
};
export const upload: Parameters = { ...file, tmpfilename: text({ pattern: /\/var\/tmp\/pveupload-[0-9a-f]+/ }) };
export const applianceFetch: Parameters = { storage: storageId, template: required(text({ maxLength: 255 })) };
export const downloadUrl: Parameters = {
  ...file,
  url: required(text({ pattern: /https?:\/\/.*/ })),
  compression: text(),
  "verify-certificates": flag,
};

// ---- HA

const sid = required(text());
export const haList: Parameters = { type: choice("ct vm") };
export const haGet: Parameters = { sid };
export const haDelete: Parameters = { sid, purge: flag };
const haSettings: Parameters = {
  sid,
  comment: text({ maxLength: 4096 }),
  failback: flag,
  group: formatted(f.configId),
  ...each("max_relocate max_restart", integer(0)),
  state: choice("started stopped enabled disabled ignored"),
};
export const haCreate: Parameters = { ...haSettings, type: choice("ct vm") };
export const haUpdate: Parameters = {
  ...haSettings,
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
};

const haRuleTypes = choice("node-affinity resource-affinity");
const haRuleSettings: Parameters = {
  rule: required(formatted(f.configId)),
  type: haRuleTypes,
  affinity: choice("positive negative"),
  comment: text({ maxLength: 4096 }),
  disable: flag,
  nodes: text(),
  resources: text(),
  strict: flag,
};
export const haRuleList: Parameters = { resource: text(), type: haRuleTypes };
export const haRuleGet: Parameters = { rule: required(formatted(f.configId)) };
export const haRuleCreate: Parameters = { ...haRuleSettings, type: required(haRuleTypes), resources: required(text()) };
export const haRuleUpdate: Parameters = {
  ...haRuleSettings,
  type: required(haRuleTypes),
  delete: { ...configIds, maxLength: 4096 },
  digest: text({ maxLength: 64 }),
};

// ---- firewall of a guest

const logLevel = choice("emerg alert crit err warning notice info debug nolog");
const policy = choice("ACCEPT REJECT DROP");
export const firewallOptions: Parameters = {
  ...each("dhcp enable ipfilter macfilter ndp radv", flag),
  ...each("log_level_in log_level_out", logLevel),
  ...each("policy_in policy_out", policy),
  delete: configIds,
  digest: text({ maxLength: 64 }),
};
const action = text({ minLength: 2, maxLength: 20, pattern: /[A-Za-z][A-Za-z0-9\-_]+/ });
const ruleType = choice("in out forward group");
const rule: Parameters = {
  ...each("comment dport icmp-type proto sport", text()),
  ...each("dest source", text({ maxLength: 512 })),
  digest: text({ maxLength: 64 }),
  enable: integer(0),
  iface: text({ minLength: 2, maxLength: 20 }),
  log: logLevel,
  macro: text({ maxLength: 128 }),
  pos: integer(0),
};
export const ruleCreate: Parameters = { ...rule, action: required(action), type: required(ruleType) };
export const ruleUpdate: Parameters = { ...rule, action, type: ruleType, moveto: integer(0), delete: configIds };
export const ruleGet: Parameters = { pos: integer(0) };
export const ruleDelete: Parameters = { pos: integer(0), digest: text({ maxLength: 64 }) };
