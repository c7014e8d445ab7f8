import type { RecordType } from "../../../providers/dns/bind9/record.model";
import { absolute, bareName, nameProblem, takesAddresses } from "../../../providers/dns/names";
import { canonicalValue, isSafe, unquoteTxt } from "../../../providers/dns/rdata";
import type { Zones } from "../../../providers/dns/zones";
import type { NetboxAddress } from "../../../providers/netbox/schemas";
import { guestTitle } from "../../../providers/ownership/mark";
import { pageOf } from "../../../providers/page";
import { canonical } from "../../netbox/address";
import type { Vrf } from "../../netbox/ipam";
import { joinKept, keptPluginRecords, keptRecords } from "./keptrecords";
import { IndexedPlugin, type ZoneServer } from "./pluginindex";
import { pluginEntries, pluginRecords } from "./pluginrecords";
import type {
  AddressRef,
  DesiredGuest,
  DesiredPluginRecord,
  DesiredRecord,
  GuestProblem,
  KeptGuest,
  PluginFacts,
  Site,
} from "./types";

/** A name on its way: what guests and netbox-dns want to stand there. */
export interface Entry {
  name: string;
  server: string;
  addresses: AddressRef[];
  /** Of those, the guests' own: one address in two VRFs is two. */
  allocated: { key: string; ref: AddressRef; vrfId: Vrf }[];
  texts: Map<Exclude<RecordType, "A" | "AAAA">, Set<string>>;
  /** Seconds by type, where netbox-dns says. */
  ttls: Map<RecordType, number>;
  withoutPtr: Set<string>;
  guests: Set<number>;
  /** Who wants it, for messages. */
  holders: Set<string>;
  adopt: boolean;
}

export interface NamedRecords {
  records: DesiredRecord[];
  plugin: DesiredPluginRecord[];
  problems: GuestProblem[];
  warnings: string[];
  /** Names that no zone of ours holds. */
  elsewhere: string[];
}

/** The name servers by their zones. */
export interface Servers {
  all: ZoneServer[];
  /** With the name of the server that keeps each. */
  zones: Zones<string>;
}

/**
 * The names of the built guests, with all their addresses, aliases and texts, and those of netbox-dns.
 * @param kept guests that are left out, whose names stay as they are
 */
export function desiredRecords(
  site: Site,
  guests: DesiredGuest[],
  servers: Servers,
  facts: PluginFacts | undefined,
  kept: KeptGuest[] = [],
): NamedRecords {
  const entries = new Map<string, Entry>();
  const problems: GuestProblem[] = [];
  const underscored = new Set<string>();
  const elsewhere = new Set<string>();
  const { ipam } = site.netbox;
  const pointers = new Pointers();
  const indexed = facts && new IndexedPlugin(facts, servers.all, (id) => ipam.prefix(id)?.vrfId);
  const entryAt = (server: string, name: string): Entry => {
    const key = `${server}/${absolute(name)}`;
    const made = entries.get(key) ?? newEntry(server, absolute(name));
    entries.set(key, made);
    return made;
  };
  const ofGuest = (name: string, guest: DesiredGuest): Entry | undefined => {
    const wrong = nameProblem(name);
    if (wrong !== undefined) {
      const text = `${guestTitle(guest)}: the name ${JSON.stringify(name)} ${wrong}; correct it in NetBox`;
      problems.push({ guests: [guest.id], text });
      return undefined;
    }
    const server = servers.zones.of(name)?.kept;
    if (server === undefined) {
      elsewhere.add(bareName(name));
      return undefined;
    }
    const entry = entryAt(server, name);
    entry.guests.add(guest.id);
    entry.holders.add(guestTitle(guest));
    entry.adopt ||= site.settings.site.adopt || guest.machine.inputs.adopt === true;
    return entry;
  };
  for (const guest of guests)
    for (const { key, vrfId, inputs } of guest.allocations) {
      const known = inputs.addressId === undefined ? undefined : ipam.address(inputs.addressId);
      const name = inputs.dnsName ?? known?.dnsName ?? "";
      if (name === "") continue;
      const ref: AddressRef = inputs.address === undefined ? { allocation: key } : { address: inputs.address };
      const entry = ofGuest(name, guest);
      if (entry !== undefined && !takesAddresses(name)) {
        underscored.add(bareName(name));
        continue;
      }
      entry?.addresses.push(ref);
      entry?.allocated.push({ key, ref, vrfId });
      if (entry && inputs.address !== undefined)
        pointers.add(entry, canonical(inputs.address), inputs.addressId ?? Number.POSITIVE_INFINITY);
      if (known) extras(site, guest, known, name, ofGuest);
    }
  pointers.settle();
  const plugin =
    indexed === undefined || site.settings.dns.plugin !== "sync"
      ? []
      : pluginRecords(site.stack, [...entries.values()], indexed, guests);
  if (indexed !== undefined) readPlugin(site, indexed, entryAt, { problems, underscored });
  const isApex = (name: string) => servers.zones.of(name)?.zone === name;
  const asTheyAre = keptRecords(site, kept, servers.all);
  const alone = asTheyAre.filter((record) => !joinKept(entries, record, kept));
  const records = [...entries.values()]
    .filter(({ addresses, texts }) => addresses.length > 0 || texts.size > 0)
    .map((entry) => recordOf(entry, site, { plugin: indexed, isApex, kept }, problems));
  const written = new Set(plugin.map(({ key }) => key));
  return {
    records: [...records, ...alone],
    plugin: [...plugin, ...keptPluginRecords(site, kept, asTheyAre, written)],
    problems,
    warnings: underscoreWarnings(underscored),
    elsewhere: [...elsewhere],
  };
}

/** BIND's `check-names` refuses the addresses of such names, and nsupdate before it. */
const underscoreWarnings = (names: ReadonlySet<string>): string[] =>
  names.size === 0
    ? []
    : [
        `${[...names].join(", ")}: a name with an underscore can't have addresses in DNS (BIND's check-names): left out. Write dns_name with hyphens in NetBox.`,
      ];

const newEntry = (server: string, name: string): Entry => ({
  name,
  server,
  addresses: [],
  allocated: [],
  texts: new Map(),
  ttls: new Map(),
  withoutPtr: new Set(),
  guests: new Set(),
  holders: new Set(),
  adopt: false,
});

/**
 * Which name an address leads back to, where several have it: guests that share a VIP, or one address in two VRFs. It is that of
 * the NetBox object with the lowest id, which stays the lowest whoever joins.
 */
class Pointers {
  private readonly byHost = new Map<string, { entry: Entry; id: number }[]>();

  add(entry: Entry, host: string, id: number): void {
    const key = `${entry.server}/${host}`;
    this.byHost.set(key, [...(this.byHost.get(key) ?? []), { entry, id }]);
  }

  settle(): void {
    for (const [key, all] of this.byHost) {
      const [first] = all.sort((a, b) => a.id - b.id || (a.entry.name < b.entry.name ? -1 : 1));
      for (const { entry } of all) if (entry !== first?.entry) entry.withoutPtr.add(key.slice(entry.server.length + 1));
    }
  }
}

function add(entry: Entry, type: Exclude<RecordType, "A" | "AAAA">, value: string): void {
  const values = entry.texts.get(type) ?? new Set();
  entry.texts.set(type, values.add(canonicalValue(type, value)));
}

/** Aliases (comma-separated) and a text from the address's custom fields. */
function extras(
  { settings }: Site,
  guest: DesiredGuest,
  address: NetboxAddress,
  name: string,
  entryOf: (name: string, guest: DesiredGuest) => Entry | undefined,
): void {
  const { dnsAliases, dnsTxt } = settings.site.customFields;
  const aliases = (address.customFields.get(dnsAliases) ?? "").split(/[\s,;]+/).filter((alias) => alias !== "");
  for (const alias of aliases) {
    const entry = entryOf(alias, guest);
    if (entry) add(entry, "CNAME", name);
  }
  const text = address.customFields.get(dnsTxt);
  const entry = text === undefined ? undefined : entryOf(name, guest);
  if (entry && text !== undefined) add(entry, "TXT", text);
}

/** What netbox-dns holds beside what we wrote there. */
function readPlugin(
  { stack, netbox, settings }: Site,
  plugin: IndexedPlugin,
  entryAt: (server: string, name: string) => Entry,
  { problems, underscored }: { problems: GuestProblem[]; underscored: Set<string> },
): void {
  for (const { server, record, zone, type } of pluginEntries(stack, plugin)) {
    const where = `${record.name} ${record.type} of zone ${zone.name} (${pageOf(netbox.url, "plugins/netbox-dns/records", record.id)})`;
    const value = type === "TXT" && record.value.startsWith('"') ? unquoteTxt(record.value) : record.value;
    if (!isSafe(type, value)) {
      const text = `${where} holds control characters, which no zone takes; correct it in NetBox`;
      problems.push({ guests: [], text });
      continue;
    }
    if ((type === "A" || type === "AAAA") && !takesAddresses(record.fqdn)) {
      underscored.add(bareName(record.fqdn));
      continue;
    }
    const entry = entryAt(server, record.fqdn);
    entry.holders.add(where);
    entry.adopt ||= settings.site.adopt;
    if (type === "A" || type === "AAAA") {
      const address = canonical(value);
      const known = entry.addresses.some((ref) => "address" in ref && canonical(ref.address) === address);
      if (!known) entry.addresses.push({ address });
      if (!record.hasPtr) entry.withoutPtr.add(address);
    } else add(entry, type, value);
    if (record.ttl !== undefined) entry.ttls.set(type, record.ttl);
  }
}

function recordOf(
  entry: Entry,
  site: Site,
  { plugin, isApex, kept }: { plugin: IndexedPlugin | undefined; isApex: (name: string) => boolean; kept: KeptGuest[] },
  problems: GuestProblem[],
): DesiredRecord {
  const { name, server, addresses, texts, guests, holders, adopt } = entry;
  const aliases = [...(texts.get("CNAME") ?? [])];
  const ofGuests = [...guests].filter((id) => !kept.some((each) => each.id === id));
  if (aliases.length > 0 && (addresses.length > 0 || aliases.length > 1 || texts.size > 1))
    problems.push({
      guests: ofGuests,
      text: `${[...holders].join(" and ")}: ${name} can't be an alias of ${aliases.join(" and ")} and something else besides; keep one in NetBox`,
    });
  if (aliases.length > 0 && isApex(name))
    problems.push({
      guests: ofGuests,
      text: `${[...holders].join(" and ")}: ${name} is a zone's own name, and can't be an alias of ${aliases.join(" and ")}; take it out of NetBox`,
    });
  const zone = plugin?.zoneOf(server, name);
  const ttl = zone?.ttl ?? site.settings.dns.ttl;
  const special = [...entry.ttls].filter(([, seconds]) => seconds !== ttl);
  return {
    server,
    name,
    ttl,
    ...(special.length > 0 ? { ttls: Object.fromEntries(special) } : {}),
    addresses,
    texts: Object.fromEntries([...texts].map(([type, values]) => [type, [...values].sort()])),
    withoutPtr: [...entry.withoutPtr],
    owner: { stack: site.stack, guests: [...guests].sort((a, b) => a - b) },
    adopt,
  };
}
