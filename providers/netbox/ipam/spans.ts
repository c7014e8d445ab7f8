import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)

type Family = 4 | 6;
const widths = { 4: 32, 6: 128 } as const;

/** Addresses from one to another, both among them, by their numbers. */
export interface Span {
  family: Family;
  first: bigint;
  last: bigint;
}

const hostOf = (text: string): string => text.split("/")[0] ?? "";

/** The number of an address. @throws Error where it is none */
export function bitsOf(address: string): bigint {
  const bytes = ipaddr.parse(hostOf(address)).toByteArray();
  return BigInt(`0x${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`);
}

/** As RFC 5952 writes it. */
export function printHost(family: Family, bits: bigint): string {
  const bytes = Array.from({ length: widths[family] / 8 }, (_, n) =>
    Number((bits >> BigInt(widths[family] - 8 * (n + 1))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** What `10.0.0.5`, `10.0.0.0/28` or `10.0.0.5-10.0.0.9` covers. @throws Error where it is none of these */
export function spanOf(text: string): Span {
  const [start = "", end] = text.split("-");
  const family = ipaddr.parse(hostOf(start)).kind() === "ipv4" ? 4 : 6;
  const first = bitsOf(start);
  if (end !== undefined) {
    const last = bitsOf(end);
    if (start.includes(":") !== end.includes(":") || last < first) throw new Error(`${text} is no range of addresses`);
    return { family, first, last };
  }
  const length = start.includes("/") ? Number(start.split("/")[1]) : widths[family];
  if (!Number.isInteger(length) || length < 0 || length > widths[family]) throw new Error(`${text} is no network`);
  const rest = BigInt(widths[family] - length);
  const network = (first >> rest) << rest;
  return { family, first: network, last: network + (1n << rest) - 1n };
}

/** The smallest network that holds all of a span, as `10.0.0.0/24`. */
export function coveringCidr({ family, first, last }: Span): string {
  let length: number = widths[family];
  while (first >> BigInt(widths[family] - length) !== last >> BigInt(widths[family] - length)) length--;
  const rest = BigInt(widths[family] - length);
  return `${printHost(family, (first >> rest) << rest)}/${length}`;
}
