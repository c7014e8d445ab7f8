import { slugOf } from "../../netbox/prerequisites";
import type { References } from "./references";

/** Declares what stands below `netbox:` in the file. */
export function declarePrerequisites(references: References): void {
  const { netbox = {} } = references.facts.file;
  const named = (each: string | { name: string; slug?: string | undefined; description?: string | undefined }) =>
    typeof each === "string"
      ? { name: each, slug: slugOf(each) }
      : { name: each.name, slug: each.slug ?? slugOf(each.name), description: each.description };
  const simple = {
    tags: "tag",
    roles: "role",
    platforms: "platform",
    clusterTypes: "clusterType",
    ipamRoles: "ipamRole",
  } as const;
  for (const [room, type] of Object.entries(simple) as [keyof typeof simple, (typeof simple)[keyof typeof simple]][])
    for (const each of netbox[room] ?? []) {
      const fields = named(each);
      references.object(type, fields.name, type === "role" ? { ...fields, color: "9e9e9e", ofMachines: true } : fields);
    }
  for (const [n, { name, type, description }] of (netbox.clusters ?? []).entries())
    references.object(
      "cluster",
      name,
      { name, type, status: "active", description },
      { after: references.refer("clusterType", type, ["netbox", "clusters", n, "type"]) },
    );
  for (const { name, private: isPrivate } of netbox.rirs ?? [])
    references.object("rir", name, { name, slug: slugOf(name), isPrivate });
  for (const { prefix, rir, description } of netbox.aggregates ?? [])
    references.object(
      "aggregate",
      prefix,
      { prefix, rir, description },
      { after: [references.own.get(`rir/${rir}`) ?? ""].filter(Boolean) },
    );
  for (const [n, { vid, name, role, description }] of (netbox.vlans ?? []).entries())
    references.object(
      "vlan",
      name,
      { vid, name, role, description, status: "active" },
      { after: references.refer("ipamRole", role, ["netbox", "vlans", n, "role"]) },
    );
  for (const [n, { prefix, vlan, role, gateway, pool, description, customFields }] of (
    netbox.prefixes ?? []
  ).entries()) {
    const place = ["netbox", "prefixes", n];
    const found = vlan === undefined ? undefined : references.vlan(vlan, [...place, "vlan"]);
    const custom = {
      ...customFields,
      ...(gateway === undefined ? {} : { [references.facts.fields.gateway]: gateway }),
    };
    references.object(
      "prefix",
      prefix,
      { prefix, vlan: found?.name, role, isPool: pool, description, status: "active" },
      {
        after: [...(found?.after ?? []), ...references.refer("ipamRole", role, [...place, "role"])],
        customFields: references.custom(custom, "ipam.prefix", place),
      },
    );
    if (gateway === undefined) continue;
    // Nobody else is to be given it.
    const gatewayAddress = `${gateway}/${prefix.split("/")[1] ?? ""}`;
    references.object(
      "ipAddress",
      gatewayAddress,
      { address: gatewayAddress, status: "active", description: `Gateway of ${prefix}` },
      { after: [references.own.get(`prefix/${prefix}`) ?? ""] },
    );
    references.own.set(`prefix/${prefix}`, references.own.get(`ipAddress/${gatewayAddress}`) ?? "");
  }
  for (const [n, { start, end, role, description }] of (netbox.ranges ?? []).entries())
    references.object(
      "ipRange",
      `${start}-${end}`,
      { start, end, role, description, status: "active" },
      { after: references.refer("ipamRole", role, ["netbox", "ranges", n, "role"]) },
    );
  const servers = new Set((netbox.zones ?? []).flatMap(({ nameServers }) => nameServers));
  for (const name of servers) references.object("dnsNameServer", name, { name });
  for (const { name, view = "_default_", nameServers, contact, ttl } of netbox.zones ?? [])
    references.object(
      "dnsZone",
      name,
      {
        name,
        view,
        nameServers: [...nameServers].sort(),
        soaMname: nameServers[0],
        soaRname: contact,
        defaultTtl: ttl,
        status: "active",
      },
      { after: nameServers.map((each) => references.own.get(`dnsNameServer/${each}`) ?? "").filter(Boolean) },
    );
}
