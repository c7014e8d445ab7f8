import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)

export interface Cidr {
  family: 4 | 6;
  /** The host's bits and all, as one number. */
  value: bigint;
  length: number;
  /** The canonical text, host bits kept. */
  text: string;
  /** The canonical text of the network. */
  network: string;
}

export const bits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

export function printAddress(family: 4 | 6, value: bigint): string {
  const bytes = Array.from({ length: bits(family) / 8 }, (_, n) =>
    Number((value >> BigInt(bits(family) - 8 * (n + 1))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** Every text is parsed once: each new address is compared with all that there are. */
const known = new Map<string, Cidr | undefined>();

/** An address with or without prefix length; undefined for anything else. */
export function cidr(text: string): Cidr | undefined {
  if (known.has(text)) return known.get(text);
  if (known.size > 100_000) known.clear();
  const parsed = parse(text);
  known.set(text, parsed);
  return parsed;
}

function parse(text: string): Cidr | undefined {
  const [host = "", length] = text.split("/");
  if (!ipaddr.isValid(host) || (host.includes(".") && host.split(".").length !== 4)) return undefined;
  const parsed = ipaddr.parse(host);
  const family = parsed.kind() === "ipv4" ? 4 : 6;
  const size = length === undefined ? bits(family) : Number(length);
  if (!Number.isInteger(size) || size < 0 || size > bits(family)) return undefined;
  const value = parsed.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const shift = BigInt(bits(family) - size);
  return {
    family,
    value,
    length: size,
    text: `${printAddress(family, value)}/${size}`,
    network: `${printAddress(family, (value >> shift) << shift)}/${size}`,
  };
}

export const isNetworkIn = (parsed: Cidr): boolean => parsed.text === parsed.network;

/** The host of an address text, whatever its mask: what uniqueness goes by. */
export function hostKey(text: string): string {
  const key = hostKeys.get(text) ?? cidr(text)?.text.split("/")[0] ?? text;
  hostKeys.set(text, key);
  return key;
}
/** Each text is parsed once: every new address is compared with all there are. */
const hostKeys = new Map<string, string>();

/** Does the prefix hold the address? */
export function contains(prefix: string, address: string): boolean {
  const outer = cidr(prefix);
  const inner = cidr(address);
  if (outer === undefined || inner === undefined || outer.family !== inner.family || inner.length < outer.length)
    return false;
  const shift = BigInt(bits(outer.family) - outer.length);
  return outer.value >> shift === inner.value >> shift;
}

/** Host addresses of a prefix in order, without those NetBox never hands out (network, broadcast, subnet-router anycast). */
export function* hosts(prefix: string, isPool: boolean): Generator<string> {
  const parsed = cidr(prefix);
  if (parsed === undefined) return;
  const size = 1n << BigInt(bits(parsed.family) - parsed.length);
  const skipsFirst = !isPool && size > 2n;
  const skipsLast = skipsFirst && parsed.family === 4;
  const end = parsed.value + size - (skipsLast ? 1n : 0n);
  for (let value = parsed.value + (skipsFirst ? 1n : 0n); value < end; value++)
    yield `${printAddress(parsed.family, value)}/${parsed.length}`;
}

export function* between(start: string, end: string): Generator<string> {
  const first = cidr(start);
  const last = cidr(end);
  if (first === undefined || last === undefined) return;
  for (let value = first.value; value <= last.value; value++)
    yield `${printAddress(first.family, value)}/${first.length}`;
}
