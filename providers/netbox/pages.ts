import type { Query } from "../http/query";

/** Objects that a page is asked for. NetBox gives fewer where its MAX_PAGE_SIZE says so. */
export const pageSize = 1000;

export interface PageRow {
  id: number;
  [field: string]: unknown;
}

/** What all pages had, by id; not whole where the list changed while it was read, and too many where nobody wants to read on. */
export interface Pages {
  rows: Map<number, PageRow>;
  isWhole: boolean;
  isTooMany?: true;
}

/** One page, by ascending ids, from a place in the list. */
type ReadPage = (place: Query) => Promise<{ count: number; next: string | null; results: PageRow[] }>;

/**
 * All pages of a list, in parallel and by ascending ids, so that what is added comes last and shifts nothing. What is deleted
 * meanwhile shifts the rest: each page begins with the last object of the one before, which tells whether anything was lost.
 * A page has as many objects as the first one brought, which is NetBox's to say.
 * @param most pages that are wanted: of more, only the first one is read
 */
export async function readPages(read: ReadPage, most = Number.POSITIVE_INFINITY): Promise<Pages> {
  const first = await read({ limit: pageSize, offset: 0 });
  const size = first.results.length;
  if (first.next === null) return { rows: byId(first.results), isWhole: size === first.count };
  const more = size < 2 ? first.count - 1 : Math.ceil((first.count - 1) / (size - 1)) - 1;
  if (1 + more > most) return { rows: byId(first.results), isWhole: false, isTooMany: true };
  if (size < 2) return walk(first.results, read);
  const rest = await Promise.all(
    Array.from({ length: more }, (_, n) => read({ limit: size, offset: (n + 1) * (size - 1) })),
  );
  const all = [first, ...rest].map(({ results }) => results);
  const isWhole = all.every((page, n) => n === 0 || page[0]?.id === all[n - 1]?.[size - 1]?.id);
  return { rows: byId(all.flat()), isWhole };
}

/** Pages of one object, which can't overlap: each is asked for by the id before it. */
async function walk(first: PageRow[], read: ReadPage): Promise<Pages> {
  const rows = byId(first);
  for (let last = first[0]; last !== undefined; ) {
    const [next] = (await read({ limit: 1, id__gt: last.id })).results;
    // The filter was not honoured.
    if (next !== undefined && next.id <= last.id) return { rows, isWhole: false };
    if (next !== undefined) rows.set(next.id, next);
    last = next;
  }
  return { rows, isWhole: first.length > 0 };
}

const byId = (rows: PageRow[]): Map<number, PageRow> => new Map(rows.map((row) => [row.id, row]));
