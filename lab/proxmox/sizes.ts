const units: Record<string, number> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Bytes of PVE's size text (`512M`, `2G`, plain bytes). */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  if (!match) throw new Error(`not a size: ${text}`);
  return Math.round(Number(match[1]) * (units[match[2] ?? ""] ?? 1));
}

/** The shortest exact size text, as PVE's `format_size` gives it. */
export function shortestSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = units[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** What `resize` makes of a size: `+N` adds. */
export const resized = (now: number, size: string): number =>
  size.startsWith("+") ? now + parseBytes(size.slice(1)) : parseBytes(size);
