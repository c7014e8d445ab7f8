import { nestedId, type ObjectRow } from "../../providers/netbox/objects/object.model";
import { groupBy, isRecord } from "../../providers/values";

/** Where a cluster is, as far as NetBox says. */
export interface ClusterPlace {
  clusterId: number | undefined;
  clusterGroupId: number | undefined;
  siteId: number | undefined;
  /** The VLAN group (its name, slug or id) that its VLANs are of. */
  vlanGroup?: string | undefined;
}

/** Where the cluster of a row is. */
export function placeOfCluster(cluster: ObjectRow | undefined): ClusterPlace {
  const scope = cluster?.scope ?? cluster?.site;
  const isSite = (cluster?.scope_type ?? "dcim.site") === "dcim.site";
  return {
    clusterId: cluster?.id,
    clusterGroupId: nestedId(cluster?.group),
    siteId: isSite ? nestedId(scope) : undefined,
  };
}

/** NetBox's VLANs by VID: of one VID there are as many as there are groups and sites that use it. */
export class Vlans {
  private readonly byVid: Map<number, ObjectRow[]>;
  private readonly byName: Map<string, number>;
  private readonly groups: Map<number, ObjectRow>;

  /** @param groups of VLANs, with their scopes; none where nobody may see them */
  constructor(vlans: readonly ObjectRow[], groups: readonly ObjectRow[] = []) {
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
    return (
      scopeOf("virtualization.cluster", id, place.clusterId, 1) ??
      scopeOf("virtualization.clustergroup", id, place.clusterGroupId, 2) ??
      scopeOf("dcim.site", id, place.siteId, 3) ??
      (siteId === undefined ? 4 : siteId === place.siteId ? 3 : place.siteId === undefined ? unsaid : elsewhere)
    );
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
/** Of a place, and nobody says whether it is the cluster's. */
const unsaid = 5;
const elsewhere = 9;
