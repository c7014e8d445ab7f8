import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)

/**
 * Names inside this program are absolute: lower-case, with the trailing dot, and in the ASCII form (`xn--…`) that DNS has of
 * letters beyond it. Two names are the same where this is.
 */
export function absolute(name: string): string {
  const bare = name.replace(/\.+$/, "");
  const ascii = /[^\x00-\x7f]/.test(bare) ? domainToASCII(bare) || bare : bare;
  return `${ascii}.`.toLowerCase();
}

/** The same without the trailing dot, as NetBox and people write it. */
export const bareName = (name: string): string => absolute(name).replace(/\.$/, "");

/** The name of an address's PTR, where no classless zone holds it. */
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

/** Characters of a name, and of a label of it. */
const longestName = 253;
const longestLabel = 63;

/** The label in front of a name at which its owner is written. */
export const ownerLabel = "_netbox-proxmox";

const isWildcard = (name: string): boolean => absolute(name).startsWith("*.");
const labelsOf = (name: string): string[] => bareName(name).replace(/^\*\./, "").split(".");

/**
 * Why a name can't stand in a zone with its owner beside it, as the end of a sentence; undefined where it can. Underscores and
 * a leading asterisk are taken, as DNS allows them.
 */
export function nameProblem(name: string): string | undefined {
  const longest = longestName - ownerLabel.length - 1;
  const bare = bareName(name);
  if (bare.length > longest)
    return `has ${bare.length} characters, and ${longest} are the most (DNS has ${longestName}, and ${ownerLabel} stands in front of it)`;
  for (const label of labelsOf(name)) {
    if (label === "") return "has a part without characters";
    if (label.length > longestLabel)
      return `has a part of ${label.length} characters (${label}), and DNS takes ${longestLabel}`;
    const strange = /[^a-z0-9_-]/.exec(label)?.[0];
    if (strange !== undefined)
      return `has ${JSON.stringify(strange)} in it, and DNS takes letters, digits, hyphens, underscores, and an asterisk alone in front`;
    if (/^-|-$/.test(label)) return `has a part that begins or ends with a hyphen (${label})`;
  }
  return undefined;
}

/** May the name stand in a zone? */
export const isDnsName = (name: string): boolean => nameProblem(name) === undefined;

/** May an address stand at the name? BIND takes host names and wildcards there (`check-names`). */
export const takesAddresses = (name: string): boolean =>
  labelsOf(name).every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));

/** May a PTR lead to the name? BIND takes host names there, and no wildcard. */
export const takesPointers = (name: string): boolean => !isWildcard(name) && takesAddresses(name);
