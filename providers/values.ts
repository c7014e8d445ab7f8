import { createHash } from "node:crypto";

/** Is it an object with keys? */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Without the keys whose value is undefined, so that two of them compare by what they say and state stays small. */
export function withoutUndefined<T extends object>(value: T): T {
  const copy = { ...value };
  for (const key of Object.keys(copy) as (keyof T)[]) if (copy[key] === undefined) delete copy[key];
  return copy;
}

/** The text of a value that is the same whatever the order of its keys, and, where asked for, of its lists. */
export function canonicalText(value: unknown, anyOrder = false): string {
  if (Array.isArray(value)) {
    const items = value.map((each) => canonicalText(each, anyOrder));
    return `[${(anyOrder ? items.sort() : items).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const keys = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${keys.map(([key, each]) => `${JSON.stringify(key)}:${canonicalText(each, anyOrder)}`).join(",")}}`;
}

/** Do two values say the same? The order of keys means nothing; that of lists means something, but for sets of values. */
export const sameValue = (a: unknown, b: unknown, { sets = false } = {}): boolean =>
  canonicalText(a, sets) === canonicalText(b, sets);

/** Items by a key, in their order. */
export function groupBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Short, and another one for another text. */
export const shortDigest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
