import { duration, milliseconds } from "../../duration";

// Two tokens take turns: the next one is made and published before the last one goes.

/** A token as the state has it. Times in seconds since 1970. */
export interface KnownTurn {
  generation: number;
  rotation: number;
  /** 0 is never. */
  expire: number;
  madeAt?: number | undefined;
  adopted?: boolean | undefined;
  retires?: number | undefined;
}

/** A token as it is to be. */
export interface Turn {
  /** Which of the two: 0 has the entry's own name. */
  slot: 0 | 1;
  generation: number;
  rotation: number;
  expire: number;
  adopted?: true;
  retires?: number;
}

/** What is wanted of a token's age. Durations in seconds. */
export interface TurnSettings {
  rotateAfter: number | undefined;
  overlap: number;
  rotation: number;
  expire: { at: number } | { after: number };
}

export interface Turns {
  current: Turn;
  previous?: Turn;
  /** Why the next one takes over in this run. */
  reason?: string;
  /** When the current one is to be replaced; nothing where it never is. */
  due?: number;
}

type Pair<T> = readonly [T, T];
const other = (slot: 0 | 1): 0 | 1 => (slot === 0 ? 1 : 0);
const hour = 3600;
const day = 86_400;

/**
 * Which tokens there are to be now.
 * @param known what the state has of both
 * @param isThere are they on the system?
 * @param isPublished did every place get the one of this generation?
 */
export function turnsOf(
  settings: TurnSettings,
  known: Pair<KnownTurn | undefined>,
  isThere: Pair<boolean>,
  isPublished: (generation: number) => boolean,
  now: number,
): Turns {
  const last = ([0, 1] as const)
    .flatMap((slot) => (known[slot] === undefined ? [] : [{ slot, ...known[slot] }]))
    .sort((a, b) => b.generation - a.generation)[0];
  if (last === undefined) return first(settings, isThere, now);
  const reason = reasonFor(settings, last, now);
  if (reason !== undefined) {
    const current = turn(settings, other(last.slot), last.generation + 1, now);
    const previous = going(last.slot, last, last.retires ?? now + settings.overlap);
    return withDue(settings, { current, previous, reason }, now);
  }
  const { slot, generation, rotation, madeAt = now } = last;
  const current: Turn = { slot, generation, rotation, expire: expiryOf(settings, madeAt, last.expire) };
  const before = known[other(slot)];
  // It goes on until its time is over and every place has the new one.
  const previous =
    before?.retires !== undefined && (before.retires > now || !isPublished(generation))
      ? going(other(slot), before, before.retires)
      : undefined;
  return withDue(settings, previous === undefined ? { current } : { current, previous }, madeAt);
}

/** One that another one takes over from: as it is, until then. */
const going = (slot: 0 | 1, { generation, rotation, expire, adopted }: KnownTurn, retires: number): Turn => ({
  slot,
  generation,
  rotation,
  expire,
  ...(adopted === true ? { adopted } : {}),
  retires,
});

/** The state has none of them; what is there already has a secret that nobody here knows. */
function first(settings: TurnSettings, [isFirst, isSecond]: Pair<boolean>, now: number): Turns {
  if (!isFirst) return withDue(settings, { current: turn(settings, 0, 0, now) }, now);
  const previous: Turn = {
    slot: 0,
    generation: 0,
    rotation: settings.rotation,
    expire: 0,
    adopted: true,
    retires: now + settings.overlap,
  };
  const reason = isSecond
    ? "both of its tokens are there, and the secret of neither is known here: the second gets a new one"
    : "it is there, and its secret is not known here";
  return withDue(settings, { current: turn(settings, 1, 1, now), previous, reason }, now);
}

const turn = (settings: TurnSettings, slot: 0 | 1, generation: number, now: number): Turn => ({
  slot,
  generation,
  rotation: settings.rotation,
  expire: expiryOf(settings, now, undefined),
});

/** When one that was made then expires: by the hour, so that a preview and its run say the same. */
function expiryOf({ expire }: TurnSettings, madeAt: number, last: number | undefined): number {
  if ("at" in expire) return expire.at;
  const at = Math.ceil((madeAt + expire.after) / hour) * hour;
  return last !== undefined && Math.abs(last - at) <= hour ? last : at;
}

function reasonFor(settings: TurnSettings, last: KnownTurn, now: number): string | undefined {
  if (last.retires !== undefined || last.adopted === true)
    return "the one that is there has no known secret, or was given up";
  if (last.rotation !== settings.rotation) return "its rotation counter was changed";
  const due = dueAt(agesOf(settings), last.madeAt, last.expire);
  return due !== undefined && due <= now ? "it is due" : undefined;
}

/** What is kept of the settings of a token's age beside it. Seconds. */
export interface Ages {
  /** Nothing where no age makes it go. */
  rotateAfter?: number | undefined;
  overlap: number;
  /** Does an expiry that the file names as a time after its making let it go on? */
  renews: boolean;
}
export const agesOf = ({ rotateAfter, overlap, expire }: TurnSettings): Ages => ({
  rotateAfter,
  overlap,
  renews: "after" in expire,
});

/** When the next one has to take over: by its age, or before it expires. */
export function dueAt(
  { rotateAfter, overlap, renews }: Ages,
  madeAt: number | undefined,
  expiry: number,
): number | undefined {
  const byAge = rotateAfter === undefined || madeAt === undefined ? [] : [madeAt + rotateAfter];
  // What expires at a date that the file names expires: another one would, too.
  const byExpiry = expiry === 0 || !renews ? [] : [expiry - overlap];
  const all = [...byAge, ...byExpiry];
  return all.length === 0 ? undefined : Math.min(...all);
}

function withDue(settings: TurnSettings, turns: Turns, madeAt: number): Turns {
  const due = dueAt(agesOf(settings), madeAt, turns.current.expire);
  return due === undefined ? turns : { ...turns, due };
}

/** `in 12 d`, `3 h ago`. */
export function printMoment(at: number, now: number): string {
  const apart = Math.abs(at - now);
  const text =
    apart >= 2 * day
      ? `${Math.floor(apart / day)} d`
      : apart >= 2 * hour
        ? `${Math.floor(apart / hour)} h`
        : `${Math.round(apart / 60)} min`;
  return at > now ? `in ${text}` : `${text} ago`;
}

/** `2027-01-31 04:00Z`. */
export const printMinute = (at: number): string =>
  `${new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ")}Z`;

/** Seconds of `30m`, `12h`, `90d`. */
export const secondsOf = (text: string): number => milliseconds(text) / 1000;

/** What a file says of an expiry. */
export function expiryFrom(value: number | string | undefined): TurnSettings["expire"] {
  if (value === undefined) return { at: 0 };
  if (typeof value === "number") return { at: value };
  if (duration.safeParse(value).success) return { after: secondsOf(value) };
  const [date = "", time = "00:00"] = value.replace(/Z$/, "").split(/[T ]/);
  return { at: Math.floor(Date.parse(`${date}T${time}Z`) / 1000) };
}
