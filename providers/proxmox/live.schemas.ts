import { z } from "zod";
import { vmidNumber } from "./schemas";

// What Proxmox VE measures and remembers, as ops reads it, by its own names.
// Source: the API's schema of pve-manager 9.2 (/usr/share/pve-docs/api-viewer). Sizes are bytes, times seconds.

const count = z.number().default(0);

/** A guest of …/cluster/resources?type=vm with its numbers, which are up to ten seconds old. */
export const liveGuest = z
  .object({
    vmid: vmidNumber,
    type: z.enum(["qemu", "lxc"]),
    node: z.string(),
    name: z.string().default(""),
    status: z.string(),
    template: z.number().optional(),
    pool: z.string().optional(),
    tags: z.string().default(""),
    lock: z.string().optional(),
    hastate: z.string().optional(),
    /** The part of its CPUs that is busy: 0 to 1. */
    cpu: count,
    maxcpu: count,
    mem: count,
    maxmem: count,
    disk: count,
    maxdisk: count,
    diskread: count,
    diskwrite: count,
    netin: count,
    netout: count,
    uptime: count,
  })
  .transform(({ template, tags, hastate, ...guest }) => ({
    ...guest,
    template: template === 1,
    tags: tags.split(/[;, ]+/).filter((tag) => tag !== ""),
    hasHa: hastate !== undefined,
  }));
export type LiveGuest = z.infer<typeof liveGuest>;

/** A node of …/cluster/resources?type=node. */
const liveNode = z.object({
  node: z.string(),
  status: z.string(),
  cpu: count,
  maxcpu: count,
  mem: count,
  maxmem: count,
  disk: count,
  maxdisk: count,
});

/** A storage of …/cluster/resources?type=storage, as one node sees it. */
const liveStorage = z
  .object({
    node: z.string(),
    storage: z.string(),
    status: z.string().default("unknown"),
    shared: z.number().optional(),
    content: z.string().default(""),
    plugintype: z.string().default(""),
    disk: count,
    maxdisk: count,
  })
  .transform(({ shared, content, ...storage }) => ({
    ...storage,
    shared: shared === 1,
    content: content.split(",").filter((type) => type !== ""),
  }));

/** …/cluster/resources with its numbers. */
export const liveResources = z.array(z.looseObject({ type: z.string() })).transform((all) => {
  const of = <T>(types: string[], item: z.ZodType<T>): T[] =>
    z.array(item).parse(all.filter(({ type }) => types.includes(type)));
  return {
    guests: of(["qemu", "lxc"], liveGuest),
    nodes: of(["node"], liveNode),
    storages: of(["storage"], liveStorage),
  };
});

export type LiveResources = z.infer<typeof liveResources>;

/** …/{vmid}/snapshot; the last one of the list, `current`, is the guest as it is. */
export const snapshotList = z
  .array(
    z.object({
      name: z.string(),
      snaptime: z.number().optional(),
      description: z.string().default(""),
      parent: z.string().optional(),
      vmstate: z.number().optional(),
    }),
  )
  .transform((all) => ({
    kept: all
      .filter(({ name }) => name !== "current")
      .map(({ snaptime = 0, vmstate, description, ...snapshot }) => ({
        ...snapshot,
        description: description.trim(),
        takenAt: snaptime,
        withRam: vmstate === 1,
      })),
    /** The one that the guest goes on from. */
    parent: all.find(({ name }) => name === "current")?.parent,
  }));
export type SnapshotList = z.infer<typeof snapshotList>;

/** …/nodes/{node}/tasks; `status` is there once it has ended. */
export const endedTask = z.object({
  upid: z.string(),
  node: z.string(),
  type: z.string(),
  id: z.string().default(""),
  user: z.string(),
  starttime: z.number(),
  endtime: z.number().optional(),
  status: z.string().optional(),
});
export type EndedTask = z.infer<typeof endedTask>;

/** …/nodes/{node}/time. */
export const nodeTime = z.object({ time: z.number() });
