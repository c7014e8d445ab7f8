import { z } from "zod";
import type { Lab } from ".";
import { isRelease, releases } from "./netbox/releases";
import { defaultPageSize } from "./netbox/server";
import { copyArchive, nameArchive } from "./proxmox/archives";
import type { Cluster } from "./proxmox/cluster";
import { putFile } from "./proxmox/files";
import { setMaintenance } from "./proxmox/ha/status";
import { asOf } from "./proxmox/privileges";

/** `9.2.11`, `7.4-17`. */
export const pveVersion = /^\d+\.\d+[.-]\d+$/;

const cluster = z.string().optional();
const vmid = z.number().int();

const archive = { node: z.string(), dir: z.string(), name: z.string() };

const milliseconds = z.number().nonnegative().optional();
const latency = z.object({
  setup: z.literal("latency"),
  netbox: milliseconds,
  proxmox: milliseconds,
  nsupdate: milliseconds,
  clone: milliseconds,
  start: milliseconds,
  shutdown: milliseconds,
  boot: milliseconds,
  agent: milliseconds,
  denied: milliseconds,
  statistics: milliseconds,
});

/** What can be done to a lab from outside its APIs: by flag, by HTTP, from a test. `cluster` is the only one where it is left out. */
const switchSchema = z.discriminatedUnion("setup", [
  // ---- states that the APIs can't make
  z.object({ setup: z.literal("lock-vm"), cluster, vmid, lock: z.string() }),
  z.object({ setup: z.literal("unlock-vm"), cluster, vmid }),
  z.object({
    setup: z.literal("fill-volume"),
    cluster,
    volid: z.string(),
    path: z.string().optional(),
    mib: z.number(),
  }),
  /** A file on a node's disk, as text or base64, in a folder that one of its storages has. */
  z.object({
    setup: z.literal("put-file"),
    cluster,
    node: z.string(),
    path: z.string(),
    text: z.string().optional(),
    base64: z.base64().optional(),
  }),
  /** An HTTP server on the node's 127.0.0.1 that has these files and answers 404 for others. */
  z.object({
    setup: z.literal("http-serve"),
    cluster,
    node: z.string(),
    port: z.number().int(),
    files: z.record(z.string(), z.union([z.string(), z.object({ base64: z.base64() })])),
  }),
  /** The guest's newest archive in the folder gets this name and size. */
  z.object({ setup: z.literal("name-backup"), cluster, ...archive, vmid, size: z.number().int() }),
  /** The archive `from` is there once more, as `name`. */
  z.object({ setup: z.literal("copy-backup"), cluster, ...archive, from: z.string() }),
  // ---- time
  latency,
  z.object({ setup: z.literal("clock-skew"), cluster, seconds: z.number() }),
  // ---- failures
  z.object({
    setup: z.literal("call"),
    system: z.enum(["proxmox", "netbox", "bind9", "node"]),
    /** Regular expression on `METHOD path`. */
    call: z.string(),
    how: z.enum(["drop before", "drop after", "status"]),
    status: z.number().int().optional(),
    times: z.number().int().positive().optional(),
  }),
  z.object({
    setup: z.literal("task"),
    cluster,
    /** As in its UPID: `qmclone`, `qmstart`, … */
    type: z.string(),
    id: z.string().optional(),
    /** Exit status; without it the task never ends. */
    fails: z.string().optional(),
    /** Is its work done all the same? */
    isDone: z.boolean().optional(),
    times: z.number().int().positive().default(1),
  }),
  /** This share of tasks is answered `got no worker upid - start worker failed`; which ones, the seed decides. */
  z.object({
    setup: z.literal("lost-workers"),
    cluster,
    share: z.number().min(0).max(1),
    seed: z.number().int().default(1),
    /** Only of these tasks, and not more often. */
    type: z.string().optional(),
    times: z.number().int().positive().optional(),
  }),
  z.object({ setup: z.literal("node"), cluster, node: z.string(), offline: z.boolean() }),
  /** `ha-manager crm-command node-maintenance`. */
  z.object({ setup: z.literal("node-maintenance"), cluster, node: z.string(), enable: z.boolean() }),
  z.object({ setup: z.literal("storage"), cluster, storage: z.string(), full: z.boolean() }),
  /** Nothing can be mounted into a container of the node that runs. */
  z.object({ setup: z.literal("mounts"), cluster, node: z.string(), refused: z.boolean() }),
  /** One that is there answers after so many milliseconds. */
  z.object({ setup: z.literal("agent"), cluster, vmid, missing: z.boolean(), answersAfter: milliseconds }),
  z.object({ setup: z.literal("acpi"), cluster, vmid, ignored: z.boolean() }),
  z.object({ setup: z.literal("netbox-pages"), changing: z.boolean() }),
  /** NetBox's MAX_PAGE_SIZE: objects that a page has at most, as many as it likes for 0; 1,000 by default. */
  z.object({ setup: z.literal("netbox-page-size"), size: z.number().int().nonnegative() }),
  /** NetBox's plugin for branches; its jobs stand still where no worker runs. */
  z.object({ setup: z.literal("netbox-branching"), installed: z.boolean(), worker: z.boolean().default(true) }),
  /** Another release of NetBox, as after an upgrade: what it holds stays. */
  z.object({
    setup: z.literal("netbox-release"),
    release: z.string().refine(isRelease, "no release that the lab knows"),
  }),
  z.object({ setup: z.literal("zone"), zone: z.string(), frozen: z.boolean() }),
  /** Another release of PVE, as far as lab/proxmox/releases.ts, privileges and tokens go. */
  z.object({ setup: z.literal("release"), cluster, version: z.string().regex(pveVersion) }),
  z.object({ setup: z.literal("clear") }),
]);

export type Switch = z.input<typeof switchSchema>;

/** @throws with what is wrong with it */
export function parseSwitch(value: unknown): z.output<typeof switchSchema> {
  const parsed = switchSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`not a switch of the lab: ${JSON.stringify(value)}\n${z.prettifyError(parsed.error)}`);
}

/** Sets one switch. @throws where it names what isn't there */
export function setSwitch(lab: Lab, value: unknown): void {
  const wanted = parseSwitch(value);
  const on = (name?: string) => {
    const found = name === undefined ? [...lab.proxmox.values()][0] : lab.proxmox.get(name);
    if (found === undefined) throw new Error(`the lab has no cluster ${name ?? ""}`);
    return found.cluster;
  };
  const toggle = <T>(set: Set<T>, item: T, add: boolean) => (add ? set.add(item) : set.delete(item));
  switch (wanted.setup) {
    case "lock-vm":
    case "unlock-vm": {
      const guest = on(wanted.cluster).guests.get(wanted.vmid);
      if (guest === undefined) throw new Error(`the lab has no guest ${wanted.vmid}`);
      if (wanted.setup === "lock-vm") guest.config.set("lock", wanted.lock);
      else guest.config.delete("lock");
      return;
    }
    case "fill-volume": {
      const { nodes, storages } = on(wanted.cluster);
      const volume = [...nodes.keys()].map((node) => storages.find(node, wanted.volid)).find(Boolean);
      if (!volume) throw new Error(`the lab has no volume ${wanted.volid}`);
      volume.filled = wanted.mib * 1024 ** 2;
      return;
    }
    case "put-file":
    case "http-serve":
    case "name-backup":
    case "copy-backup":
      setFiles(on(wanted.cluster), wanted);
      return;
    case "latency": {
      const { setup: _setup, ...times } = wanted;
      lab.setLatency(times);
      return;
    }
    case "clock-skew":
      on(wanted.cluster).skew = wanted.seconds * 1000;
      return;
    case "call": {
      const { setup: _setup, ...fault } = wanted;
      lab.faults.add(fault);
      return;
    }
    case "task": {
      let left = wanted.times;
      on(wanted.cluster).tasks.outcome = (type, id) => {
        if (type !== wanted.type || (wanted.id !== undefined && wanted.id !== id) || left === 0) return undefined;
        left--;
        return wanted.fails === undefined ? "never ends" : { fails: wanted.fails, isDone: wanted.isDone };
      };
      return;
    }
    case "lost-workers": {
      const next = randomNumbers(wanted.seed);
      let left = wanted.times ?? Number.POSITIVE_INFINITY;
      on(wanted.cluster).tasks.loses = (type) => {
        if ((wanted.type !== undefined && wanted.type !== type) || left === 0 || next() >= wanted.share) return false;
        left--;
        return true;
      };
      return;
    }
    case "node":
      on(wanted.cluster).member(wanted.node).offline = wanted.offline;
      return;
    case "node-maintenance":
      setMaintenance(on(wanted.cluster), wanted.node, wanted.enable);
      return;
    case "mounts":
      on(wanted.cluster).member(wanted.node).refusesMounts = wanted.refused;
      return;
    case "storage":
      toggle(on(wanted.cluster).storages.full, on(wanted.cluster).storages.get(wanted.storage).storage, wanted.full);
      return;
    case "agent":
      toggle(on(wanted.cluster).agentless, wanted.vmid, wanted.missing);
      if (wanted.answersAfter === undefined) on(wanted.cluster).slowAgents.delete(wanted.vmid);
      else on(wanted.cluster).slowAgents.set(wanted.vmid, wanted.answersAfter);
      return;
    case "acpi":
      toggle(on(wanted.cluster).deaf, wanted.vmid, wanted.ignored);
      return;
    case "netbox-pages":
      lab.netbox.changingPages = wanted.changing;
      return;
    case "netbox-page-size":
      lab.netbox.maxPageSize = wanted.size;
      return;
    case "netbox-branching":
      lab.netbox.branches.isInstalled = wanted.installed;
      lab.netbox.branches.hasWorker = wanted.worker;
      return;
    case "netbox-release":
      lab.netbox.be(releases[wanted.release]);
      return;
    case "zone": {
      const zone = lab.zones.get(wanted.zone.endsWith(".") ? wanted.zone : `${wanted.zone}.`);
      if (zone === undefined) throw new Error(`the lab has no zone ${wanted.zone}`);
      zone.frozen = wanted.frozen;
      return;
    }
    case "release": {
      const found = on(wanted.cluster);
      const [major = "", minor = ""] = wanted.version.split(/[.-]/);
      found.version = { ...found.version, version: wanted.version, release: `${major}.${minor}` };
      for (const role of found.access.roles.values()) {
        const before = earlier.get(role);
        // Back from an earlier release a role has again what that lacked, unless somebody wrote it meanwhile.
        const whole = before !== undefined && before.shown === role.privs ? before.whole : role.privs;
        role.privs = asOf(Number(major), whole);
        earlier.set(role, { whole, shown: role.privs });
      }
      return;
    }
    case "clear":
      clear(lab);
      return;
  }
}

/** Of roles that the switch `release` wrote: their privileges by today's release, and those that it left. */
const earlier = new WeakMap<object, { whole: Set<string>; shown: Set<string> }>();

/** Numbers from 0 to below 1 that follow from the seed (xorshift32). */
function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

type FileSwitch = Extract<
  z.output<typeof switchSchema>,
  { setup: "put-file" | "http-serve" | "name-backup" | "copy-backup" }
>;

function setFiles(cluster: Cluster, wanted: FileSwitch): void {
  const node = cluster.member(wanted.node).node;
  switch (wanted.setup) {
    case "put-file": {
      const { path, base64 } = wanted;
      const text = wanted.text ?? "";
      putFile(cluster, node, path, base64 === undefined ? Buffer.from(text) : Buffer.from(base64, "base64"));
      return;
    }
    case "http-serve": {
      const files = Object.entries(wanted.files).map(
        ([name, file]) =>
          [name, typeof file === "string" ? Buffer.from(file) : Buffer.from(file.base64, "base64")] as const,
      );
      cluster.web.serve(node, wanted.port, new Map(files));
      return;
    }
    case "name-backup":
      nameArchive(cluster, wanted);
      return;
    case "copy-backup":
      copyArchive(cluster, wanted);
  }
}

/** All switches off; what they have done stays done. */
function clear(lab: Lab): void {
  lab.faults.clear();
  lab.netbox.changingPages = false;
  lab.netbox.maxPageSize = defaultPageSize;
  for (const zone of lab.zones.all()) zone.frozen = false;
  for (const { cluster } of lab.proxmox.values()) {
    cluster.skew = 0;
    cluster.tasks.outcome = () => undefined;
    cluster.tasks.loses = () => false;
    cluster.storages.full.clear();
    cluster.agentless.clear();
    cluster.slowAgents.clear();
    cluster.deaf.clear();
    for (const node of cluster.nodes.values()) {
      node.offline = false;
      node.refusesMounts = false;
      if (node.maintenance) setMaintenance(cluster, node.node, false);
    }
  }
}
