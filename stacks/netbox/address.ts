import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)
import { hostOf } from "../../providers/netbox/ipam/ipallocation.model";

export { hostOf };

export type Family = 4 | 6;

/** A host, parsed once. */
export interface Address {
  family: Family;
  /** All 32 or 128 bits. */
  bits: bigint;
  /** As RFC 5952 writes it. */
  text: string;
}

/** How many texts are kept parsed: a process that serves for long must not keep every address that it ever met. */
const mostKept = 200_000;
const kept = new Map<string, Address>();

/** The host of `10.0.0.5` or `10.0.0.5/24`. @throws Error where it is no address */
export function addressOf(text: string): Address {
  const host = hostOf(text);
  const known = kept.get(host);
  if (known !== undefined) return known;
  const parsed = ipaddr.parse(host);
  const hex = parsed.toByteArray().map((byte) => byte.toString(16).padStart(2, "0"));
  const family = parsed.kind() === "ipv4" ? 4 : 6;
  const address = { family, bits: BigInt(`0x${hex.join("")}`), text: parsed.toString() } as const;
  if (kept.size >= mostKept) kept.clear();
  kept.set(host, address);
  return address;
}

/** An address without prefix length, in the form that BIND prints. */
export const canonical = (address: string): string => addressOf(address).text;

/** Can the internet reach it: is it neither private nor kept for something else? */
export const isPublic = (address: string): boolean => ipaddr.parse(hostOf(address)).range() === "unicast";

export const familyOf = (address: string): Family => (hostOf(address).includes(":") ? 6 : 4);

const widths = { 4: 32, 6: 128 } as const;

/** The first bits of an address: the same number for all addresses of one network. */
export const networkBits = ({ family, bits }: Address, length: number): bigint =>
  bits >> BigInt(widths[family] - length);

/** The length of a CIDR's prefix. */
export const lengthOf = (prefix: string): number => Number(prefix.split("/")[1]);

/** Does the prefix (CIDR) hold the address? */
export function holds(prefix: string, address: string): boolean {
  const [network, host, length] = [addressOf(prefix), addressOf(address), lengthOf(prefix)];
  return network.family === host.family && networkBits(network, length) === networkBits(host, length);
}

export function inRange(start: string, end: string, address: string): boolean {
  const [first, last, host] = [addressOf(start), addressOf(end), addressOf(address)];
  return first.family === host.family && first.bits <= host.bits && host.bits <= last.bits;
}

/** By family, then by number. */
export function byAddress(a: string, b: string): number {
  const [one, other] = [addressOf(a), addressOf(b)];
  if (one.family !== other.family) return one.family - other.family;
  return one.bits === other.bits ? 0 : one.bits < other.bits ? -1 : 1;
}
