import { z } from "zod";
import { type OwnerText, parseOwner, printOwner } from "../../ownership/dns";
import { type Former, noFormer, ownerOf, renewedText } from "../../ownership/owner";
import type { Diff } from "../../resource";
import { sameValue } from "../../values";
import { ownerLabel } from "../names";
import { fromWire, quoteTxt, recordTypes, toWire, unquoteTxt } from "../rdata";
import type { Rrset, ZoneChange, ZoneContent } from "./nameserver";

export type RecordType = (typeof recordTypes)[number];

/** One name of a view with its RRsets, and the PTRs of its addresses. */
export const recordInputs = z.object({
  /** A key of the `bind9` settings. */
  server: z.string(),
  /** Absolute. */
  name: z.string(),
  /** Seconds. */
  ttl: z.number(),
  /** Of RRsets that have another one. */
  ttls: z.partialRecord(z.enum(recordTypes), z.number()).optional(),
  /** Addresses without prefix length; names absolute; texts as they are. */
  records: z.partialRecord(z.enum(recordTypes), z.array(z.string())),
  /** Those of the addresses whose PTR leads back to the name. */
  reverse: z.array(z.string()),
  /** Who has the name: the stack, and the NetBox ids of the guests. */
  owner: z.object({ stack: z.string(), guests: z.array(z.number()) }),
  /** NetBox ids of its guests that were adopted. */
  adoptedGuests: z.array(z.number()).optional(),
  /** RRsets that are there and nobody owns are taken over as they are. */
  adopt: z.boolean().optional(),
});

export const recordState = recordInputs.extend({
  /** It was taken over, and stays as it was found until the next update. */
  adopted: z.boolean().optional(),
});

export type RecordInputs = z.infer<typeof recordInputs>;
export type RecordState = z.infer<typeof recordState>;
export type RecordOwner = RecordInputs["owner"];

// ---- values

const sameSet = (a: string[], b: string[]) =>
  a.length === b.length && [...a].sort().join("\0") === [...b].sort().join("\0");
const read = (type: string, rrset: Rrset | undefined) =>
  (rrset?.values ?? []).map((value) => fromWire(type, value)).sort();

// ---- owners

/** Where the owner of a name is written. */
export const ownerName = (name: string): string => `${ownerLabel}.${name}`;

export function findOwner(content: ZoneContent, name: string): OwnerText | undefined {
  const values = content.get(ownerName(name))?.get("TXT")?.values ?? [];
  return values.map((value) => parseOwner(unquoteTxt(value))).find((owner) => owner !== undefined);
}

/** Every name of a zone that has an owner, for finding what a run left behind. */
export function ownedNames(content: ZoneContent): { name: string; owner: OwnerText }[] {
  return [...content.keys()].flatMap((key) => {
    if (!key.startsWith(`${ownerLabel}.`)) return [];
    const name = key.slice(ownerLabel.length + 1);
    const owner = findOwner(content, name);
    return owner === undefined ? [] : [{ name, owner }];
  });
}

// ---- observed

/** Where the PTR of an address stands. */
export type PointerOf = (address: string) => string;

/** The record in the form of its inputs, as the zones have it; undefined where nothing of it is there. */
export function fromZones(
  content: (name: string) => ZoneContent | undefined,
  wanted: RecordInputs,
  pointerOf: PointerOf,
): RecordInputs | undefined {
  const zone = content(wanted.name);
  const rrsets = zone?.get(wanted.name);
  const owner = zone && findOwner(zone, wanted.name);
  const wantedTypes = recordTypes.filter((type) => wanted.records[type] !== undefined);
  const records = Object.fromEntries(
    wantedTypes.flatMap((type) => (rrsets?.has(type) ? [[type, read(type, rrsets.get(type))]] : [])),
  );
  if (Object.keys(records).length === 0 && owner === undefined) return undefined;
  const reverse = wanted.reverse.filter((address) =>
    read("PTR", content(pointerOf(address))?.get(pointerOf(address))?.get("PTR")).includes(wanted.name),
  );
  const { adopt: _adopt, ...kept } = wanted;
  const usual = wantedTypes.filter((type) => wanted.ttls?.[type] === undefined);
  const ttls = usual.flatMap((type) => rrsets?.get(type)?.ttl ?? []);
  const special = Object.keys(wanted.ttls ?? {}).map((type) => [type, rrsets?.get(type)?.ttl ?? 0]);
  return {
    ...kept,
    ttl: ttls.find((ttl) => ttl !== wanted.ttl) ?? wanted.ttl,
    ...(wanted.ttls === undefined ? {} : { ttls: Object.fromEntries(special) }),
    records,
    reverse,
    owner: owner === undefined ? { stack: "", guests: [] } : { stack: owner.stack, guests: owner.guests },
  };
}

/** Two records that say the same, whatever the order of their values. */
export function sameRecord(state: Record<string, unknown>, inputs: Record<string, unknown>): boolean {
  return (["ttl", "ttls", "records", "reverse", "owner"] as const).every((key) =>
    sameValue(state[key], inputs[key], { sets: true }),
  );
}

export const recordDiff = (state: Record<string, unknown>, inputs: Record<string, unknown>): Diff => ({
  changes: !sameRecord(state, inputs),
});

// ---- changes

/** A record of someone else stands where ours should be. */
export class ConflictError extends Error {}

/** One name that we write: the forward name, or the reverse name of an address. */
export interface WrittenName {
  name: string;
  /** What should be there; nothing for a removal. */
  wanted: Map<string, string[]>;
  /** What we last knew to be ours. */
  known: Map<string, string[]>;
}

/**
 * The nodes of a record; those of addresses it no longer has are to be emptied.
 * @param formerlyOf where the PTR stood before a zone came that holds it now; nothing where it was always there
 */
export function nodesOf(
  wanted: RecordInputs | undefined,
  known: RecordInputs | undefined,
  pointerOf: PointerOf,
  formerlyOf: (address: string) => string | undefined = () => undefined,
): { forward: WrittenName; reverse: WrittenName[] } {
  const name = wanted?.name ?? known?.name ?? "";
  const forward = (record: RecordInputs | undefined) =>
    new Map(
      recordTypes.flatMap((type): [string, string[]][] =>
        record?.records[type] === undefined ? [] : [[type, record.records[type]]],
      ),
    );
  const addresses = new Set([...(wanted?.reverse ?? []), ...(known?.reverse ?? [])]);
  const pointing = (record: RecordInputs | undefined, address: string): Map<string, string[]> =>
    record?.reverse.includes(address) ? new Map([["PTR", [record.name]]]) : new Map();
  const reverse = [...addresses].flatMap((address): WrittenName[] => {
    const former = formerlyOf(address);
    const here = { name: pointerOf(address), wanted: pointing(wanted, address), known: pointing(known, address) };
    return [
      here,
      ...(former === undefined ? [] : [{ name: former, wanted: new Map(), known: pointing(known, address) }]),
    ];
  });
  return { forward: { name, wanted: forward(wanted), known: forward(known) }, reverse };
}

/** Nobody is the owner any more, and what is there stays; undefined where the owner is another or none. */
export function releaseNode(
  content: ZoneContent,
  name: string,
  owner: RecordOwner,
  former: Former = noFormer,
): ZoneChange | undefined {
  const before = findOwner(content, name);
  if (ownerOf(owner.stack, before, former).of !== "us") return undefined;
  const change: ZoneChange = { prerequisites: [], updates: [] };
  changeOwner(content, { name, wanted: new Map(), known: new Map() }, before, undefined, 0, change);
  return change.updates.length === 0 ? undefined : change;
}

/**
 * What has to change at one name, as compare-and-swap; undefined where all is as it should be.
 * @throws ConflictError where something that is not ours is in the way
 */
export function changeNode(
  content: ZoneContent,
  node: WrittenName,
  owner: RecordOwner,
  ttl: number,
  { ttls = {}, adopt = false }: Pick<RecordInputs, "ttls" | "adopt"> = {},
  former: Former = noFormer,
): ZoneChange | undefined {
  const rrsets = content.get(node.name) ?? new Map<string, Rrset>();
  const before = findOwner(content, node.name);
  const whose = ownerOf(owner.stack, before, former);
  if (whose.of === "renewed" && node.wanted.size === 0)
    throw new ConflictError(`${node.name}: ${renewedText(whose.stack, owner.stack)}`);
  if (whose.of === "other" || whose.of === "renewed") {
    if (node.wanted.size === 0) return undefined; // it passed to another stack: not ours to remove
    throw new ConflictError(`${node.name} belongs to Pulumi stack ${whose.stack}`);
  }
  // Another name of ours has the address by now, and its PTR.
  const pointer = node.known.get("PTR");
  const there = rrsets.get("PTR");
  if (node.wanted.size === 0 && pointer && there && !sameSet(pointer, read("PTR", there))) return undefined;
  const isOurs = (type: string) =>
    before?.types.includes(type) ?? sameSet(node.known.get(type) ?? [], read(type, rrsets.get(type)));
  const change: ZoneChange = { prerequisites: [], updates: [] };
  const ours: string[] = [];
  const kept: string[] = [];
  for (const [type, values] of node.wanted) {
    const there = rrsets.get(type);
    const clash = [...rrsets.keys()].filter(
      (other) => (type === "CNAME") !== (other === "CNAME") && !(isOurs(other) && !node.wanted.has(other)),
    );
    if (there === undefined && clash.length > 0)
      throw new ConflictError(`${node.name} has ${clash.join(" and ")}, beside which there can be no ${type}`);
    const equal = sameSet(values, read(type, there));
    if (there !== undefined && adopt && before === undefined) {
      ours.push(type); // it stays as it is until the next run
      continue;
    }
    if (there !== undefined && !isOurs(type)) {
      if (!equal)
        throw new ConflictError(
          `${node.name} ${type} is ${read(type, there).join(", ")}, which this program did not write`,
        );
      kept.push(type);
      continue;
    }
    ours.push(type);
    const seconds = new Map<string, number>(Object.entries(ttls)).get(type) ?? ttl;
    if (there !== undefined && equal && there.ttl === seconds) continue;
    change.prerequisites.push(...asItIs(node.name, type, there));
    if (there !== undefined) change.updates.push(`update delete ${node.name} ${type}`);
    change.updates.push(...values.map((value) => `update add ${node.name} ${seconds} ${type} ${toWire(type, value)}`));
  }
  // A CNAME that goes must go before what comes.
  const leaving = [...rrsets].filter(
    ([type]) => !node.wanted.has(type) && isOurs(type) && (before?.types.includes(type) || node.known.has(type)),
  );
  change.prerequisites.push(...leaving.flatMap(([type, there]) => asItIs(node.name, type, there)));
  change.updates.unshift(...leaving.map(([type]) => `update delete ${node.name} ${type}`));
  changeOwner(content, node, before, node.wanted.size === 0 ? undefined : { ...owner, types: ours, kept }, ttl, change);
  return change.updates.length === 0 ? undefined : change;
}

function changeOwner(
  content: ZoneContent,
  node: WrittenName,
  before: OwnerText | undefined,
  after: OwnerText | undefined,
  ttl: number,
  change: ZoneChange,
): void {
  const name = ownerName(node.name);
  if (after === undefined && before === undefined) return;
  // What was kept once stays so: our own later look at it would take it for ours.
  const kept =
    after && before
      ? {
          ...after,
          kept: [...new Set([...after.kept, ...before.kept.filter((type) => node.wanted.has(type))])],
          types: after.types.filter((type) => !before.kept.includes(type)),
        }
      : after;
  if (kept && before && printOwner(kept) === printOwner(before) && change.updates.length === 0) return;
  change.prerequisites.push(...asItIs(name, "TXT", content.get(name)?.get("TXT")));
  if (before !== undefined) change.updates.push(`update delete ${name} TXT`);
  if (kept !== undefined) change.updates.push(`update add ${name} ${ttl} TXT ${quoteTxt(printOwner(kept))}`);
}

/** The prerequisites that an RRset is just as it was seen. */
function asItIs(name: string, type: string, there: Rrset | undefined): string[] {
  return there === undefined
    ? [`prereq nxrrset ${name} ${type}`]
    : there.values.map((value) => `prereq yxrrset ${name} ${type} ${value}`);
}
