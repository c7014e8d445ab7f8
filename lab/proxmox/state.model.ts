import { z } from "zod";

// The state that a recording begins with, as its `initial-state.json` has it.

const value = z.union([z.string(), z.number()]);
const guest = z.object({
  vmid: z.number(),
  type: z.enum(["qemu", "lxc"]),
  node: z.string().optional(),
  config: z.record(z.string(), value),
  current: z.object({ status: z.string() }).optional(),
});
const volume = z.object({
  volid: z.string(),
  content: z.string(),
  format: z.string(),
  size: z.number(),
  vmid: z.number().optional(),
  parent: z.string().nullish(),
});
const task = z.object({
  upid: z.string(),
  node: z.string(),
  pid: z.number(),
  pstart: z.number(),
  starttime: z.number(),
  endtime: z.number(),
  type: z.string(),
  id: z.string(),
  user: z.string(),
  tokenid: z.string().optional(),
  status: z.string(),
});
const user = z
  .looseObject({
    userid: z.string(),
    enable: z.number(),
    expire: z.number(),
    groups: z.string().default(""),
    tokens: z.array(z.object({ tokenid: z.string(), privsep: z.number(), expire: z.number() })).nullish(),
  })
  .transform(({ userid, enable, expire, groups, tokens, "realm-type": _realm, ...details }) => ({
    ...{ userid, enable, expire, groups, tokens },
    details: z.record(z.string(), value).parse(details),
  }));

const head = {
  name: z.string(),
  ip: z.string(),
  dns: z.object({ dns1: z.string(), search: z.string() }),
};
/** What each node has for itself. */
const own = {
  network: z.array(z.object({ iface: z.string(), type: z.string() })),
  storage_status: z.array(z.object({ storage: z.string(), total: z.number() })).default([]),
  content: z.record(z.string(), z.array(volume)),
  tasks: z.array(task),
};
const recordedNode = z.object({ ...head, ...own });
export type RecordedNode = z.output<typeof recordedNode>;

const common = {
  version: z.object({ version: z.string(), release: z.string(), repoid: z.string() }),
  node: z.object(head),
  storage: z.array(
    z.object({
      storage: z.string(),
      type: z.string(),
      content: z.string(),
      path: z.string().optional(),
      shared: z.number().optional(),
    }),
  ),
  users: z.array(user),
  groups: z.array(z.object({ groupid: z.string(), comment: z.string().optional() })),
  domains: z.array(z.record(z.string(), value)),
  acl: z.array(
    z.object({
      path: z.string(),
      type: z.enum(["user", "group", "token"]),
      ugid: z.string(),
      roleid: z.string(),
      propagate: z.number(),
    }),
  ),
  roles: z.array(z.object({ roleid: z.string(), privs: z.string(), special: z.number() })),
  pools: z.array(z.object({ poolid: z.string(), comment: z.string().optional() })),
  guests: z.array(guest),
  lxc: z.array(guest),
};
const cluster = z.object({
  ...common,
  cluster: z.object({
    name: z.string(),
    config_nodes: z.array(z.object({ node: z.string(), nodeid: z.coerce.number() })),
  }),
  nodes: z.record(z.string(), recordedNode),
});
const alone = z.object({ ...common, ...own });

export type RecordedState = z.output<typeof cluster> | z.output<typeof alone>;

/** A state of several nodes has them in `nodes`. */
export const parseRecordedState = (state: unknown): z.ZodSafeParseResult<RecordedState> =>
  typeof state === "object" && state !== null && "nodes" in state ? cluster.safeParse(state) : alone.safeParse(state);
