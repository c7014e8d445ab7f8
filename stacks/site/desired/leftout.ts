import { allowedOf } from "../../../providers/missing";
import type { SiteSettings } from "../settings";
import { withoutTakenNames } from "./guestnames";
import { desiredGuests } from "./guests";
import { keptGuests, keptHosts } from "./kept";
import { desiredRecords, type NamedRecords, type Servers } from "./records";
import { requiredFieldProblems } from "./requiredfields";
import type { DesiredGuest, GuestProblem, KeptGuest, PluginFacts, Problem, Site } from "./types";

// A guest that can't be declared as NetBox has it does not stop the others: it is left out, with all that it has.

/** What of a site can be declared. */
export interface Settled {
  guests: DesiredGuest[];
  named: Omit<NamedRecords, "problems" | "warnings">;
  /** What is left out, as far as the state has it. */
  kept: KeptGuest[];
  /** What is wrong with the guests that are left out, by NetBox id. */
  left: Map<number, Problem[]>;
  /** What can't be left out. */
  problems: Problem[];
  warnings: string[];
}

/**
 * Maps the site, leaves out the guests with problems, and maps again, until none is left that has one.
 * @param given what the settings say of required custom fields, by their names
 * @param before guests that are left out for what NetBox says of them
 * @param held guests that nobody is to touch, whatever NetBox says: kept as those that are left out, and no problem
 */
export function settle(
  site: Site,
  servers: Servers,
  plugin: PluginFacts | undefined,
  given: Record<string, unknown>,
  before: GuestProblem[],
  held: ReadonlySet<number> = new Set(),
): Settled {
  const left = new Map<number, Problem[]>();
  add(left, before);
  for (;;) {
    const out = new Set([...left.keys(), ...held]);
    const kept = keptGuests(site, out);
    const stillUsed = site.stillUsed.with(keptHosts(site, kept));
    const desired = desiredGuests({ ...site, stillUsed }, out);
    const { guests, warnings } = withoutTakenNames(site.netbox, desired.guests);
    const { problems: ofNames, warnings: ofRecords, ...named } = desiredRecords(site, guests, servers, plugin, kept);
    const required = requiredFieldProblems(site, given, guests, named.plugin);
    const found = withoutHeld([...desired.problems, ...ofNames, ...required], held);
    if (add(left, found)) continue;
    const problems = found.map(({ text }) => text);
    return { guests, named, kept, left, problems, warnings: [...warnings, ...ofRecords] };
  }
}

/** Without what only concerns guests that are held. */
const withoutHeld = (problems: GuestProblem[], held: ReadonlySet<number>): GuestProblem[] =>
  held.size === 0
    ? problems
    : problems.flatMap(({ guests, text }) => {
        const others = guests.filter((id) => !held.has(id));
        return guests.length > 0 && others.length === 0 ? [] : [{ guests: others, text }];
      });

/** @returns whether there is a guest among them that was not left out before */
function add(left: Map<number, Problem[]>, problems: GuestProblem[]): boolean {
  const known = new Set(left.keys());
  for (const { guests, text } of problems)
    for (const id of guests) if (!known.has(id)) left.set(id, [...(left.get(id) ?? []), text]);
  return left.size > known.size;
}

/** How many guests may be left out, where `site.maxLeftOut` doesn't say. */
const usual = "50%";
const least = 5;

/**
 * Why so many guests must not be left out: a misspelt name, or a NetBox that was read wrongly, looks just like that.
 * @param all guests that should be there
 */
export function leftProblem(
  { maxLeftOut: given }: Pick<SiteSettings, "maxLeftOut">,
  left: number,
  all: number,
): Problem | undefined {
  if (left === 0 || given === "all") return undefined;
  const allowed = given === undefined ? Math.max(least, allowedOf(usual, all)) : allowedOf(given, all);
  const none = left === all;
  if (left <= allowed && !none) return undefined;
  const why = none ? "every guest" : `${left} of ${all} guests`;
  return `${why} would be left out${none ? "" : `, and ${allowed} may be at once`}: correct what is said above, or, if that is meant, set netbox-proxmox:site.maxLeftOut to ${none ? "all" : left} for this run`;
}

/** A sentence for each problem of a guest that is left out, and how many there are. */
export function leftWarnings({ state }: Pick<Site, "state">, left: Map<number, Problem[]>, all: number): string[] {
  if (left.size === 0) return [];
  const texts = [...new Set([...left.values()].flat())];
  const made = [...left.keys()].filter((id) => state.guests.has(id)).length;
  const [are, them] = left.size === 1 ? ["guest is", "it"] : ["guests are", "them"];
  const stay =
    made === 0
      ? `nothing is made for ${them}`
      : `${made === left.size ? "" : `${made} of ${them} ${made === 1 ? "is" : "are"} built, and `}what is built stays as it is, with its names and addresses`;
  return [
    ...texts.map((text) => `Left out: ${text.replace(/\.$/, "")}.`),
    `${left.size} of ${all} ${are} left out of this run: ${stay}. Where one such guest is to stop the run, set netbox-proxmox:site.strict to true.`,
  ];
}
