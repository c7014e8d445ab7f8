import { absolute } from "../../../providers/dns/names";
import type { NetboxDnsView, NetboxDnsZone, NetboxPluginRecord } from "../../../providers/netbox/schemas";
import { groupBy } from "../../../providers/values";
import { Prefixes } from "../../netbox/ipam";
import type { PluginFacts } from "./types";

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

/** What netbox-dns holds, found by name server, zone and name. */
export class IndexedPlugin {
  readonly records: readonly NetboxPluginRecord[];
  private readonly zones: Map<number, NetboxDnsZone>;
  /** By view and name. */
  private readonly zonesByName: Map<string, NetboxDnsZone>;
  private readonly atName: Map<string, NetboxPluginRecord[]>;
  private readonly servers: Map<string, { zoneOf: ZoneServer["zoneOf"]; viewId: number | undefined }>;
  /** Prefixes by the id of the view that they are linked to. */
  private readonly synced: Map<number, Prefixes<{ prefix: string }>>;

  constructor({ views, zones, records }: PluginFacts, zoneServers: ZoneServer[]) {
    this.records = records;
    this.zones = new Map(zones.map((zone) => [zone.id, zone]));
    this.zonesByName = new Map(zones.toReversed().map((zone) => [zoneKey(zone.viewId, zone.name), zone]));
    this.atName = groupBy([...records], ({ zoneId, fqdn }) => recordKey(zoneId, fqdn));
    this.servers = new Map(
      zoneServers.toReversed().map(({ name, zoneOf, viewId }) => [name, { zoneOf, viewId: viewId(views) }]),
    );
    this.synced = new Map(views.map(({ id, prefixes }) => [id, new Prefixes(prefixes.map((prefix) => ({ prefix })))]));
  }

  zone(id: number): NetboxDnsZone | undefined {
    return this.zones.get(id);
  }

  /** The plugin's zone of a name, in the view that the name server shows. */
  zoneOf(server: string, name: string): NetboxDnsZone | undefined {
    const found = this.servers.get(server);
    const zone = found?.zoneOf(name);
    return found?.viewId === undefined || zone === undefined
      ? undefined
      : this.zonesByName.get(zoneKey(found.viewId, zone));
  }

  /** The name servers that show a record: those of its zone's view that keep its zone. */
  serversOf({ fqdn }: NetboxPluginRecord, { name, viewId }: NetboxDnsZone): string[] {
    return [...this.servers]
      .filter(([, server]) => server.viewId === viewId && server.zoneOf(fqdn) === absolute(name))
      .map(([server]) => server)
      .reverse();
  }

  recordsAt({ id }: NetboxDnsZone, name: string): NetboxPluginRecord[] {
    return this.atName.get(recordKey(id, name)) ?? [];
  }

  /** Does DNSsync make the records of this address by itself, as a prefix of the zone's view holds it? */
  isSynced({ viewId }: NetboxDnsZone, address: string): boolean {
    return this.synced.get(viewId)?.narrowest(address, undefined) !== undefined;
  }
}

const zoneKey = (viewId: number, name: string): string => `${viewId} ${absolute(name)}`;
const recordKey = (zoneId: number, name: string): string => `${zoneId} ${absolute(name)}`;
