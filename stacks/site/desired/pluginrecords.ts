import type { RecordType } from "../../../providers/dns/bind9/record.model";
import { absolute } from "../../../providers/dns/names";
import { recordTypes } from "../../../providers/dns/rdata";
import type { NetboxDnsZone, NetboxPluginRecord } from "../../../providers/netbox/schemas";
import { parseRecord } from "../../../providers/ownership/netbox";
import { canonical, familyOf } from "../../netbox/address";
import type { IndexedPlugin } from "./pluginindex";
import type { Entry } from "./records";
import type { DesiredGuest, DesiredPluginRecord } from "./types";

const isKept = (type: string): type is RecordType => recordTypes.some((each) => each === type);

interface PluginEntry {
  server: string;
  record: NetboxPluginRecord;
  zone: NetboxDnsZone;
  type: RecordType;
}

/**
 * The plugin's records that go to name servers, by view and zone. What the plugin manages itself is left out: SOA and the
 * apex's NS are BIND's own, and a PTR goes with its address record. So is what this stack wrote there: its guests say it.
 */
export function pluginEntries(stack: string, plugin: IndexedPlugin): PluginEntry[] {
  return plugin.records.flatMap((record): PluginEntry[] => {
    const zone = plugin.zone(record.zoneId);
    const { type } = record;
    if (zone === undefined || !record.active || !isKept(type) || parseRecord(record.description)?.stack === stack)
      return [];
    if ((type === "PTR" && record.managed) || (type === "NS" && record.name === "@")) return [];
    return plugin.serversOf(record, zone).map((server) => ({ server, record, zone, type }));
  });
}

/** Types of a guest's records that are written into the plugin. */
const written = ["CNAME", "TXT"] as const;

/** What the guests want that netbox-dns doesn't hold yet, or holds because this stack wrote it. */
export function pluginRecords(
  stack: string,
  entries: Entry[],
  plugin: IndexedPlugin,
  guests: DesiredGuest[],
): DesiredPluginRecord[] {
  const allocations = guests.flatMap((guest) => guest.allocations);
  const byKey = new Map(allocations.map(({ key, inputs }) => [key, inputs]));
  return entries.flatMap((entry) => {
    const zone = plugin.zoneOf(entry.server, entry.name);
    if (zone === undefined) return [];
    const others = plugin
      .recordsAt(zone, entry.name)
      .filter(({ active, description }) => active && parseRecord(description)?.stack !== stack);
    const below = entry.name === absolute(zone.name) ? "@" : entry.name.slice(0, -absolute(zone.name).length - 1);
    const base = { zoneId: zone.id, zone: zone.name, name: below, guests: [...entry.guests], fqdn: entry.name };
    const has = (type: string, value: string) =>
      others.some((record) => record.type === type && same(type, record.value, value));
    const values = new Set<string>();
    const addresses = entry.allocated.flatMap(({ key, ref, vrfId }): DesiredPluginRecord[] => {
      const asked = byKey.get(key);
      const family = "address" in ref ? familyOf(ref.address) : asked?.family;
      const known = "address" in ref ? canonical(ref.address) : undefined;
      // DNSsync makes those of linked prefixes by itself, from the address's dns_name.
      // An address to come is one of the prefix or range that it is taken from.
      const place = known ?? asked?.from[0]?.text.split(/[-/]/)[0];
      const synced = place !== undefined && plugin.isSynced(zone, place, vrfId);
      if (family === undefined || synced) return [];
      const type = family === 4 ? "A" : "AAAA";
      // In another VRF it may stand at the same name: the plugin has it once.
      if (known !== undefined && (has(type, known) || values.has(known))) return [];
      if (known !== undefined) values.add(known);
      return [{ ...base, key, type, value: ref }];
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

const same = (type: string, a: string, b: string): boolean =>
  type === "A" || type === "AAAA" ? canonical(a) === canonical(b) : a.replace(/^"(.*)"$/, "$1") === b;
