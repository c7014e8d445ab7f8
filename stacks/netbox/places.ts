import type { NetboxClient } from "../../providers/netbox/client";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { row } from "../../providers/netbox/objects/objects";
import { ifVisible } from "./visible";
import { type NetboxPlaces, noPlaces } from "./vlans";

const wider: readonly unknown[] = ["dcim.location", "dcim.region", "dcim.sitegroup"];

/**
 * What lies within what, where one of these is scoped to anything but a site. Kinds of places that the token may not see are left
 * out: nobody can say then what is in them.
 */
export async function readPlaces(netbox: NetboxClient, scoped: readonly ObjectRow[]): Promise<NetboxPlaces> {
  if (!scoped.some(({ scope_type: type }) => wider.includes(type))) return noPlaces;
  const list = async (path: string, fields: string) => (await ifVisible(netbox.list(path, row, fields))) ?? [];
  const [locations, sites, regions, siteGroups] = await Promise.all([
    list("dcim/locations", "id,site,parent"),
    list("dcim/sites", "id,region,group"),
    list("dcim/regions", "id,parent"),
    list("dcim/site-groups", "id,parent"),
  ]);
  return { locations, sites, regions, siteGroups };
}
