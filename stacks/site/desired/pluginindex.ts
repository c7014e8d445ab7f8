import { absolute } from "../../../providers/dns/names";
import type { NetboxDnsView, NetboxDnsZone, NetboxPluginRecord } from "../../../providers/netbox/schemas";
import { groupBy } from "../../../providers/values";
import { Prefixes, type Vrf } from "../../netbox/ipam";
import type { PluginFacts } from "./types";

/** A name server as far as netbox-dns is concerned. */
export interface ZoneServer {
  name: string;
  zoneOf: (name: string) => string | undefined;
  /** Does one of its zones hold the PTR of an address? */
  hasPointer: (address: string) => boolean;
  /** NetBox's id of the view that it shows. */
  viewId: (views: NetboxDnsView[]) => number | undefined;
}

export const zoneServerOf = (
  name: string,
  view: string | undefined,
  { zoneOf, hasPointer }: Pick<ZoneServer, "zoneOf" | "hasPointer">,
): ZoneServer => ({
  name,
  zoneOf,
  hasPointer,
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
  /** Prefixes that are linked to views, with the ids of those. */
  private readonly synced: Prefixes<{ prefix: string; vrfId: Vrf; views: Set<number> }>;

  /** @param vrfOf a prefix, by its id */
  constructor({ views, zones, records }: PluginFacts, zoneServers: ZoneServer[], vrfOf: (prefixId: number) => Vrf) {
    this.records = records;
    this.zones = new Map(zones.map((zone) => [zone.id, zone]));
    this.zonesByName = new Map(zones.toReversed().map((zone) => [zoneKey(zone.viewId, zone.name), zone]));
    this.atName = groupBy([...records], ({ zoneId, fqdn }) => recordKey(zoneId, fqdn));
    this.servers = new Map(
      zoneServers.toReversed().map(({ name, zoneOf, viewId }) => [name, { zoneOf, viewId: viewId(views) }]),
    );
    const links = views.flatMap(({ id: view, prefixes }) => prefixes.map((each) => ({ ...each, view })));
    this.synced = new Prefixes(
      [...groupBy(links, ({ id }) => id)].map(([id, all]) => ({
        prefix: all[0]?.prefix ?? "",
        vrfId: vrfOf(id),
        views: new Set(all.map(({ view }) => view)),
      })),
    );
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

  /** Does DNSsync make the records of this address by itself? The narrowest prefix of its VRF that is linked to any view says it. */
  isSynced({ viewId }: NetboxDnsZone, address: string, vrf: Vrf): boolean {
    return this.synced.narrowest(address, vrf)?.views.has(viewId) ?? false;
  }
}

const zoneKey = (viewId: number, name: string): string => `${viewId} ${absolute(name)}`;
const recordKey = (zoneId: number, name: string): string => `${zoneId} ${absolute(name)}`;
