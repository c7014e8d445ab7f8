import { sameValue } from "../../../providers/values";
import type { Because, Change } from "../change";

// What was changed on the systems themselves: properties in which a refreshed state differs from the recorded one.

/** How a resource differs from what the last run left. */
export interface Drift {
  /** Its properties that differ; none where it is gone. */
  fields: readonly string[];
  /** The guest that it is, where it is one. */
  guest?: { cluster: string; vmid: number };
  /** The serial of its zone in the state, and now. */
  serial?: { before: number; after: number };
}

/** A task of Proxmox VE that has ended. */
export interface GuestTask {
  cluster: string;
  vmid: number;
  upid: string;
  /** With its token's name, where it is a token's: `root@pam!ci`. */
  user: string;
  type: string;
  /** ISO 8601. */
  time: string;
}

/** Resources by URN, with their properties. */
type Resources = ReadonlyMap<string, Record<string, unknown>>;

/** What differs between the state as the last run left it and as a refresh found it. */
export function driftsBetween(recorded: Resources, refreshed: Resources): Map<string, Drift> {
  const drifts = [...recorded].flatMap(([urn, before]): [string, Drift][] => {
    const { cluster, vmid } = before;
    const guest = typeof cluster === "string" && typeof vmid === "number" ? { guest: { cluster, vmid } } : {};
    const after = refreshed.get(urn);
    if (after === undefined) return [[urn, { fields: [], ...guest }]];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const fields = names.filter((name) => !sameValue(before[name], after[name]));
    return fields.length === 0 ? [] : [[urn, { fields, ...guest }]];
  });
  return new Map(drifts);
}

const power =
  /^(qm|vz)(start|stop|shutdown|reboot|reset|suspend|pause|resume)$|^ha(start|stop)$|^(start|stop|suspend)all$/;
const move = /^(qm|vz|ha)migrate$|^migrateall$/;
/** Of tasks, only some give a guest another configuration: a PUT of it makes none. */
const whole = /^(qm|vz)(create|restore|rollback|clone|destroy)$/;
const disks = /^(resize|move_volume|qmmove|imgdel|imgcopy|qmconfig|vzconfig)$/;
const configured = /^(qmconfig|vzconfig)$/;

/** Could a task of this type have changed a property? */
function changesField(type: string, field: string): boolean {
  if (field === "power") return power.test(type) || move.test(type);
  if (field === "node") return move.test(type);
  return whole.test(type) || configured.test(type) || (field === "disks" && disks.test(type));
}

/** The reason that drift is: with the last task of another's that can have made it. @param own the users of our tokens */
export function driftReason(
  { guest, serial, fields }: Drift,
  changed: readonly string[],
  tasks: readonly GuestTask[],
  own: ReadonlySet<string>,
): Because {
  const others = tasks.filter(
    ({ cluster, vmid, user }) => guest?.cluster === cluster && guest.vmid === vmid && !own.has(user),
  );
  const able = others.filter(({ type }) =>
    fields.length === 0 ? /^(qm|vz)destroy$/.test(type) : changed.some((field) => changesField(type, field)),
  );
  const last = able.sort((a, b) => (a.time < b.time ? 1 : -1))[0];
  return {
    reason: "drift",
    ...(last === undefined ? {} : { task: { upid: last.upid, user: last.user, type: last.type, time: last.time } }),
    ...(serial === undefined ? {} : { serial }),
  };
}

/** The fields of a change that drifted; all of one whose object is gone, and none where nothing did. */
export function driftedOf(change: Change, drift: Drift | undefined): string[] {
  if (drift === undefined) return [];
  const names = change.fields.map(({ name }) => rootOf(name));
  if (drift.fields.length === 0) return ["create", ...names];
  return names.filter((name) => drift.fields.includes(name));
}

/** The property that a field lies in: `networks` of `networks.net0.tag`. */
export const rootOf = (name: string): string => name.split(/[.[]/)[0] ?? name;
