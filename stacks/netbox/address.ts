import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)
import { hostOf } from "../../providers/netbox/ipam/ipallocation.model";

export { canonicalAddress as canonical } from "../../providers/dns/names";
export { hostOf };

export type Family = 4 | 6;

export const familyOf = (address: string): Family => (hostOf(address).includes(":") ? 6 : 4);

/** Does the prefix (CIDR) hold the address? */
export function holds(prefix: string, address: string): boolean {
  const [network, length] = ipaddr.parseCIDR(prefix);
  const host = ipaddr.parse(hostOf(address));
  return network.kind() === host.kind() && host.match(network, length);
}

/** Bytes as a comparable text, for order and ranges. */
const key = (address: string): string =>
  ipaddr
    .parse(hostOf(address))
    .toByteArray()
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

export const inRange = (start: string, end: string, address: string): boolean =>
  familyOf(start) === familyOf(address) && key(start) <= key(address) && key(address) <= key(end);

/** The length of a CIDR's prefix. */
export const lengthOf = (prefix: string): number => Number(prefix.split("/")[1]);

/** By family, then by number. */
export const byAddress = (a: string, b: string): number => familyOf(a) - familyOf(b) || (key(a) < key(b) ? -1 : 1);
