/** What a list is asked for: a name with a list as its value stands once for each of them. */
export type Query = Record<string, string | number | boolean | readonly (string | number)[]>;

/**
 * Bytes of a request line. gunicorn, which NetBox runs behind, refuses 4,095; proxies before it may refuse less, and a repeated
 * filter that goes on growing is refused by all of them.
 */
export const longestRequestLine = 2000;

export function search(query: Query): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const each of valuesOf(value)) parameters.append(name, String(each));
  return parameters;
}

const valuesOf = (value: Query[string]): readonly (string | number | boolean)[] =>
  typeof value === "object" ? value : [value];

/** Bytes in a URL, with a separator for each. */
const size = (query: Query): number => (search(query).size === 0 ? 0 : search(query).toString().length + 1);

/**
 * A query as the queries that fit, each with a part of the longest lists: what they select together is what the whole one would,
 * and an object may be selected by several. One value that is too long by itself is left out, and more is selected: the caller
 * has to look at what comes anyway, as NetBox ignores a filter that it doesn't know.
 * @param room bytes for all parameters of a request, with `?` and `&`
 */
export function splitQuery(query: Query, room: number): Query[] {
  const whole = size(query);
  if (whole <= room) return [query];
  const sizes = Object.entries(query).map(([name, value]) => ({
    name,
    value: valuesOf(value),
    bytes: size({ [name]: value }),
  }));
  const longest = sizes.filter(({ value }) => value.length > 1).sort((a, b) => b.bytes - a.bytes)[0];
  if (longest === undefined) {
    const [{ name = "" } = {}] = sizes.sort((a, b) => b.bytes - a.bytes);
    const { [name]: _tooLong, ...others } = query;
    return splitQuery(others, room);
  }
  const { name, value, bytes } = longest;
  const left = room - (whole - bytes);
  const parts = Math.min(value.length, Math.max(2, left > 0 ? Math.ceil(bytes / left) : 2));
  const each = Math.ceil(value.length / parts);
  return Array.from({ length: Math.ceil(value.length / each) }, (_, n) =>
    value.slice(n * each, (n + 1) * each),
  ).flatMap((part) => splitQuery({ ...query, [name]: part.map(String) }, room));
}
