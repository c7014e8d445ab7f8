import { bareName, reverseName } from "../../../providers/dns/names";
import { pointedAddress } from "../../../providers/dns/zones";
import type { NetboxAddress } from "../../../providers/netbox/schemas";
import { groupBy } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import type { End, GraphBuilder } from "./graph";

// The records of name servers as nodes, and the addresses that they lead to.

/** What a name server says of one of its zones: values as dig prints them. */
export interface InventoryZone {
  zone: string;
  rrsets: { name: string; type: string; ttl: number; values: string[] }[];
}

export interface ServerFacts {
  name: string;
  zones: InventoryZone[];
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
  const byHost = groupBy(addresses, ({ address }) => canonical(address));
  const byReverse = groupBy(addresses, ({ address }) => reverseName(address));
  const endsOf = (found: NetboxAddress[] = [], name = ""): End[] =>
    meantOf(found, bareName(name)).map(({ id }) => ({ label: "NetboxIPAddress", id: String(id) }));
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
    const byName = groupBy(records, ({ name }) => name);
    for (const { name, type, value, end } of records) {
      const related =
        type === "A" || type === "AAAA"
          ? endsOf(byHost.get(canonical(value)), name)
          : type === "CNAME"
            ? (byName.get(value.toLowerCase()) ?? [])
                .filter((each) => /^(A|AAAA|CNAME)$/.test(each.type))
                .map((each) => each.end)
            : [];
      for (const to of related) graph.relate(scope, "RESOLVES_TO", end, to);
      if (type === "PTR")
        for (const to of endsOf(byReverse.get(name.toLowerCase()) ?? byHost.get(pointedAddress(name) ?? ""), value))
          graph.relate(scope, "DESCRIBES", end, to);
    }
  }
}

/**
 * Of the addresses of one host, those that a name leads to: those of the VRFs in which one has that `dns_name`, else those of the
 * only VRF, or of the global table. A name server knows no VRFs: of several without a name, nobody knows which is meant.
 */
function meantOf(found: NetboxAddress[], name: string): NetboxAddress[] {
  const vrfs = new Set(found.map(({ vrfId }) => vrfId));
  if (vrfs.size < 2) return found;
  const named = new Set(found.filter(({ dnsName }) => dnsName === name).map(({ vrfId }) => vrfId));
  return found.filter(({ vrfId }) => (named.size > 0 ? named.has(vrfId) : vrfId === undefined));
}
