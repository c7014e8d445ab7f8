import * as f from "./formats";
import {
  choice,
  each,
  flag,
  formatted,
  integer,
  type MethodParameters,
  number,
  numbered,
  properties,
  required,
  text,
} from "./parameters";
import { configDigest, configIds, node, pool, snapname, storage, tags, vmid } from "./qemu";

const idmap = text({ pattern: /(?:passthrough|[ug]:\d+:\d+:[1-9]\d*(?:;[ug]:\d+:\d+:[1-9]\d*)*)/ });
const mountOption = "(discard|lazytime|noatime|nodev|noexec|nosuid)";
const rootfsKeys: MethodParameters = {
  volume: required(text()),
  ...each("acl quota replicate ro shared", flag),
  idmap,
  mountoptions: text({ pattern: new RegExp(`${mountOption}(;${mountOption})*`) }),
  size: formatted(f.diskSize),
};
export const rootfs = properties(rootfsKeys, "volume");
export const mountPoint = properties(
  { ...rootfsKeys, mp: required(text()), ...each("backup keepattrs", flag) },
  "volume",
);
export const lxcNet = properties({
  name: required(text({ pattern: /[-_.\w\d]+/ })),
  bridge: text({ pattern: /[-_.\w\d]+/ }),
  ...each("firewall host-managed link_down", flag),
  gw: formatted(f.ipv4),
  gw6: formatted(f.ipv6),
  hwaddr: formatted(f.mac),
  ip: formatted(f.ipv4Config),
  ip6: formatted(f.ipv6Config),
  mtu: integer(64, 65535),
  rate: number(),
  tag: integer(1, 4094),
  trunks: text({ pattern: /\d+(?:;\d+)*/ }),
  type: choice("veth"),
});
export const volumeSlots = ["rootfs", ...Object.keys(numbered("mp", 256, text()))];

/** Options of a container's configuration. */
export const lxcOptions: MethodParameters = {
  ...each("console debug onboot protection template unprivileged", flag),
  arch: choice("amd64 i386 arm64 armhf riscv32 riscv64"),
  cmode: choice("shell console tty"),
  cores: integer(1, 8192),
  cpulimit: number(0, 8192),
  cpuunits: integer(0, 500000),
  description: text({ maxLength: 8192 }),
  entrypoint: text({ pattern: /[^\x00-\x08\x0a-\x1F\x7F]+/ }),
  env: text({ pattern: /[\s\S]*/ }),
  features: properties({
    ...each("force_rw_sys fuse keyctl mknod nesting", flag),
    mount: text({ pattern: /[a-zA-Z0-9_; ]+/ }),
  }),
  hookscript: formatted(f.volumeId),
  hostname: formatted(f.dnsName, { maxLength: 255 }),
  lock: choice("backup create destroyed disk fstrim migrate mounted rollback snapshot snapshot-delete"),
  memory: integer(16),
  nameserver: formatted(f.listOf(f.address)),
  ostype: choice("debian devuan ubuntu centos fedora opensuse archlinux alpine gentoo nixos unmanaged"),
  rootfs,
  searchdomain: formatted(f.listOf(f.dnsName)),
  startup: formatted(f.startupOrder),
  swap: integer(0),
  tags,
  timezone: text({ format: () => undefined }),
  tty: integer(0, 6),
  ...numbered(
    "dev",
    256,
    properties(
      { path: text(), "deny-write": flag, gid: integer(0), uid: integer(0), mode: text({ pattern: /0[0-7]{3}/ }) },
      "path",
    ),
  ),
  ...numbered("mp", 256, mountPoint),
  ...numbered("net", 32, lxcNet),
  ...numbered("unused", 256, properties({ volume: required(formatted(f.volumeId)) }, "volume")),
};

export const lxcConfigPutParameters: MethodParameters = {
  ...lxcOptions,
  delete: configIds,
  revert: configIds,
  digest: configDigest,
};
export const lxcCreateParameters: MethodParameters = {
  ...lxcOptions,
  vmid: required(vmid),
  ostemplate: required(text({ maxLength: 255 })),
  bwlimit: number(0),
  password: text({ minLength: 5 }),
  pool,
  storage,
  "ssh-public-keys": text(),
  ...each("force ha-managed ignore-unpack-errors restore start", flag),
  unique: { ...flag, requires: "restore" },
};
export const lxcCloneParameters: MethodParameters = {
  newid: required(vmid),
  hostname: formatted(f.dnsName),
  description: text(),
  full: flag,
  bwlimit: number(0),
  pool,
  snapname,
  storage,
  target: node,
};
export const lxcResizeParameters: MethodParameters = {
  disk: required(text({ values: volumeSlots })),
  size: required(text({ pattern: /\+?\d+(\.\d+)?[KMGT]?/ })),
  digest: configDigest,
};
const unusedSlots = Object.keys(numbered("unused", 256, text()));
export const lxcMoveVolumeParameters: MethodParameters = {
  volume: required(text({ values: [...volumeSlots, ...unusedSlots] })),
  storage,
  "target-vmid": vmid,
  "target-volume": text({ values: [...volumeSlots, ...unusedSlots] }),
  delete: flag,
  bwlimit: number(0),
  digest: configDigest,
  "target-digest": configDigest,
};
export const lxcDestroyParameters: MethodParameters = each("destroy-unreferenced-disks force purge", flag);
export const lxcStartParameters: MethodParameters = each("debug skiplock", flag);
export const lxcStopParameters: MethodParameters = each("overrule-shutdown skiplock", flag);
export const lxcShutdownParameters: MethodParameters = { forceStop: flag, timeout: integer(0) };
export const lxcRebootParameters: MethodParameters = { timeout: integer(0) };
export const lxcSnapshotParameters: MethodParameters = { snapname: required(snapname), description: text() };
export const lxcMigrateParameters: MethodParameters = {
  target: required(node),
  bwlimit: number(0),
  ...each("online restart", flag),
  "target-storage": text(),
  timeout: integer(),
};
