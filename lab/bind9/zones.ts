import ipaddr from "ipaddr.js"; // parses and prints addresses of both families (RFC 5952)

export interface ZoneRrset {
  ttl: number;
  values: string[];
}

export interface ZoneConfig {
  /** Absolute, lower-case. */
  name: string;
  /** Record types the update key may write; none for a zone that isn't dynamic. */
  updatable: string[];
}

/** One change of an update message, or one of its prerequisites. */
export type Prerequisite =
  | { kind: "nxdomain" | "yxdomain"; name: string }
  | { kind: "nxrrset" | "yxrrset"; name: string; type: string; values: string[] };
export type UpdatedRecord =
  | { kind: "add"; name: string; ttl: number; type: string; value: string }
  | { kind: "delete"; name: string; type?: string; value?: string };

export const withFinalDot = (name: string): string => (name.endsWith(".") ? name : `${name}.`).toLowerCase();

/** A value in BIND's own form, or what is wrong with it. */
export function rdata(type: string, value: string): { value: string } | { error: string } {
  if (type === "A") return ipaddr.IPv4.isValidFourPartDecimal(value) ? { value } : { error: "bad dotted quad" };
  if (type === "AAAA")
    return ipaddr.IPv6.isValid(value) ? { value: ipaddr.parse(value).toString() } : { error: "bad IPv6 address" };
  if (["CNAME", "PTR", "NS"].includes(type))
    return /^\S+$/.test(value) ? { value: withFinalDot(value) } : { error: "unexpected end of input" };
  if (type === "TXT") {
    const strings = value.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
    const quoted = strings.map((each) => (each.startsWith('"') ? each : `"${each}"`));
    return quoted.every((each) => each.length <= 257) && quoted.length > 0
      ? { value: quoted.join(" ") }
      : { error: "ran out of space" };
  }
  return { value };
}

/** A zone: its names, their RRsets, its serial. */
export class Zone {
  readonly names = new Map<string, Map<string, ZoneRrset>>();
  serial = 1;
  /** The failure switch: as after `rndc freeze`, updates are refused. */
  frozen = false;

  constructor(readonly config: ZoneConfig) {
    this.add({ kind: "add", name: config.name, ttl: 300, type: "NS", value: "ns1.lab.example." });
  }

  soa(): string {
    return `ns1.lab.example. hostmaster.lab.example. ${this.serial} 3600 600 86400 60`;
  }

  rrset(name: string, type: string): ZoneRrset | undefined {
    return this.names.get(name)?.get(type);
  }

  /** BIND's answer to prerequisites: undefined where all hold. */
  failing(prerequisites: Prerequisite[]): string | undefined {
    const exact = new Map<string, { name: string; type: string; values: string[] }>();
    for (const each of prerequisites) {
      if (each.kind === "nxdomain" && this.names.has(each.name)) return "YXDOMAIN";
      if (each.kind === "yxdomain" && !this.names.has(each.name)) return "NXDOMAIN";
      if (each.kind === "nxrrset" && this.rrset(each.name, each.type)) return "YXRRSET";
      if (each.kind !== "yxrrset") continue;
      if (each.values.length === 0) {
        if (!this.rrset(each.name, each.type)) return "NXRRSET";
        continue;
      }
      // Value-dependent prerequisites on one RRset together must be that RRset.
      const key = `${each.name} ${each.type}`;
      const known = exact.get(key) ?? { name: each.name, type: each.type, values: [] };
      known.values.push(...each.values);
      exact.set(key, known);
    }
    for (const { name, type, values } of exact.values()) {
      const there = this.rrset(name, type)?.values ?? [];
      if (there.length !== values.length || values.some((value) => !there.includes(value))) return "NXRRSET";
    }
    return undefined;
  }

  apply(changes: UpdatedRecord[]): void {
    for (const change of changes) {
      if (change.kind === "add") this.add(change);
      else this.remove(change);
    }
    this.serial++;
  }

  private add({ name, ttl, type, value }: Extract<UpdatedRecord, { kind: "add" }>): void {
    const types = this.names.get(name) ?? new Map<string, ZoneRrset>();
    // A CNAME beside other data, or other data beside a CNAME, is ignored without a word.
    const clash = type === "CNAME" ? [...types.keys()].some((each) => each !== "CNAME") : types.has("CNAME");
    if (clash) return;
    const rrset = type === "CNAME" ? { ttl, values: [] } : (types.get(type) ?? { ttl, values: [] });
    rrset.ttl = ttl;
    if (!rrset.values.includes(value)) rrset.values.push(value);
    types.set(type, rrset);
    this.names.set(name, types);
  }

  private remove({ name, type, value }: Extract<UpdatedRecord, { kind: "delete" }>): void {
    const types = this.names.get(name);
    if (types === undefined) return;
    if (type === undefined) types.clear();
    else if (value === undefined) types.delete(type);
    else {
      const rrset = types.get(type);
      if (rrset) rrset.values = rrset.values.filter((each) => each !== value);
      if (rrset?.values.length === 0) types.delete(type);
    }
    if (types.size === 0) this.names.delete(name);
  }

  /** Every record as dig prints an AXFR: the SOA first and last. */
  *transfer(): Generator<string> {
    const soa = `${this.config.name}\t300\tIN\tSOA\t${this.soa()}`;
    yield soa;
    for (const [name, types] of this.names)
      for (const [type, { ttl, values }] of types)
        for (const value of values) yield `${name}\t${ttl}\tIN\t${type}\t${value}`;
    yield soa;
  }
}

/** The zones of the lab's name server. */
export class ServedZones {
  private readonly zones = new Map<string, Zone>();

  add(config: ZoneConfig): Zone {
    const zone = new Zone({ ...config, name: withFinalDot(config.name) });
    this.zones.set(zone.config.name, zone);
    return zone;
  }

  clear(): void {
    this.zones.clear();
  }

  get(name: string): Zone | undefined {
    return this.zones.get(withFinalDot(name));
  }

  all(): Zone[] {
    return [...this.zones.values()];
  }

  /** The zone that a name lies in. */
  of(name: string): Zone | undefined {
    const labels = withFinalDot(name).split(".");
    for (let n = 0; n < labels.length - 1; n++) {
      const zone = this.zones.get(labels.slice(n).join("."));
      if (zone) return zone;
    }
    return undefined;
  }
}
