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
  several,
  text,
} from "./parameters";

export const configDigest = text({ maxLength: 40 });
export const vmid = { ...integer(100, 999999999), format: f.guestId };
export const storage = formatted(f.storageId);
export const node = formatted(f.nodeLabel);
export const configIds = formatted(f.listOf(f.configId));
export const snapname = formatted(f.configId, { maxLength: 40 });
export const pool = formatted(f.poolId);
export const bwlimit = integer(0);
export const volumeFormat = choice("raw qcow2 vmdk");
export const tags = formatted(f.listOf(f.tag));

export const netModels =
  "e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa ne2k_pci pcnet rtl8139 virtio vmxnet3".split(
    " ",
  );
export const qemuNet = properties(
  {
    model: required(text({ values: netModels })),
    macaddr: formatted(f.mac),
    bridge: text(),
    ...each("firewall link_down host-tunnel", flag),
    mtu: integer(1, 65520),
    queues: integer(0, 64),
    rate: number(0),
    tag: integer(1, 4094),
    trunks: text({ pattern: /\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*/ }),
  },
  "model",
  { keyed: { values: netModels, to: "macaddr" } },
);

const throttle: MethodParameters = {
  ...each("bps bps_rd bps_wr iops iops_max iops_rd iops_rd_max iops_wr iops_wr_max", integer()),
  ...each(
    "bps_max_length bps_rd_max_length bps_wr_max_length iops_max_length iops_rd_max_length iops_wr_max_length",
    integer(1),
  ),
  ...each("mbps mbps_max mbps_rd mbps_rd_max mbps_wr mbps_wr_max", number()),
};
const throttleAliases = Object.fromEntries(
  ["bps_rd", "bps_wr", "iops_rd", "iops_wr"].map((name) => [`${name}_length`, `${name}_max_length`]),
);
const drive: MethodParameters = {
  file: required(formatted(f.volumeOrPath)),
  format: choice("raw qcow qed qcow2 vmdk cloop"),
  size: formatted(f.diskSize),
  "import-from": formatted(f.absolutePath),
  media: choice("cdrom disk"),
  cache: choice("none writethrough writeback unsafe directsync"),
  discard: choice("ignore on"),
  aio: choice("native threads io_uring"),
  rerror: choice("ignore report stop"),
  werror: choice("enospc ignore report stop"),
  serial: formatted(f.urlEncoded, { maxLength: 60 }),
  ...each("backup detect_zeroes replicate shared snapshot", flag),
  ...throttle,
};
const wwn = text({ pattern: /0x[0-9a-fA-F]{16}/ });
const asDrive = (more: MethodParameters) =>
  properties({ ...drive, ...more }, "file", { aliases: { ...throttleAliases, volume: "file" } });

export const driveFamilies = {
  ide: { count: 4, options: asDrive({ ssd: flag, wwn, model: formatted(f.urlEncoded, { maxLength: 120 }) }) },
  scsi: {
    count: 31,
    options: asDrive({
      ...each("ssd iothread ro scsiblock", flag),
      wwn,
      queues: integer(2),
      product: text({ pattern: /[A-Za-z0-9\-_\s]{0,16}/ }),
      vendor: text({ pattern: /[A-Za-z0-9\-_\s]{0,8}/ }),
    }),
  },
  virtio: { count: 16, options: asDrive(each("iothread ro", flag)) },
  sata: { count: 6, options: asDrive({ ssd: flag, wwn }) },
};
const efidisk = properties(
  {
    file: required(formatted(f.volumeOrPath)),
    efitype: choice("2m 4m"),
    format: choice("raw qcow qed qcow2 vmdk cloop"),
    "import-from": formatted(f.absolutePath),
    "ms-cert": choice("2011 2023 2023w 2023k"),
    "pre-enrolled-keys": flag,
    size: formatted(f.diskSize),
  },
  "file",
  { aliases: { volume: "file" } },
);
const tpmstate = properties(
  {
    file: required(formatted(f.volumeOrPath)),
    format: volumeFormat,
    "import-from": formatted(f.absolutePath),
    size: formatted(f.diskSize),
    version: choice("v1.2 v2.0"),
  },
  "file",
  { aliases: { volume: "file" } },
);
const drives: MethodParameters = {
  ...Object.entries(driveFamilies).reduce<MethodParameters>(
    (all, [family, { count, options }]) => Object.assign(all, numbered(family, count, options)),
    {},
  ),
  efidisk0: efidisk,
  tpmstate0: tpmstate,
};
/** Every slot that holds a drive, in PVE's order. */
export const driveSlots = Object.keys(drives);
export const unusedSlots = Object.keys(numbered("unused", 256, text()));

export const keyboards =
  "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr";
const machine = properties(
  {
    type: text({
      maxLength: 40,
      pattern:
        /(pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?)/,
    }),
    "aw-bits": number(32, 64),
    ...each("enable-s3 enable-s4", flag),
    viommu: choice("intel virtio"),
  },
  "type",
);
const ranges = text({ pattern: /\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*/ });

/** Options of a QEMU guest's configuration. */
export const qemuOptions: MethodParameters = {
  ...each(
    "acpi allow-ksm autostart ciupgrade freeze keephugepages kvm localtime numa onboot protection reboot tablet tdf template",
    flag,
  ),
  ...each("args cipassword ciuser searchdomain", text()),
  ...each("amd-sev intel-tdx rng0 watchdog", formatted(f.loose("type"))),
  affinity: text({ format: f.loose("cpus") }),
  agent: properties(
    {
      enabled: required(flag),
      ...each("freeze-fs fstrim_cloned_disks", flag),
      type: choice("virtio isa"),
    },
    "enabled",
    { aliases: { "freeze-fs-on-backup": "freeze-fs", "guest-fsfreeze": "freeze-fs" } },
  ),
  arch: choice("x86_64 aarch64"),
  audio0: properties({ device: required(choice("ich9-intel-hda intel-hda AC97")), driver: choice("spice none") }),
  balloon: integer(0),
  bios: choice("seabios ovmf"),
  boot: formatted(f.boot),
  bootdisk: text({ pattern: /(ide|sata|scsi|virtio)\d+/ }),
  cdrom: formatted(f.loose("file")),
  cicustom: properties(each("meta network user vendor", text())),
  citype: choice("configdrive2 nocloud opennebula"),
  cores: integer(1),
  cpu: formatted(f.cpu),
  cpulimit: number(0, 128),
  cpuunits: integer(1, 262144),
  description: text({ maxLength: 8192 }),
  hookscript: formatted(f.volumeId),
  hotplug: formatted(f.hotplug),
  hugepages: choice("any 2 1024"),
  ivshmem: properties({ name: text({ pattern: /[a-zA-Z0-9-]+/ }), size: required(integer(1)) }),
  keyboard: choice(keyboards),
  lock: choice("backup clone create migrate rollback snapshot snapshot-delete suspending suspended"),
  machine,
  memory: properties({ current: required(integer(16)) }, "current"),
  migrate_downtime: number(0),
  migrate_speed: integer(0),
  name: formatted(f.dnsName),
  nameserver: formatted(f.listOf(f.address)),
  ostype: choice("other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris"),
  scsihw: choice("lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi"),
  shares: integer(0, 50000),
  smbios1: formatted(f.loose("uuid"), { maxLength: 512 }),
  smp: integer(1),
  sockets: integer(1),
  spice_enhancements: properties({ foldersharing: flag, videostreaming: choice("off all filter") }),
  sshkeys: formatted(f.urlEncoded),
  startdate: text({ pattern: /(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)/ }),
  startup: formatted(f.startupOrder),
  tags,
  vcpus: integer(1),
  vga: properties(
    {
      type: choice("cirrus qxl qxl2 qxl3 qxl4 none serial0 serial1 serial2 serial3 std virtio virtio-gl vmware"),
      clipboard: choice("vnc"),
      memory: integer(4, 512),
    },
    "type",
  ),
  vmgenid: text({ pattern: /(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])/ }),
  vmstatestorage: storage,
  ...drives,
  ...numbered("net", 32, qemuNet),
  ...numbered(
    "ipconfig",
    32,
    properties({
      ip: formatted(f.ipv4Config),
      gw: formatted(f.ipv4, { requires: "ip" }),
      ip6: formatted(f.ipv6Config),
      gw6: formatted(f.ipv6, { requires: "ip6" }),
    }),
  ),
  ...numbered("hostpci", 16, formatted(f.loose("host"))),
  ...numbered(
    "numa",
    8,
    properties({
      cpus: required(ranges),
      hostnodes: ranges,
      memory: number(),
      policy: choice("preferred bind interleave"),
    }),
  ),
  ...numbered("parallel", 3, text({ pattern: /\/dev\/parport\d+|\/dev\/usb\/lp\d+/ })),
  ...numbered("serial", 4, text({ pattern: /(\/dev\/[^,]+|socket)/ })),
  ...numbered(
    "unused",
    256,
    properties({ file: required(formatted(f.volumeId)) }, "file", { aliases: { volume: "file" } }),
  ),
  ...numbered(
    "usb",
    14,
    properties(
      {
        host: text({ pattern: /(0x)?[0-9A-Fa-f]{4}:(0x)?[0-9A-Fa-f]{4}|\d+-\d+(\.\d+)*|spice/i }),
        mapping: formatted(f.configId),
        usb3: flag,
      },
      "host",
    ),
  ),
  ...numbered(
    "virtiofs",
    10,
    properties(
      {
        dirid: required(formatted(f.configId)),
        cache: choice("auto always metadata never"),
        ...each("direct-io expose-acl expose-xattr", flag),
      },
      "dirid",
    ),
  ),
};

const update: MethodParameters = {
  ...qemuOptions,
  delete: configIds,
  revert: configIds,
  digest: configDigest,
  skiplock: flag,
  force: { ...flag, requires: "delete" },
};
export const qemuConfigPutParameters = update;
export const qemuConfigPostParameters: MethodParameters = {
  ...update,
  background_delay: integer(1, 30),
  "import-working-storage": storage,
};
export const qemuCreateParameters: MethodParameters = {
  ...qemuOptions,
  vmid: required(vmid),
  archive: text({ maxLength: 255 }),
  bwlimit,
  pool,
  storage,
  "import-working-storage": storage,
  ...each("ha-managed live-restore start", flag),
  ...each("force unique", { ...flag, requires: "archive" }),
};
export const qemuCloneParameters: MethodParameters = {
  newid: required(vmid),
  name: formatted(f.dnsName),
  description: text(),
  format: volumeFormat,
  full: flag,
  bwlimit,
  pool,
  snapname,
  storage,
  target: node,
};
export const qemuResizeParameters: MethodParameters = {
  disk: required(text({ values: driveSlots })),
  size: required(text({ pattern: /\+?\d+(\.\d+)?[KMGT]?/ })),
  digest: configDigest,
  skiplock: flag,
};
export const qemuMoveDiskParameters: MethodParameters = {
  disk: required(text({ values: [...driveSlots, ...unusedSlots] })),
  storage,
  format: volumeFormat,
  delete: flag,
  bwlimit,
  digest: configDigest,
  "target-vmid": vmid,
  "target-disk": text({ values: [...driveSlots, ...unusedSlots] }),
  "target-digest": configDigest,
};
export const qemuDestroyParameters: MethodParameters = each("purge skiplock destroy-unreferenced-disks", flag);
export const qemuStartParameters: MethodParameters = {
  timeout: integer(0),
  skiplock: flag,
  machine,
  "force-cpu": text(),
  migratedfrom: node,
  migration_network: text(),
  migration_type: choice("secure insecure"),
  "nets-host-mtu": text({ pattern: /net\d+=\d+(,net\d+=\d+)*/ }),
  stateuri: text({ maxLength: 128 }),
  targetstorage: text(),
  "with-conntrack-state": flag,
};
export const qemuStopParameters: MethodParameters = {
  timeout: integer(0),
  migratedfrom: node,
  ...each("keepActive overrule-shutdown skiplock", flag),
};
export const qemuShutdownParameters: MethodParameters = {
  timeout: integer(0),
  ...each("forceStop keepActive skiplock", flag),
};
export const qemuRebootParameters: MethodParameters = { timeout: integer(0) };
export const qemuSkiplockParameters: MethodParameters = { skiplock: flag };
export const qemuSuspendParameters: MethodParameters = {
  skiplock: flag,
  todisk: flag,
  statestorage: { ...storage, requires: "todisk" },
};
export const qemuResumeParameters: MethodParameters = each("nocheck skiplock", flag);
export const qemuTemplateParameters: MethodParameters = { disk: text({ values: driveSlots }) };
export const qemuUnlinkParameters: MethodParameters = { idlist: required(configIds), force: flag };
export const qemuFeatureParameters: MethodParameters = { feature: required(choice("snapshot clone copy")), snapname };
export const qemuSnapshotParameters: MethodParameters = {
  snapname: required(snapname),
  description: text(),
  vmstate: flag,
};
/** Of either kind of guest. */
export const migratePreconditionParameters: MethodParameters = { target: node };
export const qemuMigrateParameters: MethodParameters = {
  target: required(node),
  bwlimit,
  ...each("force online with-conntrack-state with-local-disks", flag),
  migration_network: text(),
  migration_type: choice("secure insecure"),
  targetstorage: text(),
};
export const qemuAgentParameters: MethodParameters = {
  command: required(
    choice(
      "fsfreeze-freeze fsfreeze-status fsfreeze-thaw fstrim get-fsinfo get-host-name get-memory-block-info get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus info network-get-interfaces ping shutdown suspend-disk suspend-hybrid suspend-ram",
    ),
  ),
};
export const qemuFileReadParameters: MethodParameters = {
  file: required(text()),
  count: integer(1, 16777216),
  decode: flag,
  offset: integer(0),
};
export const qemuFileWriteParameters: MethodParameters = {
  file: required(text()),
  content: required(text({ maxLength: 61440 })),
  encode: flag,
};
export const qemuUserPasswordParameters: MethodParameters = {
  username: required(text()),
  password: required(text({ minLength: 5, maxLength: 1024 })),
  crypted: flag,
};
export const qemuExecParameters: MethodParameters = {
  command: several(text(), { required: true }),
  "input-data": text({ maxLength: 65536 }),
};
export const qemuExecStatusParameters: MethodParameters = { pid: required(integer()) };
export const qemuCloudinitDumpParameters: MethodParameters = { type: required(choice("user network meta")) };
export const qemuGetConfigParameters: MethodParameters = { current: flag, snapshot: snapname };
export const qemuListParameters: MethodParameters = { full: flag };
