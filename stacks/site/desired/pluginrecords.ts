import type { RecordType } from "../../../providers/dns/bind9/record.model";
import { absolute } from "../../../providers/dns/names";
import { recordTypes } from "../../../providers/dns/rdata";
import { type DnsRecordInputs, isRecordOf } from "../../../providers/netbox/plugins/dnsrecord.model";
import type { NetboxDnsRecord, NetboxDnsView, NetboxDnsZone } from "../../../providers/netbox/schemas";
import { canonical, familyOf, holds } from "../../netbox/address";
import type { Entry } from "./records";
import type { AddressRef, DesiredGuest, DesiredPluginRecord, PluginFacts } from "./types";

/** A name server as far as netbox-dns is concerned. */
export interface ZoneServer {
  name: string;
  zoneOf: (name: string) => string | undefined;
  /** NetBox's id of the view that it shows. */
  viewId: (views: NetboxDnsView[]) => number | undefined;
}

export const zoneServerOf = (name: string, view: string | undefined, zoneOf: ZoneServer["zoneOf"]): ZoneServer => ({
  name,
  zoneOf,
  viewId: (views) => views.find((each) => (view === undefined ? each.isDefault : each.name === view))?.id,
});

const isKept = (type: string): type is RecordType => recordTypes.some((each) => each === type);

interface PluginEntry {
  server: string;
  record: NetboxDnsRecord;
  zone: NetboxDnsZone;
  type: RecordType;
}

/**
 * The plugin's records that go to name servers, by view and zone. What the plugin manages itself is left out: SOA and the
 * apex's NS are BIND's own, and a PTR goes with its address record. So is what this stack wrote there: its guests say it.
 */
export function pluginEntries(
  stack: string,
  { views, zones, records }: PluginFacts,
  zoneServers: ZoneServer[],
): PluginEntry[] {
  return records.flatMap((record): PluginEntry[] => {
    const zone = zones.find(({ id }) => id === record.zoneId);
    const { type } = record;
    if (zone === undefined || !record.active || !isKept(type) || isRecordOf(stack, record.description)) return [];
    if ((type === "PTR" && record.managed) || (type === "NS" && record.name === "@")) return [];
    return zoneServers
      .filter(
        (zoneServer) =>
          zoneServer.viewId(views) === zone.viewId && zoneServer.zoneOf(record.fqdn) === absolute(zone.name),
      )
      .map(({ name }) => ({ server: name, record, zone, type }));
  });
}

/** Types of a guest's records that are written into the plugin. */
const written = ["CNAME", "TXT"] as const;

/** What the guests want that netbox-dns doesn't hold yet, or holds because this stack wrote it. */
export function pluginRecords(
  stack: string,
  entries: Entry[],
  { views, zones, records }: PluginFacts,
  zoneServers: ZoneServer[],
  guests: DesiredGuest[],
): DesiredPluginRecord[] {
  const keyOf = new Map(
    guests.flatMap(({ allocations }) => allocations.map(({ key, inputs }) => [inputs.address ?? key, key] as const)),
  );
  return entries.flatMap((entry) => {
    const zoneServer = zoneServers.find(({ name }) => name === entry.server);
    const view = views.find(({ id }) => id === zoneServer?.viewId(views));
    const zone = zones.find(
      (each) => each.viewId === view?.id && absolute(each.name) === zoneServer?.zoneOf(entry.name),
    );
    if (zone === undefined || view === undefined) return [];
    const others = records.filter(
      (record) =>
        record.zoneId === zone.id &&
        record.active &&
        absolute(record.fqdn) === entry.name &&
        !isRecordOf(stack, record.description),
    );
    const below = entry.name === absolute(zone.name) ? "@" : entry.name.slice(0, -absolute(zone.name).length - 1);
    const base = { zoneId: zone.id, zone: zone.name, name: below, guests: [...entry.guests], fqdn: entry.name };
    const has = (type: string, value: string) =>
      others.some((record) => record.type === type && same(type, record.value, value));
    const addresses = entry.addresses.flatMap((ref): DesiredPluginRecord[] => {
      const type = typeOf(ref, guests);
      const known = "address" in ref ? canonical(ref.address) : undefined;
      // DNSsync makes those of linked prefixes by itself, from the address's dns_name.
      const place = known ?? sourceOf(ref, guests);
      const synced = view.prefixes.some((prefix) => place !== undefined && holds(prefix, place));
      if (type === undefined || synced || (known !== undefined && has(type, known))) return [];
      const key = keyOf.get("address" in ref ? ref.address : ref.allocation);
      return key === undefined ? [] : [{ ...base, key, type, value: ref }];
    });
    const texts = written.flatMap((type) =>
      [...(entry.texts.get(type) ?? [])]
        // The plugin takes no other texts: such a one is BIND's alone.
        .filter((value) => !has(type, value) && /^[\x20-\x7e]*$/.test(value))
        .map(
          (value): DesiredPluginRecord => ({
            ...base,
            key: `${type.toLowerCase()}-${entry.name.replace(/\.$/, "")}`,
            type,
            value,
          }),
        ),
    );
    return [...addresses, ...texts];
  });
}

/** An address of the prefix or range that an address to come is taken from. */
function sourceOf(ref: AddressRef, guests: DesiredGuest[]): string | undefined {
  const found = guests
    .flatMap(({ allocations }) => allocations)
    .find(({ key }) => "allocation" in ref && key === ref.allocation);
  return found?.inputs.from[0]?.text.split(/[-/]/)[0];
}

const same = (type: string, a: string, b: string): boolean =>
  type === "A" || type === "AAAA" ? canonical(a) === canonical(b) : a.replace(/^"(.*)"$/, "$1") === b;

function typeOf(ref: AddressRef, guests: DesiredGuest[]): Extract<DnsRecordInputs["type"], "A" | "AAAA"> | undefined {
  if ("address" in ref) return familyOf(ref.address) === 4 ? "A" : "AAAA";
  const found = guests.flatMap(({ allocations }) => allocations).find(({ key }) => key === ref.allocation);
  return found && (found.inputs.family === 4 ? "A" : "AAAA");
}
