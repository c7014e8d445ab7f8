import { z } from "zod";
import { type Allowance, allowance, allowedOf } from "../../providers/missing";
import { type Change, type Effect, effects } from "./change";
import { listedNames } from "./listed";

// How much of what a run may do at once.

const limit = z.union([allowance, z.literal("all")]);

/** `site.limits`: by effect, a number, a percentage, or `all`. */
export const limitsSchema = z.strictObject({
  removes: limit.optional(),
  rebuilds: limit.optional(),
  stops: limit.optional(),
  restarts: limit.optional(),
  migrates: limit.optional(),
  renumbers: limit.optional(),
  releases: limit.optional(),
  removesNames: limit.optional(),
  detaches: limit.optional(),
  moves: limit.optional(),
} satisfies Record<Effect, unknown>);

export interface LimitSettings {
  /** The limit of each effect that takes something away, where `limits` names none. */
  maxRemovals: Allowance;
  limits: z.infer<typeof limitsSchema>;
}

/** How many there are of what effects are counted in: all that the stack has, however few were read. */
export interface Totals {
  guests: number;
  addresses: number;
  names: number;
}

interface Meaning {
  unit: keyof Totals;
  /** Is `maxRemovals` its limit? */
  isRemoval: boolean;
  /** What happens to one, and to several. */
  one: string;
  many: string;
}

const meanings: Record<Effect, Meaning> = {
  removes: {
    unit: "guests",
    isRemoval: true,
    one: "guest would be removed with its disks",
    many: "guests would be removed with their disks",
  },
  rebuilds: {
    unit: "guests",
    isRemoval: true,
    one: "guest would be deleted and made anew",
    many: "guests would be deleted and made anew",
  },
  stops: { unit: "guests", isRemoval: false, one: "guest would be stopped", many: "guests would be stopped" },
  restarts: { unit: "guests", isRemoval: false, one: "guest would be restarted", many: "guests would be restarted" },
  migrates: {
    unit: "guests",
    isRemoval: false,
    one: "guest would be migrated to another node",
    many: "guests would be migrated to other nodes",
  },
  renumbers: {
    unit: "guests",
    isRemoval: true,
    one: "guest would get another address, or lose one",
    many: "guests would get another address, or lose one",
  },
  releases: {
    unit: "addresses",
    isRemoval: true,
    one: "address of a guest that stays would be released",
    many: "addresses of guests that stay would be released",
  },
  removesNames: { unit: "names", isRemoval: true, one: "name would be removed", many: "names would be removed" },
  detaches: {
    unit: "guests",
    isRemoval: false,
    one: "guest would have disks detached",
    many: "guests would have disks detached",
  },
  moves: {
    unit: "guests",
    isRemoval: false,
    one: "guest would have disks moved to another storage",
    many: "guests would have disks moved to another storage",
  },
};

/** The number of an effect that one run may have; Infinity where its limit is lifted. */
export function limitOf(effect: Effect, { limits, maxRemovals }: LimitSettings, totals: Totals): number {
  const { unit, isRemoval } = meanings[effect];
  const all = totals[unit];
  const given = limits[effect];
  if (given === "all") return Number.POSITIVE_INFINITY;
  if (given !== undefined) return allowedOf(given, all);
  return isRemoval ? allowedOf(maxRemovals, all) : Math.max(5, allowedOf("10%", all));
}

/** Changes of one effect that look like a mistake: none may be unless `limits` names the effect. */
export interface Doubt {
  effect: Effect;
  /** `NetBox has no custom field …` */
  why: string;
  explains: (change: Change) => boolean;
}

const doubtOf = (effect: Effect, changes: Change[], doubts: Doubt[]): Doubt | undefined =>
  doubts.find((doubt) => doubt.effect === effect && changes.some(doubt.explains));

const byName = (a: Change, b: Change): number => a.name.localeCompare(b.name, "en", { numeric: true });

/** What stands in a run's way because it would do too much of one thing: one sentence an effect, with its objects and the setting that lifts it. */
export function judgeLimits(
  changes: Change[],
  settings: LimitSettings,
  totals: Totals,
  doubts: Doubt[] = [],
): string[] {
  return effects.flatMap((effect) => {
    const all = changes.filter((change) => change.effects.includes(effect));
    const doubt = settings.limits[effect] === undefined ? doubtOf(effect, all, doubts) : undefined;
    const having = doubt === undefined ? all : all.filter(doubt.explains);
    const allowed = doubt === undefined ? limitOf(effect, settings, totals) : 0;
    if (having.length <= allowed) return [];
    const { isRemoval, one, many } = meanings[effect];
    const count = having.length;
    const names = having.sort(byName).map(({ name, url }) => (url === undefined ? name : `${name} (${url})`));
    const general = isRemoval && doubt === undefined ? ", or netbox-proxmox:site.maxRemovals," : "";
    const why = doubt === undefined ? "" : `, since ${doubt.why}`;
    return [
      `${count} ${count === 1 ? one : many}, and ${allowed} are allowed at once${why}: ${listedNames(names)}. If that is meant, set netbox-proxmox:site.limits.${effect} to ${count}${general} for this run.`,
    ];
  });
}

/** How many limits stopped a run, by what it said. */
export const limitsReached = (errors: string[]): number =>
  [...new Set(errors)].join("\n").match(/, and \d+ are allowed at once/g)?.length ?? 0;
