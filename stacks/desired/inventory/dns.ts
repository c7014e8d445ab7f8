import type { NetboxAddress } from "../../../providers/netbox/schemas";
import { canonical } from "../address";
import type { End, GraphBuilder } from "./graph";

// The records of name servers as nodes, and the addresses that they lead to.

/** What a name server says of one of its zones: values as dig prints them. */
export interface ZoneFacts {
  zone: string;
  rrsets: { name: string; type: string; ttl: number; values: string[] }[];
}

export interface ServerFacts {
  name: string;
  zones: ZoneFacts[];
}

export const dnsScope = (server: string): string => `dns ${server}`;

/** Signatures and their kin: they say something of other records, and nothing of a guest. */
const notOfGuests = ["RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "TYPE65534"];

interface RecordNode {
  name: string;
  type: string;
  value: string;
  end: End;
}

export function addDns(graph: GraphBuilder, servers: ServerFacts[], addresses: NetboxAddress[]): void {
  const ends = new Map<string, End[]>();
  for (const { id, address } of addresses) {
    const host = canonical(address);
    ends.set(host, [...(ends.get(host) ?? []), { label: "NetboxIPAddress", id: String(id) }]);
  }
  for (const { name: server, zones } of servers) {
    const scope = dnsScope(server);
    const records = zones.flatMap(({ zone, rrsets }) =>
      rrsets
        .filter(({ type }) => !notOfGuests.includes(type))
        .flatMap(({ name, type, ttl, values }) =>
          values.map((value): RecordNode => {
            const id = `${server} ${name} ${type} ${value}`;
            return {
              name,
              type,
              value,
              end: graph.node(scope, "DnsRecord", { id, name, type, value, ttl, zone, server }),
            };
          }),
        ),
    );
    const byName = new Map<string, RecordNode[]>();
    for (const each of records) byName.set(each.name, [...(byName.get(each.name) ?? []), each]);
    for (const { name, type, value, end } of records) {
      const related =
        type === "A" || type === "AAAA"
          ? (ends.get(canonical(value)) ?? [])
          : type === "CNAME"
            ? (byName.get(value.toLowerCase()) ?? [])
                .filter((each) => /^(A|AAAA|CNAME)$/.test(each.type))
                .map((each) => each.end)
            : [];
      for (const to of related) graph.relate(scope, "RESOLVES_TO", end, to);
      if (type === "PTR")
        for (const to of ends.get(addressOfReverse(name) ?? "") ?? []) graph.relate(scope, "DESCRIBES", end, to);
    }
  }
}

/** The address that a name below in-addr.arpa or ip6.arpa stands for. */
function addressOfReverse(name: string): string | undefined {
  const [, v4] = /^((?:\d{1,3}\.){4})in-addr\.arpa\.$/.exec(name) ?? [];
  if (v4 !== undefined)
    return v4
      .split(".")
      .filter((part) => part !== "")
      .reverse()
      .join(".");
  const [, v6] = /^((?:[0-9a-f]\.){32})ip6\.arpa\.$/i.exec(name) ?? [];
  if (v6 === undefined) return undefined;
  const digits = v6
    .split(".")
    .filter((part) => part !== "")
    .reverse()
    .join("");
  return canonical(digits.replace(/(.{4})(?!$)/g, "$1:"));
}
