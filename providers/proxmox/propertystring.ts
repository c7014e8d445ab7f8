/** PVE's property strings, `head,key=value,…`: options keep their order, the head is what has no key. */
export interface PropertyString {
  head?: string;
  options: Map<string, string>;
}

export function parsePropertyString(text: string): PropertyString {
  const parsed: PropertyString = { options: new Map() };
  for (const part of text.split(",")) {
    const eq = part.indexOf("=");
    if (eq < 0) parsed.head = part;
    else parsed.options.set(part.slice(0, eq), part.slice(eq + 1));
  }
  return parsed;
}

export const printPropertyString = ({ head, options }: PropertyString): string =>
  [...(head === undefined ? [] : [head]), ...[...options].map(([key, value]) => `${key}=${value}`)].join(",");

const mebibytes: Record<string, number> = { K: 1 / 1024, M: 1, G: 1024, T: 1024 * 1024 };

/** MiB of a size as PVE prints it (`10G`, `512M`, plain bytes). */
export function parseSize(text: string): number {
  const [, number = "0", unit] = /^(\d+(?:\.\d+)?)([KMGT])?$/.exec(text) ?? [];
  return unit === undefined ? Number(number) / 1024 ** 2 : Number(number) * (mebibytes[unit] ?? 1);
}

/** MiB as PVE's shortest exact text. */
export function printSize(size: number): string {
  for (const unit of ["T", "G", "M"]) {
    const factor = mebibytes[unit] ?? 1;
    if (size >= factor && size % factor === 0) return `${size / factor}${unit}`;
  }
  return `${Math.ceil(size * 1024)}K`;
}
