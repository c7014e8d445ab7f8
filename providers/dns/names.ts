import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)

/** Names inside this program are absolute, lower-case, with the trailing dot. */
export const absolute = (name: string): string => `${name.replace(/\.+$/, "")}.`.toLowerCase();

/** The name of an address's PTR. */
export function reverseName(address: string): string {
  const host = address.split("/")[0] ?? "";
  const parsed = ipaddr.parse(host);
  const bytes = parsed.toByteArray();
  if (parsed.kind() === "ipv4") return `${bytes.reverse().join(".")}.in-addr.arpa.`;
  const nibbles = bytes.flatMap((byte) => [byte >> 4, byte & 15]).map((nibble) => nibble.toString(16));
  return `${nibbles.reverse().join(".")}.ip6.arpa.`;
}

/** An address without prefix length, in the form that BIND prints. */
export const canonicalAddress = (address: string): string => ipaddr.parse(address.split("/")[0] ?? "").toString();

/** May the name stand in a zone? Underscores and a leading asterisk included, as DNS allows them. */
export const isDnsName = (name: string): boolean =>
  absolute(name).length <= 254 && /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$/.test(absolute(name));
