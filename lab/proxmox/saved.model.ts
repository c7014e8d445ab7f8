import { z } from "zod";
import { savedFirewall } from "./firewall/saved";
import { savedSdn } from "./sdn/saved";

// A cluster as a saved lab has it. Values that the lab leaves undefined are left out.

const value = z.union([z.string(), z.number()]);
const values = z.record(z.string(), value);
const flag = z.union([z.literal(0), z.literal(1)]);
const node = z.object({
  node: z.string(),
  bridges: z.array(z.string()),
  network: z.array(z.looseObject({ iface: z.string() })).optional(),
  mtus: z.record(z.string(), z.number()).optional(),
  address: z.string().optional(),
  /** Without values: a bridge that is to go. */
  pendingBridges: z.array(z.object({ iface: z.string(), values: values.optional() })).optional(),
});

const common = {
  vmid: z.int(),
  node: z.string(),
  config: values,
  /** An option's next value, or null where it will be deleted. */
  pending: z.record(z.string(), value.nullable()),
  snapshots: z.array(
    z.object({
      name: z.string(),
      config: values,
      snaptime: z.number(),
      description: z.string(),
      parent: z.string().optional(),
      vmstate: flag,
    }),
  ),
  parent: z.string().optional(),
  running: z.boolean(),
  paused: z.boolean(),
  startedAt: z.number(),
  createdAt: z.number(),
  pid: z.int(),
};
const guest = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("qemu"),
    ...common,
    seeded: values,
    executed: z.array(z.object({ pid: z.int(), outcome: values })),
    /** Contents by file, a character a byte. */
    files: z.record(z.string(), z.string()).default({}),
  }),
  z.object({
    type: z.literal("lxc"),
    ...common,
    access: z.object({ password: z.string().optional(), keys: z.string().optional() }),
    systemd: z.int().optional(),
  }),
]);
export type SavedGuest = z.infer<typeof guest>;

const storage = z.object({
  storage: z.string(),
  type: z.string(),
  content: z.string(),
  shared: z.boolean().optional(),
  path: z.string().optional(),
  nodes: z.array(z.string()).optional(),
  total: z.number().optional(),
  disable: z.boolean().optional(),
  more: values.optional(),
});
const volume = z.object({
  volid: z.string(),
  storage: z.string(),
  node: z.string().optional(),
  vmid: z.int().optional(),
  size: z.number(),
  virtual: z.number().optional(),
  filled: z.number(),
  format: z.string(),
  content: z.string(),
  parent: z.string().optional(),
  ctime: z.number(),
  notes: z.string().optional(),
  protected: z.boolean().optional(),
  saved: z
    .object({
      type: z.enum(["qemu", "lxc"]),
      config: values,
      volumes: z.record(
        z.string(),
        z.object({ size: z.number(), filled: z.number(), format: z.string(), storage: z.string() }),
      ),
    })
    .optional(),
});

const task = z.object({
  upid: z.string(),
  node: z.string(),
  pid: z.int(),
  pstart: z.int(),
  starttime: z.int(),
  type: z.string(),
  id: z.string(),
  user: z.string(),
  tokenid: z.string().optional(),
  log: z.array(z.string()),
  endtime: z.int().optional(),
  exitstatus: z.string().optional(),
  lost: z.boolean().optional(),
});

const access = z.object({
  users: z.array(
    z.object({
      userid: z.string(),
      password: z.string().optional(),
      enable: flag,
      expire: z.number(),
      groups: z.array(z.string()),
      tokens: z.array(
        z.object({
          name: z.string(),
          secret: z.string(),
          privsep: flag,
          expire: z.number(),
          comment: z.string().optional(),
        }),
      ),
      details: values,
    }),
  ),
  groups: z.array(z.object({ groupid: z.string(), comment: z.string().optional() })),
  roles: z.array(z.object({ roleid: z.string(), privs: z.array(z.string()), special: z.boolean() })),
  acl: z.array(
    z.object({
      path: z.string(),
      type: z.enum(["user", "group", "token"]),
      ugid: z.string(),
      roleid: z.string(),
      propagate: flag,
    }),
  ),
  realms: z.array(values),
  tickets: z.array(z.object({ ticket: z.string(), user: z.string(), csrf: z.string(), made: z.number() })),
});

export const savedCluster = z.object({
  name: z.string(),
  version: z.object({ version: z.string(), release: z.string(), repoid: z.string() }),
  /** Milliseconds by kind of call. */
  times: z.record(z.string(), z.number()),
  dns: z.object({ search: z.string(), dns1: z.string() }),
  options: z
    .record(z.string(), z.unknown())
    // Labs saved earlier have the tags that a caller may set among them: that follows from the rest.
    .transform(({ "allowed-tags": _shown, ...written }) => written)
    .pipe(values),
  cpuModels: z.array(z.string()).default([]),
  lastPid: z.int(),
  /** The node that is asked, where it is not the first one. */
  asked: z.string().optional(),
  nodes: z.array(node),
  guests: z.array(guest),
  pools: z.array(
    z.object({
      poolid: z.string(),
      comment: z.string().optional(),
      vms: z.array(z.int()),
      storages: z.array(z.string()),
    }),
  ),
  ha: z.object({ managed: z.boolean(), resources: z.array(values), rules: z.array(values) }),
  firewall: savedFirewall,
  sdn: savedSdn,
  backupJobs: z.record(z.string(), values).default({}),
  mappings: z
    .array(
      z.object({
        kind: z.enum(["dir", "pci", "usb"]),
        mapping: z.object({ id: z.string(), map: z.array(z.string()), more: values }),
      }),
    )
    .default([]),
  storages: z.object({
    configs: z.array(storage),
    volumes: z.array(z.object({ key: z.string(), volume })),
  }),
  tasks: z.object({ lastPid: z.int(), all: z.array(task) }),
  access,
});
export type SavedCluster = z.infer<typeof savedCluster>;
