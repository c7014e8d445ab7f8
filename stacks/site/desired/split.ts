import { groupBy } from "../../../providers/values";
import type { Scope } from "../settings";
import type { Scoped } from "./scope";

/** What stacks may be told apart by, in the order in which it is tried. */
export const dimensions = ["clusters", "sites", "tenants", "tags"] as const;
export type Dimension = (typeof dimensions)[number];

/** A stack of the split: its scope, and how many guests that holds today. */
export interface SplitPart {
  scope: Scope;
  guests: number;
}

export interface Split {
  parts: SplitPart[];
  /** Why a part is larger than was asked for. */
  notes: string[];
}

/** The one value that a guest has of a dimension; nothing where it has none, or several tags of those that count. */
function partOf(guest: Scoped, dimension: Dimension, tagPrefix: string | undefined): string | undefined {
  if (dimension === "clusters") return guest.clusterName;
  if (dimension === "sites") return guest.site;
  if (dimension === "tenants") return guest.tenant;
  const tags = tagPrefix === undefined ? [] : guest.tags.filter((tag) => tag.startsWith(tagPrefix));
  return tags.length === 1 ? tags[0] : undefined;
}

/**
 * Divides guests among stacks of at most so many, by values that every guest has exactly one of, so that no guest can be in two
 * and none in none. What one dimension leaves too large the next ones divide further.
 */
export function splitGuests(
  guests: Scoped[],
  most: number,
  { by, tagPrefix }: { by?: Dimension; tagPrefix?: string },
): Split {
  const notes: string[] = [];
  const order = by === undefined ? [...dimensions] : [by, ...dimensions.filter((each) => each !== by)];
  const divide = (own: Scoped[], scope: Scope, left: Dimension[], mustDivide: boolean): SplitPart[] => {
    if (own.length <= most && !mustDivide) return [{ scope, guests: own.length }];
    for (const [n, dimension] of left.entries()) {
      const groups = groupBy(own, (guest) => partOf(guest, dimension, tagPrefix));
      const lacking = groups.get(undefined)?.length ?? 0;
      if (lacking > 0 && dimension === by)
        notes.push(
          `${lacking} of ${own.length} guests have no ${one[dimension]} (or several), which a stack could go by`,
        );
      if (lacking > 0 || groups.size < 2) continue;
      const rest = left.slice(n + 1);
      const sized = [...groups].flatMap(([value, members]) => (value === undefined ? [] : [{ value, members }]));
      const large = sized.filter(({ members }) => members.length > most);
      return [
        ...large.flatMap(({ value, members }) => divide(members, { ...scope, [dimension]: [value] }, rest, false)),
        ...packed(
          sized.filter(({ members }) => members.length <= most),
          most,
        ).map(({ values, guests: count }) => ({ scope: { ...scope, [dimension]: values }, guests: count })),
      ];
    }
    if (own.length > most)
      notes.push(
        `${own.length} guests can't be divided further: give each a ${one.sites}, a ${one.tenants} or a tag of one prefix (--tag-prefix) in NetBox`,
      );
    return [{ scope, guests: own.length }];
  };
  return { parts: divide(guests, {}, order, by !== undefined), notes };
}

const one: Record<Dimension, string> = { clusters: "cluster", sites: "site", tenants: "tenant", tags: "tag" };

/** Values together in as few stacks as will do: the largest first, each into the first stack that has room. */
function packed(sized: { value: string; members: Scoped[] }[], most: number): { values: string[]; guests: number }[] {
  const bins: { values: string[]; guests: number }[] = [];
  for (const { value, members } of sized.sort(
    (a, b) => b.members.length - a.members.length || a.value.localeCompare(b.value),
  )) {
    const bin = bins.find(({ guests }) => guests + members.length <= most);
    if (bin) {
      bin.values.push(value);
      bin.guests += members.length;
    } else bins.push({ values: [value], guests: members.length });
  }
  return bins;
}

const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** Names for the stacks of a split: by their one value, or numbered. */
export function stackNames(base: string, parts: SplitPart[]): string[] {
  const names = parts.map(({ scope }, n) => {
    const values = Object.values(scope);
    return values.every((each) => each.length === 1)
      ? [base, ...values.flat().map(slug)].join("-")
      : `${base}-${n + 1}`;
  });
  return names.map((name, n) => (names.indexOf(name) === n ? name : `${name}-${n + 1}`));
}
