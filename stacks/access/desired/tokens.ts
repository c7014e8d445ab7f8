import { z } from "zod";
import type { Destination } from "../../../providers/sinks/secretsink.model";
import { placeOfSecret } from "../../../providers/sinks/secretsink.model";
import type { Sink } from "./file";
import {
  agesOf,
  expiryFrom,
  type KnownTurn,
  printMinute,
  printMoment,
  secondsOf,
  type Turn,
  type TurnSettings,
  type Turns,
  turnsOf,
} from "./rotation";
import type { AccessFacts, PlannedSink, PlannedToken, TokenRow } from "./types";

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

const turnSettings = (entry: TurnEntry, overlap: number): TurnSettings => ({
  rotateAfter: entry.rotateAfter === undefined ? undefined : secondsOf(entry.rotateAfter),
  overlap: entry.overlap === undefined ? overlap : secondsOf(entry.overlap),
  rotation: entry.rotation,
  expire: expiryFrom(entry.expire),
});

/** What is wrong with them. */
function turnProblems(entry: TurnEntry, settings: TurnSettings, now: number): { key: string; text: string }[] {
  const { rotateAfter, overlap, expire } = settings;
  const found: { key: string; text: string }[] = [];
  if ("at" in expire && expire.at !== 0 && expire.at <= now)
    found.push({
      key: "expire",
      text: `expire is ${printMinute(expire.at)}, which is in the past; write a later date, 0 for never, or a time like 90d`,
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
const knownTurn: z.ZodType<KnownTurn> = z.object({
  generation: z.number(),
  rotation: z.number().default(0),
  expire: z.number().default(0),
  madeAt: z.number().optional(),
  adopted: z.boolean().optional(),
  retires: z.number().optional(),
});

/** The two names that take turns. */
export const slotNames = (name: string): readonly [string, string] => [name, `${name}-b`];

/** A token of an entry, as far as both systems have it alike. */
export interface TurnOfEntry {
  turn: Turn;
  /** Its own name, of the two. */
  id: string;
  /** What a planned token is beside its inputs. */
  planned: Pick<PlannedToken<unknown>, "name" | "entry" | "isCurrent" | "sinks">;
  row: TokenRow;
}

/**
 * The tokens that there are to be of an entry.
 * @param prefix what stands before its name in its title: `pve-lab/netbox@pve!`
 * @param resourceOf the logical name of one of its two names
 * @param isThere is one of them on the system?
 * @param problem what is wrong with it, by the place in the entry
 */
export function planTurns(
  facts: AccessFacts,
  { prefix, name, entry }: { prefix: string; name: string; entry: TurnEntry },
  resourceOf: (id: string) => string,
  isThere: (id: string) => boolean,
  problem: (place: readonly PropertyKey[], text: string) => void,
): { tokens: TurnOfEntry[]; warnings: string[] } {
  const { known, now } = facts;
  const title = `${prefix}${name}`;
  const settings = turnSettings(entry, facts.overlap);
  for (const { key, text } of turnProblems(entry, settings, now)) problem([key], text);
  const sinks = sinksOf(title, entry.sinks, facts, (n, text) => problem(["sinks", n], text));
  const ids = slotNames(name);
  const turnIn = (id: string) => knownTurn.safeParse(known.get(resourceOf(id))?.properties).data;
  const turns = turnsOf(
    settings,
    [turnIn(ids[0]), turnIn(ids[1])],
    [isThere(ids[0]), isThere(ids[1])],
    (generation) => sinks.every((sink) => known.get(sink.name)?.properties.generation === generation),
    now,
  );
  const tokens = [turns.previous, turns.current].flatMap((turn): TurnOfEntry[] => {
    if (turn === undefined) return [];
    const id = ids[turn.slot];
    const isCurrent = turn === turns.current;
    const last = turnIn(id);
    const { generation, expire, retires } = turn;
    const row: TokenRow = {
      entry: title,
      token: `${prefix}${id}`,
      generation,
      state: isCurrent ? "current" : "overlapping",
      madeAt: last?.generation === generation ? last.madeAt : undefined,
      expire,
      ...agesOf(settings),
      retires,
    };
    const planned = { name: resourceOf(id), entry: title, isCurrent, sinks: isCurrent ? sinks : [] };
    return [{ turn, id, planned, row }];
  });
  return { tokens, warnings: turnWarnings(title, turns, settings, ids, now) };
}

/** What a turn is among a token's inputs. */
export const turnInputs = ({ slot: _slot, ...turn }: Turn) => turn;

/** What a preview says of a token's age. */
function turnWarnings(
  title: string,
  { current, previous, reason, due }: Turns,
  settings: TurnSettings,
  names: readonly [string, string],
  now: number,
): string[] {
  if (reason !== undefined && previous !== undefined)
    return [
      `${title}: ${names[current.slot]} takes over from ${names[previous.slot]} in this run, since ${reason}. ${names[previous.slot]} goes on until ${printMinute(previous.retires ?? now)}: whoever still has it must have the new one by then.`,
    ];
  const { expire } = current;
  if (expire !== 0 && expire <= now)
    return [
      `${title} has expired (${printMoment(expire, now)}): write a later expire, or rotateAfter and an expire like 120d.`,
    ];
  if (expire !== 0 && "at" in settings.expire && expire - now < soon)
    return [`${title} expires ${printMoment(expire, now)} (${printMinute(expire)}): write a later expire.`];
  if (due !== undefined && due - now < Math.min(soon, (settings.rotateAfter ?? soon) / 4))
    return [
      `${title} is due for rotation ${printMoment(due, now)}: the next \`up\` after ${printMinute(due)} does it.`,
    ];
  return [];
}

/** The sinks of an entry. @param problem what stands in the way of one, by its place in the list */
function sinksOf(
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
    return [{ name: `sink/${entry}/${placeOfSecret(destination)}`, destination }];
  });
}

function destinationOf(sink: Sink, { address, namespace, caFile }: AccessFacts["vault"]): Destination | undefined {
  if ("file" in sink) return { to: "file", path: sink.file };
  if ("env" in sink) return { to: "env", path: sink.env, variable: sink.variable };
  if ("stack" in sink) return { to: "stack", ...sink };
  if (address === undefined) return undefined;
  const { vault: path, mount, prefix } = sink;
  return {
    to: "vault",
    address,
    mount,
    path,
    prefix,
    ...(namespace === undefined ? {} : { namespace }),
    ...(caFile === undefined ? {} : { caFile }),
  };
}
