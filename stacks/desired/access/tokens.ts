import type { Destination } from "../../../providers/sinks/secretsink.model";
import { placeOf } from "../../../providers/sinks/secretsink.model";
import type { Sink } from "./file";
import {
  expiryFrom,
  type KnownTurn,
  printMoment,
  printTime,
  secondsOf,
  type Turn,
  type TurnSettings,
  type Turns,
  turnsOf,
} from "./rotation";
import type { AccessFacts, KnownResource, PlannedSink } from "./types";

// What the tokens of both systems have in common: whose turn it is, where their secrets go, what is to be said of them.

/** An entry's settings of its age. */
export interface TurnEntry {
  expire?: number | string | undefined;
  rotateAfter?: string | undefined;
  overlap?: string | undefined;
  rotation: number;
  sinks: Sink[];
}

const day = 86_400;
/** A token that has to be looked after within so many seconds is worth a warning. */
const soon = 7 * day;

export const turnSettings = (entry: TurnEntry, overlap: number): TurnSettings => ({
  rotateAfter: entry.rotateAfter === undefined ? undefined : secondsOf(entry.rotateAfter),
  overlap: entry.overlap === undefined ? overlap : secondsOf(entry.overlap),
  rotation: entry.rotation,
  expire: expiryFrom(entry.expire),
});

/** What is wrong with them. */
export function turnProblems(entry: TurnEntry, settings: TurnSettings, now: number): { key: string; text: string }[] {
  const { rotateAfter, overlap, expire } = settings;
  const found: { key: string; text: string }[] = [];
  if ("at" in expire && expire.at !== 0 && expire.at <= now)
    found.push({
      key: "expire",
      text: `expire is ${printTime(expire.at)}, which is in the past; write a later date, 0 for never, or a time like 90d`,
    });
  if (rotateAfter !== undefined && overlap >= rotateAfter)
    found.push({
      key: "rotateAfter",
      text: `the overlap (${entry.overlap ?? `${overlap / day}d`}) is as long as rotateAfter (${entry.rotateAfter ?? ""}): both tokens would be old at once; shorten the overlap, or rotate less often`,
    });
  if ("after" in expire && expire.after < (rotateAfter ?? 0) + overlap)
    found.push({
      key: "expire",
      text: `a token of ${entry.expire ?? ""} would expire before the next one has taken over (rotateAfter and overlap are ${Math.ceil(((rotateAfter ?? 0) + overlap) / day)}d together); lengthen expire`,
    });
  return found;
}

/** A token in the state, as far as its turn goes. */
export function knownTurn(resource: KnownResource | undefined): KnownTurn | undefined {
  const number = (name: string): number | undefined => {
    const value = resource?.properties[name];
    return typeof value === "number" ? value : undefined;
  };
  const generation = number("generation");
  if (resource === undefined || generation === undefined) return undefined;
  const { adopted } = resource.properties;
  return {
    generation,
    rotation: number("rotation") ?? 0,
    expire: number("expire") ?? 0,
    madeAt: number("madeAt"),
    ...(adopted === true ? { adopted } : {}),
    retires: number("retires"),
  };
}

/** The two names that take turns. */
export const slotNames = (name: string): readonly [string, string] => [name, `${name}-b`];

/** Whose turn it is of an entry's two tokens. @param resources their logical names @param isThere are they on the system? */
export function turnsFor(
  { known, now }: AccessFacts,
  settings: TurnSettings,
  resources: readonly [string, string],
  isThere: readonly [boolean, boolean],
  sinks: PlannedSink[],
): Turns {
  const turns = [knownTurn(known.get(resources[0])), knownTurn(known.get(resources[1]))] as const;
  const isPublished = (generation: number) =>
    sinks.every(({ name }) => known.get(name)?.properties.generation === generation);
  return turnsOf(settings, turns, isThere, isPublished, now);
}

/** What a turn is among a token's inputs. */
export const turnInputs = ({ slot: _slot, ...turn }: Turn) => turn;

/** What a preview says of a token's age. */
export function turnWarnings(
  title: string,
  { current, previous, reason, due }: Turns,
  settings: TurnSettings,
  names: readonly [string, string],
  now: number,
): string[] {
  if (reason !== undefined && previous !== undefined)
    return [
      `${title}: ${names[current.slot]} takes over from ${names[previous.slot]} in this run, since ${reason}. ${names[previous.slot]} goes on until ${printTime(previous.retires ?? now)}: whoever still has it must have the new one by then.`,
    ];
  const { expire } = current;
  if (expire !== 0 && expire <= now)
    return [
      `${title} has expired (${printMoment(expire, now)}): write a later expire, or rotateAfter and an expire like 120d.`,
    ];
  if (expire !== 0 && "at" in settings.expire && expire - now < soon)
    return [`${title} expires ${printMoment(expire, now)} (${printTime(expire)}): write a later expire.`];
  if (due !== undefined && due - now < Math.min(soon, (settings.rotateAfter ?? soon) / 4))
    return [`${title} is due for rotation ${printMoment(due, now)}: the next \`up\` after ${printTime(due)} does it.`];
  return [];
}

/** What a token's row says of its age. */
export const rowAges = ({ rotateAfter, overlap, expire }: TurnSettings) => ({
  rotateAfter,
  overlap,
  renews: "after" in expire,
});

/** The sinks of an entry. @param problem what stands in the way of one, by its place in the list */
export function sinksOf(
  entry: string,
  sinks: Sink[],
  { vault }: AccessFacts,
  problem: (n: number, text: string) => void,
): PlannedSink[] {
  return sinks.flatMap((sink, n) => {
    const destination = destinationOf(sink, vault);
    if (destination === undefined) {
      problem(n, "a secret in Vault needs netbox-proxmox:access.vault.address, or VAULT_ADDR; set it");
      return [];
    }
    return [{ name: `sink/${entry}/${placeOf(destination)}`, destination }];
  });
}

function destinationOf(sink: Sink, { address, namespace, caFile }: AccessFacts["vault"]): Destination | undefined {
  if ("file" in sink) return { to: "file", path: sink.file };
  if ("env" in sink) return { to: "env", path: sink.env, variable: sink.variable };
  if ("stack" in sink) return { to: "stack", ...sink };
  if (address === undefined) return undefined;
  const { vault: path, mount, prefix } = sink;
  return {
    ...{ to: "vault", address, mount, path, prefix },
    ...(namespace === undefined ? {} : { namespace }),
    ...(caFile === undefined ? {} : { caFile }),
  };
}
