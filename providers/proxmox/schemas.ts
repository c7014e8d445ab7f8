import { z } from "zod";
import { parsePropertyString, printPropertyString } from "./propertystring";

// Proxmox VE's API as far as it is used, by its own names.
// Source: the API's schema of pve-manager 9.2 (/usr/share/pve-docs/api-viewer).

export const data = <T>(inner: z.ZodType<T>) => z.object({ data: inner }).transform((body) => body.data as T);

/** A VMID: PVE 7 and early releases of 8 give it as text in some answers. */
export const vmidNumber = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);

/** A kind of guest, as it stands in PVE's paths. */
export type GuestType = "qemu" | "lxc";

export const version = z.object({ version: z.string() });

/** A login: good for two hours. */
export const ticket = z
  .object({ ticket: z.string(), CSRFPreventionToken: z.string() })
  .transform(({ ticket: text, CSRFPreventionToken: csrf }) => ({ ticket: text, csrf }));
export type Ticket = z.infer<typeof ticket>;

export const clusterStatus = z.array(z.object({ type: z.string(), name: z.string(), local: z.number().optional() }));

/** A guest of …/cluster/resources?type=vm. Its status is up to ten seconds old. */
export const guestResource = z
  .object({
    vmid: vmidNumber,
    type: z.enum(["qemu", "lxc"]),
    node: z.string(),
    name: z.string().optional(),
    status: z.string(),
    template: z.number().optional(),
    pool: z.string().optional(),
    tags: z.string().optional(),
    maxmem: z.number().optional(),
    maxcpu: z.number().optional(),
    hastate: z.string().optional(),
  })
  .transform(({ maxmem, maxcpu, hastate, tags, ...guest }) => ({
    ...guest,
    ...(maxcpu === undefined ? {} : { cpus: maxcpu }),
    name: guest.name ?? "",
    template: guest.template === 1,
    tags: (tags ?? "").split(/[;, ]+/).filter((tag) => tag !== ""),
    /** Bytes. */
    memory: maxmem ?? 0,
    hasHa: hastate !== undefined,
  }));

/** A guest of …/nodes/{node}/qemu or …/lxc. Its status is of this moment. */
export const guestStatus = z.object({ vmid: vmidNumber, status: z.string() });

/** …/{vmid}/status/current: `qmpstatus` tells a paused virtual machine from a running one. */
export const currentStatus = z
  .object({
    status: z.string(),
    qmpstatus: z.string().optional(),
    ha: z.object({ managed: z.number().optional() }).optional(),
    uptime: z.number().optional(),
  })
  .transform(({ status, qmpstatus, ha, uptime }) => ({
    power:
      status !== "running" ? ("stopped" as const) : qmpstatus === "paused" ? ("paused" as const) : ("running" as const),
    hasHa: ha?.managed === 1,
    /** Seconds since its start; nothing of one that is stopped. */
    uptime,
  }));
export type CurrentStatus = z.infer<typeof currentStatus>;

/** Proxmox Server Solutions' own, which PVE takes since 8.1 where the cluster's options have none. */
export const usualMacPrefix = "BC:24:11";

export const macPrefixOption = z.object({ mac_prefix: z.string().default(usualMacPrefix) });

/** Who may set which tags. Before 7.3 there were no such rules, and no `allowed-tags`. */
export const tagOptions = z.object({
  "registered-tags": z.array(z.string()).default([]),
  "user-tag-access": z.object({ "user-allow": z.string().default("free") }).default({ "user-allow": "free" }),
  "allowed-tags": z.array(z.string()).optional(),
});

const value = z.union([z.string(), z.number()]);

/** A guest's configuration: values are texts or numbers. */
export const config = z.record(z.string(), value);

/**
 * …/{vmid}/pending: each option with its value, and the next one or its removal where that waits for a start. It says what
 * …/config says too, in one request: `config` is what the guest will be, `current` what it is.
 */
export const pendingConfig = z
  .array(
    z.object({ key: z.string(), value: value.optional(), pending: value.optional(), delete: z.number().optional() }),
  )
  .transform((options) => {
    const next = options.flatMap(({ key, value: now, pending: later, delete: gone }): [string, string | number][] => {
      // A next value can wait beside a removal, and then comes after it.
      const shown = later === undefined ? (gone ? undefined : now) : grown(now, later);
      return shown === undefined ? [] : [[key, shown]];
    });
    const current = options.flatMap(({ key, value: now }) => (now === undefined ? [] : [[key, now] as const]));
    const waiting = options.filter(({ pending: later, delete: gone }) => later !== undefined || gone);
    return {
      config: config.parse(Object.fromEntries(next)),
      current: config.parse(Object.fromEntries(current)),
      pending: waiting.map(({ key }) => key).sort(),
    };
  });

/** A volume's next text has the size of when it was written, though the volume may have grown since. */
function grown(now: string | number | undefined, later: string | number): string | number {
  const [before, after] = [parsePropertyString(String(now ?? "")), parsePropertyString(String(later))];
  const size = before.options.get("size");
  if (size === undefined || before.head !== after.head || !after.options.has("size")) return later;
  return printPropertyString({ ...after, options: new Map([...after.options, ["size", size]]) });
}

/** A node of …/cluster/resources?type=node; memory in bytes. */
export const nodeResource = z
  .object({
    node: z.string(),
    status: z.string(),
    maxmem: z.number().optional(),
    maxcpu: z.number().optional(),
    hastate: z.string().optional(),
  })
  .transform(({ status, maxmem, maxcpu, hastate, ...rest }) => ({
    ...rest,
    ...(maxcpu === undefined ? {} : { cpus: maxcpu }),
    online: status === "online",
    memory: maxmem ?? 0,
    // No other list of nodes says that HA moves guests away from it.
    ...(hastate === "maintenance" ? { maintenance: true } : {}),
  }));

/** A storage of …/cluster/resources?type=storage, on one node. */
export const storageResource = z
  .object({
    node: z.string(),
    storage: z.string(),
    status: z.string().optional(),
    shared: z.number().optional(),
    content: z.string().optional(),
    plugintype: z.string().optional(),
    maxdisk: z.number().optional(),
    disk: z.number().optional(),
  })
  .transform(({ shared, status, content, plugintype = "", maxdisk, disk: used = 0, ...rest }) => ({
    ...rest,
    /** Bytes; nothing of one that is away. */
    ...(maxdisk === undefined || maxdisk === 0 ? {} : { size: { total: maxdisk, used } }),
    /** `dir`, `lvmthin`, `rbd` and so on, where PVE says it. */
    ...(plugintype === "" ? {} : { type: plugintype }),
    /** Disks are files there. */
    isFiles: ["btrfs", "cifs", "dir", "glusterfs", "nfs"].includes(plugintype),
    shared: shared === 1,
    available: status === "available",
    content: (content ?? "").split(","),
  }));

const flag = z.union([z.number(), z.string(), z.boolean()]).transform((value) => Number(value) === 1);
const ids = z
  .string()
  .default("")
  .transform((list) =>
    list
      .split(/[,;\s]+/)
      .filter((id) => id !== "")
      .map(Number),
  );

/** A job of …/cluster/backup. */
export const backupJob = z
  .object({
    id: z.string(),
    enabled: flag.default(true),
    all: flag.default(false),
    vmid: ids,
    exclude: ids,
    pool: z.string().optional(),
    node: z.string().optional(),
  })
  .transform(({ vmid, ...job }) => ({ ...job, vmids: vmid }));
export type BackupJob = z.infer<typeof backupJob>;

/** A pool of …/cluster/resources: those that the caller may audit. */
const poolResource = z.object({ pool: z.string() });

/** …/cluster/resources without a type: everything at once, told apart here. */
export const clusterResources = z.array(z.looseObject({ type: z.string() })).transform((all) => {
  const of = <T>(types: string[], item: z.ZodType<T>): T[] =>
    z.array(item).parse(all.filter(({ type }) => types.includes(type)));
  return {
    guests: of(["qemu", "lxc"], guestResource),
    nodes: of(["node"], nodeResource),
    storages: of(["storage"], storageResource),
    pools: of(["pool"], poolResource).map(({ pool }) => pool),
  };
});

/** A bridge or vnet of …/nodes/{node}/network?type=any_bridge. */
export const bridge = z
  .object({
    iface: z.string(),
    type: z.string().optional(),
    mtu: z.union([z.string(), z.number()]).optional(),
    bridge_ports: z.string().optional(),
    bridge_vlan_aware: z.union([z.number(), z.boolean(), z.string()]).optional(),
  })
  .transform(({ iface, type, mtu, bridge_ports = "", bridge_vlan_aware: aware }) => ({
    iface,
    mtu: mtu === undefined ? undefined : Number(mtu),
    /** A Linux bridge that is not VLAN aware: it tags its guests' VLANs on its ports, if it has some. */
    vlanUnaware:
      type === "bridge" && !Number(aware ?? 0)
        ? { hasPorts: bridge_ports.split(/\s+/).some((port) => port !== "" && port !== "none") }
        : undefined,
  }));

/** An interface of …/nodes/{node}/network. */
export const nodeInterface = z
  .object({
    iface: z.string(),
    type: z.string(),
    active: z.union([z.number(), z.boolean()]).optional(),
    mtu: z.union([z.string(), z.number()]).optional(),
    cidr: z.string().optional(),
    cidr6: z.string().optional(),
    bridge_ports: z.string().optional(),
    slaves: z.string().optional(),
    "vlan-raw-device": z.string().optional(),
    "vlan-id": z.union([z.string(), z.number()]).optional(),
  })
  .transform(({ iface, type, active, mtu, cidr, cidr6, bridge_ports, slaves, ...vlan }) => ({
    iface,
    type,
    active: Boolean(active),
    mtu: mtu === undefined ? undefined : Number(mtu),
    addresses: [cidr, cidr6].flatMap((each) => (each === undefined || each === "" ? [] : [each])),
    ports: (bridge_ports ?? "").split(/\s+/).filter((port) => port !== "" && port !== "none"),
    slaves: (slaves ?? "").split(/\s+/).filter((slave) => slave !== ""),
    rawDevice: vlan["vlan-raw-device"],
    vid: vlan["vlan-id"] === undefined ? undefined : Number(vlan["vlan-id"]),
  }));

/** …/cluster/status: the cluster itself, where there are several nodes, and the nodes. */
export const membership = z
  .array(
    z.object({
      type: z.string(),
      name: z.string(),
      quorate: z.number().optional(),
      online: z.number().optional(),
      ip: z.string().optional(),
    }),
  )
  .transform((entries) => ({
    /** Nothing of a node by itself. */
    name: entries.find(({ type }) => type === "cluster")?.name,
    // A node alone has nobody to agree with.
    isQuorate: entries.find(({ type }) => type === "cluster")?.quorate !== 0,
    nodes: entries
      .filter(({ type }) => type === "node")
      .map(({ name, online, ip }) => ({ node: name, online: online === 1, address: ip })),
  }));

/** …/{vmid}/snapshot, where the present state is one of them. */
export const snapshots = z
  .array(z.object({ name: z.string() }))
  .transform((all) => all.filter(({ name }) => name !== "current").length);

/** Their names, without the present state. */
export const snapshotNames = z
  .array(z.object({ name: z.string() }))
  .transform((all) => all.map(({ name }) => name).filter((name) => name !== "current"));

/** Agents give the length as a number, PVE of a container as text. */
const agentAddress = z.object({ "ip-address": z.string(), prefix: z.coerce.number().optional() });
/** …/agent/network-get-interfaces. */
export const agentInterfaces = z.object({
  result: z.array(
    z.object({
      name: z.string(),
      "hardware-address": z.string().optional(),
      "ip-addresses": z.array(agentAddress).default([]),
    }),
  ),
});
/** …/agent/get-osinfo. */
export const agentSystem = z.object({
  result: z.object({
    name: z.string().optional(),
    "pretty-name": z.string().optional(),
    version: z.string().optional(),
    "version-id": z.string().optional(),
  }),
});
/** …/lxc/{vmid}/interfaces: null where it doesn't run. */
export const containerInterfaces = z
  .array(
    z.object({
      name: z.string(),
      hwaddr: z.string().optional(),
      inet: z.string().optional(),
      inet6: z.string().optional(),
      "ip-addresses": z.array(agentAddress).optional(),
    }),
  )
  .nullable();

/** An HA resource, and a rule of PVE 9 with the resources that it holds. */
export const haResource = z.object({
  sid: z.string(),
  state: z.string().optional(),
  group: z.string().optional(),
});
export const haGroup = z.object({ group: z.string() });
export const haRule = z
  .object({ rule: z.string(), type: z.string(), resources: z.string().default("") })
  .transform(({ resources, ...rule }) => ({
    ...rule,
    resources: resources.split(",").filter((sid) => sid !== ""),
  }));

export const storageVolume = z.object({ volid: z.string() });

/** A disk of …/storage/{storage}/content: one that shares another's data names that in `parent`, or in its own name. */
export const diskVolume = z
  .object({ volid: z.string(), vmid: vmidNumber.optional(), parent: z.string().nullish() })
  .transform(({ volid, vmid, parent }) => {
    const base = /(?:^|[/:])base-(\d+)-/.exec(parent ?? "")?.[1] ?? /[/:]base-(\d+)-[^/]*\/.*vm-\d+-/.exec(volid)?.[1];
    return { vmid, base: base === undefined ? undefined : Number(base) };
  });

/** An OS template of …/aplinfo. */
export const appliance = z.object({ template: z.string(), version: z.coerce.string().default("") });

export const taskStatus = z.object({ status: z.string(), exitstatus: z.string().optional() });
export const taskLog = z.array(z.object({ t: z.string() }));
/** Privileges by path, each with whether it is inherited further down. */
export const permissions = z.record(z.string(), z.record(z.string(), z.unknown()));
export const taskRow = z.object({
  upid: z.string(),
  type: z.string(),
  /** Of a running task with its token's name; of an ended one that stands by itself. */
  user: z.string(),
  tokenid: z.string().optional(),
  id: z.string().optional(),
  starttime: z.number().optional(),
});

export type GuestResource = z.infer<typeof guestResource>;
export type GuestConfig = z.infer<typeof config>;
export type ReadGuest = z.infer<typeof pendingConfig>;
export type NodeResource = z.infer<typeof nodeResource>;
export type StorageResource = z.infer<typeof storageResource>;
export type DiskVolume = z.infer<typeof diskVolume>;
export type Appliance = z.infer<typeof appliance>;
export type TaskStatus = z.infer<typeof taskStatus>;
export type TaskRow = z.infer<typeof taskRow>;
export type ClusterResources = z.infer<typeof clusterResources>;
export type Bridge = z.infer<typeof bridge>;
export type NodeInterface = z.infer<typeof nodeInterface>;
export type Membership = z.infer<typeof membership>;
