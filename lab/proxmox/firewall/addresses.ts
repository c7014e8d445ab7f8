import { isIPv4, isIPv6 } from "node:net";

// Addresses as PVE's firewall reads them, with the texts of the library that it reads them by (Perl's Net::IP).

export const aliasPattern = /^(dc\/|guest\/)?([A-Za-z][A-Za-z0-9\-_]+)$/;

export type IpVersion = 4 | 6;

/** What is wrong with an IPv4 address. */
function badIPv4(text: string): string | undefined {
  if (!/^[\d.]+$/.test(text)) return `Invalid chars in IP ${text}`;
  if (text.startsWith(".")) return `Invalid IP ${text} - starts with a dot`;
  if (text.endsWith(".")) return `Invalid IP ${text} - ends with a dot`;
  if (text.includes("..")) return `Empty quad in IP address ${text}`;
  const quads = text.split(".");
  if (quads.length > 4) return `Too many quads in IP ${text}`;
  const wrong = quads.find((quad) => Number(quad) > 255);
  if (wrong !== undefined) return `Invalid quad in IP address ${text} - ${wrong}`;
  return quads.length < 4 ? `Invalid IP address ${text}` : undefined;
}

/** The bits of an address as a number. */
function bitsOf(address: string): bigint {
  if (isIPv4(address)) return address.split(".").reduce((all, quad) => (all << 8n) | BigInt(quad), 0n);
  const [head = "", tail] = address
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...q: string[]) => hexPair(q))
    .split("::");
  const left = head.split(":").filter(Boolean);
  const right = (tail ?? "").split(":").filter(Boolean);
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return groups.reduce((all, group) => (all << 16n) | BigInt(`0x${group}`), 0n);
}
const hexPair = ([a = "0", b = "0", c = "0", d = "0"]: string[]): string =>
  [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":");

/** The first address of the network that an address is in, in the form PVE keeps. */
function networkOf(address: string, prefix: number): string {
  const width = isIPv4(address) ? 32 : 128;
  const shift = BigInt(width - prefix);
  const bits = (bitsOf(address) >> shift) << shift;
  if (width === 32) return [24n, 16n, 8n, 0n].map((at) => (bits >> at) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, n) => ((bits >> BigInt(112 - 16 * n)) & 0xffffn).toString(16));
  const zeros = /\b0(:0)+\b/g;
  const text = groups.join(":");
  const longest = [...text.matchAll(zeros)].sort((a, b) => b[0].length - a[0].length)[0];
  return longest === undefined
    ? text
    : `${text.slice(0, longest.index).replace(/:$/, "")}::${text.slice(longest.index + longest[0].length).replace(/^:/, "")}`;
}

/** Whether no bit of an address lies behind its prefix. */
const isNetwork = (address: string, prefix: number): boolean => {
  const rest = BigInt((isIPv4(address) ? 32 : 128) - prefix);
  return (bitsOf(address) >> rest) << rest === bitsOf(address);
};

const tooLong = (prefix: number, width: number) => `Prefix length ${prefix} is longer than IP address (${width})`;

/** An address, network or range, or what is wrong with it. */
export function readAddress(text: string): { family: IpVersion } | { error: string } {
  const [host = "", length] = text.split("/");
  const ends = host.split("-");
  const isV6 = host.includes(":");
  for (const end of ends) {
    const wrong = isV6 ? (isIPv6(end) ? undefined : `Invalid IP address ${end}`) : badIPv4(end);
    if (wrong !== undefined) return { error: wrong };
  }
  if (length !== undefined) {
    const width = isV6 ? 128 : 32;
    if (!/^\d+$/.test(length)) return { error: `Invalid prefix length /${length}` };
    if (Number(length) > width) return { error: tooLong(Number(length), width) };
    if (!isNetwork(host, Number(length)))
      return { error: `Invalid prefix ${bitsOf(host).toString(2).padStart(width, "0")}/${length}` };
  }
  return { family: isV6 ? 6 : 4 };
}

/** Addresses with commas between, an alias or a set. @returns their family where one is known @throws what is wrong */
export function readAddressList(text: string): IpVersion | undefined {
  if (/^\+\S+$/.test(text) || aliasPattern.test(text)) return undefined;
  const elements = text.split(",");
  if (elements.at(-1) === "") throw new Error("extraneous commas in list");
  let family: IpVersion | undefined;
  for (const element of elements) {
    const read = readAddress(element);
    if ("error" in read) throw new Error(`invalid IP address: ${read.error}`);
    if (family !== undefined && read.family !== family)
      throw new Error(`detected mixed ipv4/ipv6 addresses in address list '${text}'`);
    family = read.family;
  }
  if (elements.length > 1 && text.includes("-")) throw new Error("you can't use a range in a list");
  return family;
}

/** An address or network as aliases and sets keep it: without bits behind the prefix, without the prefix of a single host. */
export function cleanCidr(cidr: string): string {
  const [host = "", length] = cidr.split("/");
  if (length === undefined || length === "0") return cidr;
  return `${networkOf(host, Number(length))}/${length}`.replace(host.includes(":") ? /\/128$/ : /\/32$/, "");
}

export const ipVersionOf = (cidr: string): IpVersion => (cidr.includes(":") ? 6 : 4);

/** What is wrong with an address or network, as a parameter's format says it. */
export function badCidr(value: string): string | undefined {
  const [host = "", length] = value.split("/");
  const isAddress = isIPv4(host) || isIPv6(host);
  if (!isAddress || (length !== undefined && !/^\d+$/.test(length)))
    return "value does not look like a valid IP address or CIDR network\n";
  const width = isIPv4(host) ? 32 : 128;
  return Number(length ?? 0) > width ? `${tooLong(Number(length), width)}\n` : undefined;
}

/** Whether an address lies in a network of its family. */
export function inNetwork(address: string, cidr: string): boolean {
  const [network = "", length = ""] = cidr.split("/");
  const isValid = isIPv4(address) || isIPv6(address);
  if (!isValid || isIPv4(address) !== isIPv4(network)) return false;
  const rest = BigInt((isIPv4(address) ? 32 : 128) - Number(length));
  return bitsOf(address) >> rest === bitsOf(network) >> rest;
}
