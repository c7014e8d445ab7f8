import type { Seed } from "../seed";
import type { SeedScope } from "../seed.netbox";
import { type CallNetbox, type Ids, make, makeNamed, slug } from "./making";

/** The places of a seed by name, and what stands for one in the body of what belongs there. */
export interface Places {
  sites: Ids;
  tenants: Ids;
  scope: (scope: SeedScope) => { scope_type?: string; scope_id?: number };
  locations: Ids;
  /** Clusters are scopes too, once they are there. */
  clusters: Ids;
}

export async function loadPlaces(call: CallNetbox, seed: Seed["netbox"]): Promise<Places> {
  const regions = await makeNamed(call, "dcim/regions/", seed.regions);
  const groups = await makeNamed(call, "dcim/site-groups/", seed.siteGroups);
  const all = [{ name: seed.site, region: undefined, group: undefined }, ...seed.sites];
  const made = await make(
    call,
    "dcim/sites/",
    all.map(({ name, region, group }) => ({
      ...{ name, slug: slug(name) },
      ...(region === undefined ? {} : { region: regions.get(region) }),
      ...(group === undefined ? {} : { group: groups.get(group) }),
    })),
  );
  const sites = new Map(all.map(({ name }, n) => [name, made[n]?.id ?? 0]));
  const rooms = await make(
    call,
    "dcim/locations/",
    seed.locations.map(({ name, site }) => ({ name, slug: slug(name), site: sites.get(site) })),
  );
  const locations = new Map(seed.locations.map(({ name }, n) => [name, rooms[n]?.id ?? 0]));
  const clusters: Ids = new Map();
  const kinds: [keyof SeedScope, string, Ids][] = [
    ["region", "dcim.region", regions],
    ["siteGroup", "dcim.sitegroup", groups],
    ["site", "dcim.site", sites],
    ["location", "dcim.location", locations],
    ["cluster", "virtualization.cluster", clusters],
  ];
  const scope: Places["scope"] = (wanted) => {
    for (const [kind, type, ids] of kinds) {
      const name = wanted[kind];
      if (name !== undefined) return { scope_type: type, scope_id: ids.get(name) };
    }
    return {};
  };
  return { sites, tenants: await makeNamed(call, "tenancy/tenants/", seed.tenants), scope, locations, clusters };
}

/** The clusters of Proxmox VE and others. @returns their names in order */
export async function loadClusters(
  call: CallNetbox,
  { netbox: seed, proxmox }: Seed,
  places: Places,
): Promise<string[]> {
  const [type] = await make(call, "virtualization/cluster-types/", [{ name: "Proxmox", slug: "proxmox" }]);
  const told = new Map(seed.clusters.map((each) => (typeof each === "string" ? [each, undefined] : [each.name, each])));
  const names = [...new Set([...Object.keys(proxmox), ...told.keys()])];
  const made = await make(
    call,
    "virtualization/clusters/",
    names.map((name) => ({
      ...{ name, type: type?.id },
      ...places.scope(told.get(name)?.scope ?? { site: seed.site }),
      tenant: places.tenants.get(told.get(name)?.tenant ?? "") ?? null,
    })),
  );
  for (const [n, name] of names.entries()) places.clusters.set(name, made[n]?.id ?? 0);
  return names;
}

/** The nodes of clusters and single hosts, as devices. @returns their ids by name, and by `cluster/name` or `site/name` */
export async function loadDevices(
  call: CallNetbox,
  seed: Seed["netbox"],
  { clusters, sites, locations: rooms }: Places,
): Promise<Ids> {
  const told = new Map(
    seed.clusters.flatMap((each) => (typeof each === "string" ? [] : [[each.name, each.scope] as const])),
  );
  const locations = new Map(seed.locations.map(({ name, site }) => [name, site]));
  const siteOf = (cluster: string) => {
    const scope = told.get(cluster);
    return scope?.site ?? locations.get(scope?.location ?? "") ?? seed.site;
  };
  const nodes = [
    ...Object.entries(seed.devices).flatMap(([cluster, names]) =>
      names.map((name) => ({
        name,
        group: cluster,
        cluster: clusters.get(cluster),
        site: siteOf(cluster),
        location: told.get(cluster)?.location,
      })),
    ),
    ...Object.entries(seed.hosts).flatMap(([site, names]) =>
      names.map((name) => ({ name, group: site, cluster: undefined, site, location: undefined })),
    ),
  ];
  if (nodes.length === 0) return new Map();
  const [maker] = await make(call, "dcim/manufacturers/", [{ name: "Lab", slug: "lab" }]);
  const [model] = await make(call, "dcim/device-types/", [{ manufacturer: maker?.id, model: "Node", slug: "node" }]);
  const roles = await makeNamed(call, "dcim/device-roles/", ["Proxmox node"], { color: "9e9e9e", vm_role: false });
  const made = await make(
    call,
    "dcim/devices/",
    nodes.map(({ name, cluster, site, location }) => ({
      ...{ name, cluster, site: sites.get(site) },
      ...(location === undefined ? {} : { location: rooms.get(location) }),
      ...{ device_type: model?.id, role: roles.get("Proxmox node") },
    })),
  );
  return new Map(
    nodes.flatMap(({ name, group }, n) => {
      const id = made[n]?.id ?? 0;
      return [[name, id] as const, [`${group}/${name}`, id] as const];
    }),
  );
}
