import type { PropertyFormat } from "./parameters";

/** The keys of a property string, aliases resolved; or PVE's text of what is wrong with its form. */
export function parseProperties(definition: PropertyFormat, raw: string): Record<string, string> | string {
  const { head, aliases = {}, keyed } = definition;
  const found: Record<string, string> = {};
  for (const part of raw.split(",")) {
    if (part.trim() === "") continue;
    const [, written, value] = /^([^=]+)=(.*)$/s.exec(part) ?? [];
    if (written === undefined || value === undefined) {
      if (part.includes("=")) return "missing key in comma-separated list property\n";
      if (head === undefined) return "value without key, but schema does not define a default key\n";
      if (found[head] !== undefined) return `duplicate key in comma-separated list property: ${head}\n`;
      found[head] = part;
      continue;
    }
    const isKeyed = keyed?.values.includes(written) ?? false;
    const key = isKeyed ? (keyed?.to ?? written) : (aliases[written] ?? written);
    if (found[key] !== undefined) return `duplicate key in comma-separated list property: ${written}\n`;
    if (isKeyed && head !== undefined) found[head] = written;
    found[key] = value;
  }
  return found;
}

/** The text that PVE stores: the head first, then what must be there, then the rest by name. */
export function printProperties(definition: PropertyFormat, values: Record<string, string>): string {
  const { head, keyed, keys } = definition;
  const rest = { ...values };
  const parts: string[] = [];
  const first = head === undefined ? undefined : rest[head];
  if (head !== undefined && first !== undefined) {
    const second = keyed === undefined ? undefined : rest[keyed.to];
    parts.push(second === undefined ? first : `${first}=${second}`);
    delete rest[head];
    if (keyed !== undefined) delete rest[keyed.to];
  }
  const names = Object.keys(rest).sort();
  for (const wanted of [true, false])
    for (const name of names) if ((keys[name]?.required ?? false) === wanted) parts.push(`${name}=${rest[name]}`);
  return parts.join(",");
}
