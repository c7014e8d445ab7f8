/** PVE's property strings: `head,key=value,…`, where the head is a value without a key (a volume, a NIC's model and MAC). */
export interface PropertyString {
  head?: string;
  options: Record<string, string>;
}

export function parsePropertyString(text: string): PropertyString {
  const parsed: PropertyString = { options: {} };
  for (const part of text.split(",")) {
    const eq = part.indexOf("=");
    if (eq < 0) parsed.head = part;
    else parsed.options[part.slice(0, eq)] = part.slice(eq + 1);
  }
  return parsed;
}

/** The head first, then the options by name, as PVE prints them. */
export function printPropertyString({ head, options }: PropertyString): string {
  const rest = Object.keys(options)
    .sort()
    .map((key) => `${key}=${options[key]}`);
  return [...(head === undefined ? [] : [head]), ...rest].join(",");
}

const units: Record<string, number> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Bytes of PVE's size text (`512M`, `2G`, plain bytes). */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  if (!match) throw new Error(`not a size: ${text}`);
  return Math.round(Number(match[1]) * (units[match[2] ?? ""] ?? 1));
}

/** The shortest exact size text, as PVE's `format_size` gives it. */
export function printSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = units[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
