/** Objects and bytes of a body: Django refuses 2.5 MB, proxies before it 1 MB where nobody has set more. */
const bulkCount = 100;
const bulkBytes = 500_000;

/** The bodies in parts of so many, and so many bytes, as one request may have. */
export function bulks(bodies: readonly object[]): object[][] {
  const parts: object[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    const own = Buffer.byteLength(JSON.stringify(body)) + 1;
    const last = parts.at(-1);
    if (last === undefined || last.length === bulkCount || bytes + own > bulkBytes) {
      parts.push([body]);
      bytes = own;
    } else {
      last.push(body);
      bytes += own;
    }
  }
  return parts;
}
