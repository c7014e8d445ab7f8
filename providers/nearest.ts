/** Letters to change, add or take away (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [n, letter] of [...a].entries()) {
    const next = [n + 1];
    for (const [m, mark] of [...b].entries())
      next.push(Math.min((row[m + 1] ?? 0) + 1, (next[m] ?? 0) + 1, (row[m] ?? 0) + (letter === mark ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The name that is most likely meant by one that nobody has, whatever its case; undefined where none is near enough. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const near = [...known]
    .map((each) => ({ each, apart: distance(each.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.apart - b.apart || (a.each < b.each ? -1 : 1))[0];
  return near !== undefined && near.apart <= Math.max(2, name.length / 4) ? near.each : undefined;
}
