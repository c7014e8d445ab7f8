import type { NetboxAddress, NetboxPrefix, NetboxRange, NetboxVrf } from "../../providers/netbox/schemas";
import { type Address, addressOf, byAddress, type Family, hostOf, lengthOf, networkBits } from "./address";

// NetBox's IPAM, indexed once: what is asked for a guest or an address costs the same however much else NetBox holds. A VRF is
// its NetBox id; undefined is the global table.

export type Vrf = number | undefined;

interface InVrf {
  vrfId?: Vrf;
}

/** What is in a room, each under its key in the order of the list. */
function grouped<K, V>(values: Iterable<V>, keysOf: (value: V) => Iterable<K>): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values)
    for (const key of keysOf(value)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [value]);
      else group.push(value);
    }
  return groups;
}

/** Worked out by the first who asks. */
function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Prefixes of one VRF and family: by length, the longest first, and then by their network's bits. */
type Table<P> = [length: number, byBits: Map<bigint, P[]>][];

/** Prefixes by VRF, found by an address in as many steps as there are lengths. */
export class Prefixes<P extends InVrf & { prefix: string }> {
  private readonly tables = new Map<string, Table<P>>();

  constructor(prefixes: Iterable<P>) {
    const lengths = new Map<string, Map<number, Map<bigint, P[]>>>();
    for (const each of prefixes) {
      const [network, length] = [addressOf(each.prefix), lengthOf(each.prefix)];
      const room = roomOf(network.family, each.vrfId);
      const byLength = lengths.get(room) ?? new Map<number, Map<bigint, P[]>>();
      lengths.set(room, byLength);
      const byBits = byLength.get(length) ?? new Map<bigint, P[]>();
      byLength.set(length, byBits);
      const bits = networkBits(network, length);
      const twins = byBits.get(bits);
      if (twins === undefined) byBits.set(bits, [each]);
      else twins.push(each);
    }
    for (const [room, byLength] of lengths)
      this.tables.set(
        room,
        [...byLength].sort(([a], [b]) => b - a),
      );
  }

  /** Every prefix of the VRF that holds the address: the narrowest first, twins in the order of the list. */
  *holding(address: string, vrf: Vrf): Generator<P> {
    const host = addressOf(address);
    for (const [length, byBits] of this.tableOf(host, vrf)) yield* byBits.get(networkBits(host, length)) ?? [];
  }

  /** The narrowest prefix of the VRF that holds the address. */
  narrowest(address: string, vrf: Vrf): P | undefined {
    for (const found of this.holding(address, vrf)) return found;
    return undefined;
  }

  /** The prefix of the VRF that is just this network, as `10.0.0.0/24`. */
  at(cidr: string, vrf: Vrf): P | undefined {
    const [network, wanted] = [addressOf(cidr), lengthOf(cidr)];
    const found = this.tableOf(network, vrf).find(([length]) => length === wanted);
    return found?.[1].get(networkBits(network, wanted))?.[0];
  }

  private tableOf({ family }: Address, vrf: Vrf): Table<P> {
    return this.tables.get(roomOf(family, vrf)) ?? [];
  }
}

const roomOf = (family: Family, vrf: Vrf): string => `${family} ${vrf ?? ""}`;

/** Addresses by host, whatever their prefix length and the way that they are written. */
export class Hosts<A extends InVrf & { address: string }> {
  private readonly byHost: () => Map<string, A[]>;

  constructor(addresses: Iterable<A>) {
    this.byHost = lazy(() => grouped(addresses, ({ address }) => [addressOf(address).text]));
  }

  /** Those of every VRF. */
  anywhere(host: string): readonly A[] {
    return this.byHost().get(addressOf(host).text) ?? [];
  }

  /** Those of one VRF: there may be several of a role that repeats an address. */
  in(host: string, vrf: Vrf): readonly A[] {
    return this.anywhere(host).filter(({ vrfId }) => vrfId === vrf);
  }
}

/** By what a prefix or range is named. */
export type SourceKey = "id" | "text" | "role" | "tag" | "vid" | "vlan";

/** NetBox's prefixes, addresses and ranges. */
export class Ipam {
  readonly prefixes: Prefixes<NetboxPrefix>;
  readonly hosts: Hosts<NetboxAddress>;
  private readonly byInterface: Map<number, NetboxAddress[]>;
  private readonly byId: () => Map<number, NetboxAddress>;
  private readonly prefixesById: () => Map<number, NetboxPrefix>;
  private readonly gateways: () => Map<NetboxPrefix, NetboxAddress>;
  private readonly prefixNames: () => Map<string, NetboxPrefix[]>;
  private readonly rangeNames: () => Map<string, NetboxRange[]>;
  private readonly byVrf: () => { prefixes: Map<Vrf, NetboxPrefix[]>; ranges: Map<Vrf, NetboxRange[]> };
  private readonly vrfs: () => Map<number, NetboxVrf>;

  /** @param gatewayTag of addresses that are their prefixes' gateways */
  constructor(
    {
      prefixes,
      addresses,
      ranges,
    }: { prefixes: readonly NetboxPrefix[]; addresses: readonly NetboxAddress[]; ranges: readonly NetboxRange[] },
    gatewayTag: string,
  ) {
    this.prefixes = new Prefixes(prefixes);
    this.hosts = new Hosts(addresses);
    this.byInterface = grouped(addresses, ({ interfaceId }) => (interfaceId === undefined ? [] : [interfaceId]));
    this.byId = lazy(() => new Map(addresses.map((each) => [each.id, each])));
    this.prefixesById = lazy(() => new Map(prefixes.map((each) => [each.id, each])));
    this.gateways = lazy(() => {
      const found = new Map<NetboxPrefix, NetboxAddress>();
      for (const address of addresses)
        if (address.tags.includes(gatewayTag))
          for (const prefix of this.prefixes.holding(address.address, address.vrfId))
            if (!found.has(prefix)) found.set(prefix, address);
      return found;
    });
    this.prefixNames = lazy(() =>
      grouped(
        prefixes.toSorted((a, b) => byAddress(a.prefix, b.prefix)),
        ({ id, prefix, role, vlan, tags }) => [
          ...namesOf({ id, text: prefix, role, tags }),
          ...(vlan === undefined ? [] : [nameOf("vid", vlan.vid), nameOf("vlan", vlan.id)]),
        ],
      ),
    );
    this.rangeNames = lazy(() =>
      grouped(
        ranges.toSorted((a, b) => byAddress(a.start, b.start)),
        ({ id, start, end, role, tags }) => namesOf({ id, text: `${hostOf(start)}-${hostOf(end)}`, role, tags }),
      ),
    );
    this.byVrf = lazy(() => ({
      prefixes: grouped(prefixes, ({ vrfId }) => [vrfId]),
      ranges: grouped(ranges, ({ vrfId }) => [vrfId]),
    }));
    this.vrfs = lazy(() => new Map([...prefixes, ...ranges].flatMap(({ vrf }) => (vrf ? [[vrf.id, vrf]] : []))));
  }

  /** The addresses of a virtual machine's interface. */
  onInterface(id: number): readonly NetboxAddress[] {
    return this.byInterface.get(id) ?? [];
  }

  address(id: number): NetboxAddress | undefined {
    return this.byId().get(id);
  }

  prefix(id: number): NetboxPrefix | undefined {
    return this.prefixesById().get(id);
  }

  prefixesIn(vrf: Vrf): readonly NetboxPrefix[] {
    return this.byVrf().prefixes.get(vrf) ?? [];
  }

  rangesIn(vrf: Vrf): readonly NetboxRange[] {
    return this.byVrf().ranges.get(vrf) ?? [];
  }

  /** The VRFs with prefixes or ranges that a name, a route distinguisher or an id means; undefined is the global table. */
  vrfsNamed(text: string): Vrf[] {
    if (text === globalTable) return [undefined];
    return [...this.vrfs().values()].filter((vrf) => isNamed(vrf, text)).map(({ id }) => id);
  }

  /** What a VRF is called. */
  vrfName(vrf: Vrf): string {
    return vrf === undefined ? "the global table" : `VRF ${this.vrfs().get(vrf)?.name ?? vrf}`;
  }

  /** The first address with the gateway's tag in the prefix and its VRF. @param prefix one of these */
  taggedGateway(prefix: NetboxPrefix): NetboxAddress | undefined {
    return this.gateways().get(prefix);
  }

  /** The prefixes that have this role, tag, VLAN, … of every VRF, by their addresses. */
  prefixesWith(key: SourceKey, value: string | number): readonly NetboxPrefix[] {
    return this.prefixNames().get(nameOf(key, value)) ?? [];
  }

  /** The ranges that have this role, tag, …, by their first addresses. */
  rangesWith(key: Exclude<SourceKey, "vid" | "vlan">, value: string | number): readonly NetboxRange[] {
    return this.rangeNames().get(nameOf(key, value)) ?? [];
  }
}

/** What stands for "no VRF" where one can be named. */
export const globalTable = "global";

/** Does a text mean this VRF? */
export const isNamed = ({ id, name, rd }: NetboxVrf, text: string): boolean =>
  text === name || text === rd || text === String(id);

const nameOf = (key: SourceKey, value: string | number): string => `${key} ${value}`;

const namesOf = ({ id, text, role, tags }: { id: number; text: string; role: string | undefined; tags: string[] }) => [
  nameOf("id", id),
  nameOf("text", text),
  ...(role === undefined ? [] : [nameOf("role", role)]),
  ...new Set(tags.map((tag) => nameOf("tag", tag))),
];
