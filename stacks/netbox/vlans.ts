import { nestedId, type ObjectRow } from "../../providers/netbox/objects/object.model";
import { groupBy, isRecord } from "../../providers/values";

/** NetBox's places that are within others, with what each is within. */
export interface NetboxPlaces {
  locations: readonly ObjectRow[];
  sites: readonly ObjectRow[];
  regions: readonly ObjectRow[];
  siteGroups: readonly ObjectRow[];
}
export const noPlaces: NetboxPlaces = { locations: [], sites: [], regions: [], siteGroups: [] };

/** A place by its type and id: `dcim.site 3`. */
type PlaceKey = string;
const placeKey = (type: string, id: number | undefined): PlaceKey => `${type} ${id ?? ""}`;

/** Where a cluster is, as far as NetBox says. */
export interface ClusterPlace {
  clusterId: number | undefined;
  clusterGroupId: number | undefined;
  siteId: number | undefined;
  /** All places that it is in, the narrowest first. */
  within?: readonly PlaceKey[] | undefined;
  /** The VLAN group (its name, slug or id) that its VLANs are of. */
  vlanGroup?: string | undefined;
}

/** Where the cluster of a row is. @param places none where nothing is scoped to other places than sites */
export function placeOfCluster(cluster: ObjectRow | undefined, places: NetboxPlaces = noPlaces): ClusterPlace {
  const scope = cluster?.scope ?? cluster?.site;
  const within = chainOf(String(cluster?.scope_type ?? "dcim.site"), nestedId(scope), places);
  const site = within.find((each) => each.startsWith("dcim.site "));
  return {
    clusterId: cluster?.id,
    clusterGroupId: nestedId(cluster?.group),
    siteId: site === undefined ? undefined : Number(site.split(" ")[1]),
    within,
  };
}

/** A place and all that it is within. */
function chainOf(type: string, id: number | undefined, places: NetboxPlaces): PlaceKey[] {
  if (id === undefined) return [];
  const find = (rows: readonly ObjectRow[]) => rows.find((each) => each.id === id);
  const own = placeKey(type, id);
  if (type === "dcim.location") {
    const row = find(places.locations);
    const parent = nestedId(row?.parent);
    return [
      own,
      ...(parent === undefined ? chainOf("dcim.site", nestedId(row?.site), places) : chainOf(type, parent, places)),
    ];
  }
  if (type === "dcim.site") {
    const row = find(places.sites);
    return [
      own,
      ...chainOf("dcim.region", nestedId(row?.region), places),
      ...chainOf("dcim.sitegroup", nestedId(row?.group), places),
    ];
  }
  const row = find(type === "dcim.region" ? places.regions : places.siteGroups);
  return [own, ...chainOf(type, nestedId(row?.parent), places)];
}

/** NetBox's VLANs by VID: of one VID there are as many as there are groups and sites that use it. */
export class Vlans {
  private readonly byVid: Map<number, ObjectRow[]>;
  private readonly byName: Map<string, number>;
  private readonly groups: Map<number, ObjectRow>;

  /** @param groups of VLANs, with their scopes; none where nobody may see them */
  constructor(
    vlans: readonly ObjectRow[],
    groups: readonly ObjectRow[] = [],
    private readonly places: NetboxPlaces = noPlaces,
  ) {
    this.byVid = groupBy(
      vlans.toSorted((a, b) => a.id - b.id),
      ({ vid }) => Number(vid),
    );
    this.byName = new Map([...groupBy([...vlans], shownName)].map(([name, all]) => [name, all.length]));
    this.groups = new Map(groups.map((group) => [group.id, group]));
  }

  /** By their ids. */
  withVid(vid: number): readonly ObjectRow[] {
    return this.byVid.get(vid) ?? [];
  }

  /**
   * The VLANs of a VID that a cluster's guests can mean: of the group that is named, of its own group, its cluster group's, its
   * site's, else those of no place. One of another place is none of its.
   */
  at(vid: number, place: ClusterPlace): readonly ObjectRow[] {
    const ranked = this.withVid(vid).map((vlan) => ({ vlan, rank: this.rank(vlan, place) }));
    const best = Math.min(...ranked.map(({ rank }) => rank));
    return best === elsewhere ? [] : ranked.filter(({ rank }) => rank === best).map(({ vlan }) => vlan);
  }

  private rank({ group, site }: ObjectRow, place: ClusterPlace): number {
    const { vlanGroup } = place;
    const row = isRecord(group) ? group : undefined;
    if (row !== undefined && vlanGroup !== undefined && [row.name, row.slug, String(row.id)].includes(vlanGroup))
      return 0;
    const scopeOf = (type: string, id: unknown, own: number | undefined, rank: number) =>
      scope?.scope_type !== type ? undefined : id === own ? rank : own === undefined ? unsaid : elsewhere;
    const scope = this.groups.get(nestedId(group) ?? 0);
    const id = scope?.scope_id;
    const siteId = nestedId(site);
    const ofCluster =
      scopeOf("virtualization.cluster", id, place.clusterId, 1) ??
      scopeOf("virtualization.clustergroup", id, place.clusterGroupId, 2);
    if (ofCluster !== undefined) return ofCluster;
    if (typeof scope?.scope_type === "string") return this.nearness(scope.scope_type, Number(id), place);
    return siteId === undefined ? ofNoPlace : this.nearness("dcim.site", siteId, place);
  }

  /** How near a VLAN's place is to the cluster: of those that the cluster is in the narrowest comes first. */
  private nearness(type: string, id: number, { siteId, within }: ClusterPlace): number {
    const all = within ?? (siteId === undefined ? [] : [placeKey("dcim.site", siteId)]);
    const [own] = all;
    const at = all.indexOf(placeKey(type, id));
    if (at >= 0) return 3 + at / (all.length + 1);
    const chain = chainOf(type, id, this.places);
    // It may be just there: in a room of the cluster's site, at a site of its region.
    if (own === undefined || chain.includes(own)) return unsaid;
    const isTold = chain.length > 1 || all.some((each) => each.startsWith(`${type} `));
    return isTold ? elsewhere : unsaid;
  }

  /** Does its name with its VID mean just this one? */
  isNamedAlone(vlan: ObjectRow): boolean {
    return this.byName.get(shownName(vlan)) === 1;
  }

  /** Is there one of this name and VID? */
  hasNamed(name: string, vid: number): boolean {
    return this.byName.has(shownName({ name, vid }));
  }
}

const shownName = ({ name, vid }: Record<string, unknown>): string => `${String(name)} (${String(vid)})`;
const ofNoPlace = 4;
/** Of a place, and nobody says whether it is the cluster's. */
const unsaid = 5;
const elsewhere = 9;
