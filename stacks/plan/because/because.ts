import type { Changelog } from "../../../providers/netbox/changelog";
import type { ChangelogEntry } from "../../../providers/netbox/schemas";
import { groupBy } from "../../../providers/values";
import type { CustomFieldNames } from "../../netbox/customfields";
import type { ValueSource } from "../../netbox/valuesource";
import type { Because, Change, NetboxRef } from "../change";
import { type Drift, driftedOf, driftReason, type GuestTask, rootOf } from "./drift";
import { changedPaths, netboxRef, refParts, toldOnce } from "./entries";
import { isOwnWrite, type OwnWrites } from "./ownwrites";
import { contextConditions, isOf, type Touch, touchesOf } from "./touches";

/** What reasons are found in beside the change log. */
export interface ReasonFacts {
  netboxUrl: string;
  customFields: CustomFieldNames;
  own: OwnWrites;
  /** By URN, what a refresh found otherwise than the last run left it. */
  drifted?: ReadonlyMap<string, Drift>;
  /** Tasks of guests that drifted. */
  tasks?: readonly GuestTask[];
  /** The users of our own tokens on Proxmox VE: `root@pam!pulumi`. */
  ownTokens?: ReadonlySet<string>;
  /** Where a property of a change has its value from, the first place first. */
  sourcesOf?: (change: Change, property: string) => ValueSource[];
  /** The keys of the settings that differ from those of the last run, where these are known: `netbox-proxmox:defaults.bridge`. */
  changedSettings?: readonly string[];
  /** The line of the program's file that says so: `vms.yml:12`. */
  placeOf?: (change: Change) => string | undefined;
  /** Was the last run another version of this program? */
  isOtherVersion?: boolean;
}

/** Settings that no value of a guest comes from, and that its values are made by. */
const settingsBehind: Readonly<Record<string, readonly string[]>> = {
  memory: ["site.ramBaseUnit"],
  disks: ["site.diskBaseUnit"],
  ttl: ["dns.ttl"],
  ttls: ["dns.ttl"],
  records: ["dns.domain"],
  power: ["site.statuses"],
  options: ["site.startOnBoot"],
};

/**
 * Each change with its reasons, every one once.
 * @param log since the last successful `up`; undefined where there was none, and what is not known of it where it can't be read: the right that the token lacks
 */
export function becauseOf(
  changes: readonly Change[],
  log: Changelog | { right?: string } | undefined,
  facts: ReasonFacts,
): Change[] {
  if (log === undefined) return changes.map((change) => ({ ...change, because: [{ reason: "first run" }] }));
  const entries = "entries" in log ? new Entries(log, facts.own) : undefined;
  const unknown: Because = { reason: "unknown", ...("right" in log ? { right: log.right } : {}) };
  return changes.map((change) => {
    const found = reasonsOf(change, entries, facts);
    if (found.length > 0) return { ...change, because: found };
    const isVersion = entries !== undefined && facts.isOtherVersion === true;
    return { ...change, because: [isVersion ? { reason: "version" } : unknown] };
  });
}

/** One entry of the log, with the fields that it changed. */
interface Entry {
  entry: ChangelogEntry;
  paths: string[];
}

/** The log without our own writes, by the objects that entries are of. */
class Entries {
  private readonly byObject: Map<NetboxRef, Entry[]>;
  readonly contexts: Entry[];
  readonly macs: Entry[];

  constructor(log: Changelog, own: OwnWrites) {
    const all = log.entries
      .map((entry): Entry => ({ entry, paths: changedPaths(entry) }))
      .filter(({ entry, paths }) => !isOwnWrite(entry, paths, own, log.user));
    // Interfaces and disks that are gone stand in no facts: their entries name their machine.
    this.byObject = groupBy(
      all.flatMap((each) => refsOf(each.entry).map((ref) => ({ ref, ...each }))),
      ({ ref }) => ref,
    );
    this.contexts = all.filter(({ entry }) => entry.type === "extras.configcontext");
    this.macs = all.filter(({ entry }) => entry.type === "dcim.macaddress");
  }

  of(refs: readonly NetboxRef[]): Entry[] {
    const found = refs.flatMap((ref) => this.byObject.get(ref) ?? []);
    return [...new Map(found.map((each) => [each.entry.id, each])).values()];
  }
}

const parts = ["virtualization.vminterface", "virtualization.virtualdisk"];

function refsOf({ type, objectId, before, after }: ChangelogEntry): NetboxRef[] {
  const machine = parts.includes(type) ? (after.virtual_machine ?? before.virtual_machine) : undefined;
  const own = netboxRef(type, objectId);
  return typeof machine === "number" ? [own, netboxRef("virtualization.virtualmachine", machine)] : [own];
}

function reasonsOf(change: Change, entries: Entries | undefined, facts: ReasonFacts): Because[] {
  const drift = facts.drifted?.get(change.urn ?? "");
  const drifted = driftedOf(change, drift);
  const near = entries === undefined ? [] : nearBy(change, entries);
  const touches = touchesOf(change.object, facts.customFields);
  const found: ChangelogEntry[] = [];
  const told: Because[] = [];
  const unexplained: string[] = [];
  for (const property of propertiesOf(change)) {
    const { strong = [], weak = [] } = touches[property] ?? {};
    const some = latestOf(near, strong, change) ?? latestOf(near, weak, change);
    if (some !== undefined) found.push(...some);
    else if (!drifted.includes(property)) unexplained.push(property);
  }
  if (drift !== undefined && drifted.length > 0)
    told.push(driftReason(drift, drifted, facts.tasks ?? [], facts.ownTokens ?? new Set()));
  const settings = unexplained.map((property) => settingOf(change, property, facts));
  const confirmed = settings.flatMap((each) => (each?.isConfirmed ? [each.key] : []));
  const isOpen = unexplained.length > confirmed.length;
  const explained = () => found.length + told.length + confirmed.length > 0;
  // What changed of these objects at all, where nothing says more.
  if (isOpen && !explained() && near.length > 0) found.push(...latestOfAny(change, near));
  const guessed = explained() || !isOpen ? [] : settings.flatMap((each) => (each === undefined ? [] : [each.key]));
  const reasons = [
    ...toldOnce(found, facts.netboxUrl),
    ...told,
    ...[...new Set([...confirmed, ...guessed])].map((key): Because => ({ reason: "setting", key })),
  ];
  if (reasons.length > 0) return reasons;
  const place = facts.placeOf?.(change);
  return place === undefined ? [] : [{ reason: "file", place }];
}

/** What a change does to an object as a whole, and the properties that it gives other values. */
function propertiesOf({ action, fields }: Change): string[] {
  const names = [...new Set(fields.map(({ name }) => rootOf(name)))];
  if (action === "create" || action === "adopt") return ["create"];
  if (action === "delete") return ["delete"];
  return names;
}

/** The entries of the objects that a change comes from, of contexts that apply to them, and of MAC addresses that it takes away. */
function nearBy(change: Change, entries: Entries): Entry[] {
  const { from = [] } = change;
  const values = JSON.stringify(change.fields.map(({ before }) => before)).toUpperCase();
  const macs = entries.macs.filter(({ entry }) => {
    const text = entry.before.mac_address;
    return typeof text === "string" && values.includes(text.toUpperCase());
  });
  return [...entries.of(from), ...entries.contexts.filter(({ entry }) => applies(entry, from)), ...macs];
}

/** Does a config context apply to a guest, or did it? As far as single objects say it. */
function applies({ before, after }: ChangelogEntry, from: readonly NetboxRef[]): boolean {
  return [before, after].some((data) =>
    Object.entries(contextConditions).every(([field, type]) => {
      const ids = data[field];
      if (!Array.isArray(ids) || ids.length === 0) return Object.keys(data).length > 0;
      return from.some((ref) => refParts(ref).type === type && ids.includes(refParts(ref).id));
    }),
  );
}

/** Of each object, its latest entry that touches a property; undefined where none does. */
function latestOf(near: readonly Entry[], touches: readonly Touch[], change: Change): ChangelogEntry[] | undefined {
  const touching = near.filter((each) => touches.some((touch) => isTouching(each, touch)));
  const byObject = groupBy(touching, ({ entry }) => `${entry.type}/${entry.objectId}`);
  const latest = [...byObject.values()].map(latestIn);
  if (latest.length === 0) return undefined;
  // Who deleted a guest deleted its interfaces with it, and who made one made them before: one entry says it all.
  return change.action === "update" || change.action === "replace" ? latest : [decisive(change, latest)];
}

const latestIn = (some: readonly Entry[]): ChangelogEntry =>
  some.map(({ entry }) => entry).reduce((a, b) => (b.id > a.id ? b : a));

/** Of what led to a whole object, the entry that makes or deletes the first of its objects; else the latest one. */
function decisive({ action, from = [] }: Change, latest: ChangelogEntry[]): ChangelogEntry {
  const wanted = action === "delete" ? "delete" : "create";
  const whole = from
    .map((ref) => latest.find((each) => netboxRef(each.type, each.objectId) === ref && each.action === wanted))
    .find((each) => each !== undefined);
  return whole ?? latest.reduce((a, b) => (b.id > a.id ? b : a));
}

const latestOfAny = (change: Change, near: readonly Entry[]): ChangelogEntry[] => {
  const own = near.filter(({ entry }) => entry.type !== "extras.configcontext");
  return own.length === 0
    ? []
    : [
        decisive(
          change,
          own.map(({ entry }) => entry),
        ),
      ];
};

function isTouching({ entry, paths }: Entry, { type, paths: touched, contextKeys }: Touch): boolean {
  if (entry.type !== type) return false;
  if (contextKeys !== undefined && !contextKeys.some((key) => hasKey(entry, key))) return false;
  if (touched.includes("*")) return true;
  return paths.some((path) => isOf(path, touched));
}

/** Has a context's data a key, `proxmox.storage`? */
function hasKey({ before, after }: ChangelogEntry, key: string): boolean {
  const names = key.split(".");
  return [before.data, after.data].some((data) => {
    let at: unknown = data;
    for (const name of names)
      at = typeof at === "object" && at !== null ? Object.entries(at).find(([each]) => each === name)?.[1] : undefined;
    return at !== undefined;
  });
}

/** The setting that a property has its value from; confirmed where it differs from the last run's. */
function settingOf(
  change: Change,
  property: string,
  { sourcesOf, changedSettings }: ReasonFacts,
): { key: string; isConfirmed: boolean } | undefined {
  const named = sourcesOf?.(change, property).flatMap(({ kind, name }) => (kind === "setting" ? [name] : [])) ?? [];
  const behind = (settingsBehind[property] ?? []).map((key) => `netbox-proxmox:${key}`);
  const isSame = (a: string, b: string) => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
  const changed = [...named, ...behind].find((key) => changedSettings?.some((each) => isSame(each, key)));
  if (changed !== undefined) return { key: changed, isConfirmed: true };
  // One of several is nobody's to say.
  const [key, ...more] = changedSettings === undefined ? new Set(named) : [];
  return key === undefined || more.length > 0 ? undefined : { key, isConfirmed: false };
}
