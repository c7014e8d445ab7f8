import type { z } from "zod";
import { HttpError } from "../http/errors";
import type { RequestParameters } from "./api";
import { descriptionFrom, isTrue } from "./nodes/guest.model";
import { parsePropertyString, parseSize } from "./propertystring";
import type { CurrentStatus, GuestType, ReadGuest } from "./schemas";
import { snapshotNames } from "./schemas";

/** A request that starts a task. */
export interface Asked {
  method: "POST" | "PUT" | "DELETE";
  path: string;
  form: RequestParameters;
}

/** What became of it, by the object: done; nothing of it; or neither, and why. */
export type LookOutcome = { is: "done" | "as before" } | { is: "unclear"; why: string };

/** What a look needs of a cluster. */
interface Cluster {
  guest: (type: GuestType, node: string, vmid: number) => Promise<ReadGuest | undefined>;
  current: (type: GuestType, node: string, vmid: number) => Promise<CurrentStatus>;
  get: <T>(path: string, schema: z.ZodType<T>) => Promise<T>;
}

interface Place {
  type: GuestType;
  node: string;
  vmid: number;
}

const done: LookOutcome = { is: "done" };
const asBefore: LookOutcome = { is: "as before" };
const unclear = (why: string): LookOutcome => ({ is: "unclear", why });

const guestPath = /^\/nodes\/([^/]+)\/(qemu|lxc)(?:\/(\d+)(?:\/(.+))?)?$/;

/** Looks at the object of a task that never started, or whose end nobody knows. @param isUndone did the task certainly do nothing? */
export async function lookAt(cluster: Cluster, asked: Asked, isUndone: boolean): Promise<LookOutcome> {
  const { method, path, form } = asked;
  const [, node = "", kind, id, rest = ""] = guestPath.exec(path) ?? [];
  if (kind !== "qemu" && kind !== "lxc") return isUndone || method === "PUT" ? asBefore : nobodyKnows;
  const place = id === undefined ? undefined : ({ type: kind, node, vmid: Number(id) } as const);
  const source = place && (await cluster.guest(kind, node, place.vmid));
  if (place === undefined || rest === "clone") {
    const made = { type: kind, node: String(form.target ?? node), vmid: Number(form.newid ?? form.vmid) } as const;
    return madeGuest(cluster, made, form, place && source ? { ...place, lock: source.config.lock } : undefined);
  }
  if (source === undefined) {
    if (method === "DELETE" && rest === "") return done;
    const moved = rest === "migrate" ? await cluster.guest(kind, String(form.target), place.vmid) : undefined;
    return moved === undefined ? unclear(`${nameOf(place)} is not there any more`) : done;
  }
  const { lock } = source.config;
  if (lock !== undefined) return unclear(`${nameOf(place)} is locked (${lock}): ${unlock(place)}`);
  const isDone = await didHappen(cluster, place, { ...asked, path: rest }, source);
  if (isDone === undefined) return isUndone ? asBefore : nobodyKnows;
  return isDone ? done : asBefore;
}

const nobodyKnows = unclear("nobody can tell whether it was done: look, then run again");

const nameOf = ({ type, node, vmid }: Place): string => `${type === "qemu" ? "VM" : "CT"} ${vmid} on ${node}`;
const command = ({ type }: Place): string => (type === "qemu" ? "qm" : "pct");
const unlock = (place: Place): string =>
  `if nothing works on it any more, \`${command(place)} unlock ${place.vmid}\` there frees it, then run again`;

/** A creation or a clone, by the guest that it should have made and by its source. */
async function madeGuest(
  cluster: Cluster,
  made: Place,
  form: RequestParameters,
  source: (Place & { lock: string | number | undefined }) | undefined,
): Promise<LookOutcome> {
  const there = await visible(cluster, made);
  const isSourceLocked = source?.lock !== undefined;
  if (there === undefined)
    return isSourceLocked ? unclear(`${nameOf(source)} is locked (${source.lock}): ${unlock(source)}`) : asBefore;
  const { lock } = there.config;
  if (lock !== undefined) {
    const free = isSourceLocked ? `\`${command(source)} unlock ${source.vmid}\` and ` : "";
    const both = `${free}\`${command(made)} unlock ${made.vmid} && ${command(made)} destroy ${made.vmid}\``;
    return unclear(
      `${nameOf(made)} is locked (${lock}) and nothing else was made of it: remove it there with ${both}, then run again`,
    );
  }
  return descriptionFrom(there.config) === String(form.description ?? "").trim()
    ? done
    : unclear(`${nameOf(made)} is another guest`);
}

/** A guest that the caller has no right to see is none to it. */
async function visible(cluster: Cluster, { type, node, vmid }: Place): Promise<ReadGuest | undefined> {
  try {
    return await cluster.guest(type, node, vmid);
  } catch (error) {
    if (error instanceof HttpError && error.status === 403) return undefined;
    throw error;
  }
}

/** Is the guest as the task should leave it? Undefined where that can't be seen. @param asked with the path behind the guest's own */
async function didHappen(
  cluster: Cluster,
  { type, node, vmid }: Place,
  { method, path, form }: Asked,
  { config }: ReadGuest,
): Promise<boolean | undefined> {
  const power = async () => (await cluster.current(type, node, vmid)).power;
  const disk = parsePropertyString(String(config[String(form.disk ?? form.volume ?? "")] ?? ""));
  switch (`${method} ${path}`) {
    case "DELETE ":
    case "POST migrate":
      return false;
    case "POST status/start":
    case "POST status/resume":
      return (await power()) === "running";
    case "POST status/stop":
    case "POST status/shutdown":
      return (await power()) === "stopped";
    case "POST status/suspend":
      return (await power()) === "paused";
    case "PUT resize":
      return parseSize(disk.options.get("size") ?? "0") >= parseSize(String(form.size));
    case "POST move_disk":
    case "POST move_volume":
      return (disk.head ?? "").startsWith(`${form.storage}:`);
    case "POST template":
      return isTrue(config.template);
    case "POST snapshot":
      return (await snapshotsOf(cluster, { type, node, vmid })).includes(String(form.snapname));
    default: {
      const [, name] = /^snapshot\/([^/]+)$/.exec(path) ?? [];
      if (method !== "DELETE" || name === undefined) return undefined;
      return !(await snapshotsOf(cluster, { type, node, vmid })).includes(name);
    }
  }
}

const snapshotsOf = (cluster: Cluster, { type, node, vmid }: Place): Promise<string[]> =>
  cluster.get(`/nodes/${node}/${type}/${vmid}/snapshot`, snapshotNames);
