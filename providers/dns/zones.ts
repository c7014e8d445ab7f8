import ipaddr from "ipaddr.js"; // tells an address from four numbers
import { absolute, reverseName } from "./names";

/** A classless reverse zone (RFC 2317): the addresses of a /24 that it holds, by their last byte. */
interface Classless<T> {
  zone: string;
  first: number;
  last: number;
  kept: T;
}

/** Zones with what is kept of each; a name's zone is the longest that holds it, found label by label. */
export class Zones<T> {
  private readonly byName = new Map<string, T>();
  /** By the name of the /24's own zone, the narrowest first. */
  private readonly classless = new Map<string, Classless<T>[]>();

  /** @param zones the first of a name counts */
  constructor(zones: Iterable<readonly [zone: string, kept: T]>) {
    for (const [name, kept] of zones) {
      const zone = absolute(name);
      if (this.byName.has(zone)) continue;
      this.byName.set(zone, kept);
      const found = classlessOf(zone);
      if (found === undefined) continue;
      const { parent, ...range } = found;
      const all = [...(this.classless.get(parent) ?? []), { zone, kept, ...range }];
      this.classless.set(
        parent,
        all.sort((a, b) => a.last - a.first - (b.last - b.first)),
      );
    }
  }

  /** The zone that holds the name, absolute, and what is kept of it. */
  of(name: string): { zone: string; kept: T } | undefined {
    for (let zone = absolute(name); zone !== ""; zone = zone.slice(zone.indexOf(".") + 1)) {
      const kept = this.byName.get(zone);
      if (kept !== undefined) return { zone, kept };
    }
    return undefined;
  }

  /** Where the PTR of an address stands: in the classless zone that holds it, else at its own reverse name. */
  pointer(address: string): { name: string; zone: string; kept: T } | undefined {
    const name = reverseName(address);
    const [byte = "", parent = ""] = /^(\d+)\.(.+\.in-addr\.arpa\.)$/.exec(name)?.slice(1) ?? [];
    const found = this.classless.get(parent)?.find(({ first, last }) => first <= Number(byte) && Number(byte) <= last);
    if (found !== undefined) return { name: `${byte}.${found.zone}`, zone: found.zone, kept: found.kept };
    const zone = this.of(name);
    return zone && { name, ...zone };
  }
}

/**
 * What a classless zone's name says: `0/25` and `0-25` are the network of that length that begins there, `0-127` the first
 * address and the last. Where both could be meant (`0-31`), it is the addresses: a network of two has no zone of its own.
 */
export function classlessOf(zone: string): { parent: string; first: number; last: number } | undefined {
  const [, start = "", mark, end = "", parent = ""] =
    /^(\d{1,3})([/-])(\d{1,3})\.(\d{1,3}\.\d{1,3}\.\d{1,3}\.in-addr\.arpa\.)$/.exec(absolute(zone)) ?? [];
  if (parent === "") return undefined;
  const [first, second] = [Number(start), Number(end)];
  const size = 2 ** (32 - second);
  const isNetwork = second >= 25 && second <= 32 && first % size === 0 && first + size <= 256;
  const count = second - first + 1;
  const isAligned = mark === "-" && count > 1 && (count & (count - 1)) === 0 && first % count === 0;
  if (isNetwork && !isAligned) return { parent, first, last: first + size - 1 };
  return mark === "-" && first <= second && second <= 255 ? { parent, first, last: second } : undefined;
}

/** The address whose PTR stands at a name, in a classless zone or not; undefined where the name is no IPv4 address's. */
export function pointedAddress(name: string): string | undefined {
  const [, byte = "", rest = ""] = /^(\d{1,3})\.(.+)$/.exec(absolute(name)) ?? [];
  const parent = classlessOf(rest)?.parent ?? rest;
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa\.$/.exec(parent)?.slice(1);
  const text = bytes && [...bytes.toReversed(), byte].join(".");
  return text !== undefined && ipaddr.IPv4.isValidFourPartDecimal(text) ? text : undefined;
}
