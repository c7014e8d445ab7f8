import { type RecordInputs, type RecordType, recordInputs } from "../../../providers/dns/bind9/record.model";
import { absolute } from "../../../providers/dns/names";
import { recordTypes } from "../../../providers/dns/rdata";
import { dnsRecordInputs } from "../../../providers/netbox/plugins/dnsrecord.model";
import { guestUrl } from "../../../providers/ownership/mark";
import { canonical } from "../../netbox/address";
import { knownOfGuests } from "./kept";
import type { ZoneServer } from "./pluginindex";
import type { Entry } from "./records";
import type { DesiredPluginRecord, DesiredRecord, KeptGuest, Site } from "./types";

// The names of guests that are left out, as the state has them.

/** Names in DNS that guests which are left out have, without what guests beside them have there. */
export function keptRecords(
  { state }: Pick<Site, "state">,
  kept: KeptGuest[],
  servers: readonly ZoneServer[],
): DesiredRecord[] {
  if (kept.length === 0) return [];
  const left = new Set(kept.map(({ id }) => id));
  const hosts = new Set(kept.flatMap(hostsOf));
  const known = knownOfGuests(state.resources);
  return state.resources.flatMap(({ type, properties }): DesiredRecord[] => {
    const parsed = type === "Bind9Record" ? recordInputs.safeParse(properties) : undefined;
    if (!parsed?.success) return [];
    const record = parsed.data;
    const { server, name, owner } = record;
    if (servers.find((each) => each.name === server)?.zoneOf(name) === undefined) return [];
    const own = owner.guests.filter((id) => left.has(id));
    // One whose owner was lost tells by its addresses.
    const isTheirs =
      own.length > 0 || (owner.guests.length === 0 && addressesIn(record).some((each) => hosts.has(each)));
    if (!isTheirs) return [];
    const others = owner.guests.filter((id) => !left.has(id));
    const ofOthers = new Set(
      others.flatMap((id) =>
        (known.get(id) ?? []).flatMap(({ properties: { address } }) =>
          typeof address === "string" ? [canonical(address)] : [],
        ),
      ),
    );
    return [asItIs(record, ofOthers, others.length === 0 ? owner : { ...owner, guests: own })];
  });
}

const hostsOf = ({ allocations }: KeptGuest): string[] =>
  allocations.flatMap(({ inputs: { address } }) => (address === undefined ? [] : [canonical(address)]));

const addressesIn = ({ records: { A = [], AAAA = [] } }: RecordInputs): string[] => [...A, ...AAAA].map(canonical);

function asItIs(record: RecordInputs, without: ReadonlySet<string>, owner: RecordInputs["owner"]): DesiredRecord {
  const { server, name, ttl, ttls, records, reverse } = record;
  const { A: _A, AAAA: _AAAA, ...texts } = records;
  const addresses = addressesIn(record).filter((each) => !without.has(each));
  const pointing = new Set(reverse.map(canonical));
  return {
    server,
    name,
    ttl,
    ...(ttls === undefined ? {} : { ttls }),
    addresses: addresses.map((address) => ({ address })),
    texts,
    withoutPtr: addresses.filter((each) => !pointing.has(each)),
    owner,
    adopt: false,
  };
}

const isText = (type: RecordType): type is Exclude<RecordType, "A" | "AAAA"> => type !== "A" && type !== "AAAA";

/**
 * Joins what guests that are left out have at a name to what other guests want there.
 * @param entries names on their way; one that no guest wants is taken out
 * @returns false where no other guest wants it
 */
export function joinKept(entries: Map<string, Entry>, record: DesiredRecord, kept: KeptGuest[]): boolean {
  const key = `${record.server}/${record.name}`;
  const entry = entries.get(key);
  if (entry === undefined || entry.guests.size === 0) {
    entries.delete(key);
    return false;
  }
  const there = new Set(entry.addresses.flatMap((ref) => ("address" in ref ? [canonical(ref.address)] : [])));
  for (const ref of record.addresses)
    if ("address" in ref && !there.has(canonical(ref.address))) entry.addresses.push(ref);
  for (const type of recordTypes.filter(isText))
    for (const value of record.texts[type] ?? [])
      entry.texts.set(type, (entry.texts.get(type) ?? new Set()).add(value));
  for (const address of record.withoutPtr) entry.withoutPtr.add(address);
  for (const id of record.owner.guests) entry.guests.add(id);
  for (const { id, name, mark } of kept)
    if (record.owner.guests.includes(id)) entry.holders.add(`${name} (${guestUrl(mark)}), which is left out,`);
  return true;
}

/**
 * Records in netbox-dns of guests that are left out.
 * @param names theirs in DNS
 * @param declared keys of records that this run declares for others
 */
export function keptPluginRecords(
  { state }: Pick<Site, "state">,
  kept: KeptGuest[],
  names: DesiredRecord[],
  declared: ReadonlySet<string>,
): DesiredPluginRecord[] {
  if (kept.length === 0) return [];
  const guestOf = new Map<string, number[]>(
    kept.flatMap(({ id, allocations }) => allocations.map(({ key }) => [key, [id]] as const)),
  );
  const ofName = new Map(names.map(({ name, owner }) => [name, owner.guests]));
  return state.resources.flatMap(({ type, properties }): DesiredPluginRecord[] => {
    const parsed = type === "NetboxDnsRecord" ? dnsRecordInputs.safeParse(properties) : undefined;
    if (!parsed?.success || declared.has(parsed.data.key)) return [];
    const { key, zoneId, zone, name, type: recordType, value } = parsed.data;
    const fqdn = absolute(name === "@" ? zone : `${name}.${zone}`);
    const guests = guestOf.get(key) ?? (/^(cname|txt)-/.test(key) ? ofName.get(fqdn) : undefined);
    return guests === undefined ? [] : [{ key, zoneId, zone, name, type: recordType, value, guests, fqdn }];
  });
}
