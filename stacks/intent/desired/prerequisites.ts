import { slugOf } from "../../netbox/prerequisites";
import { type MeantNetworks, vrfScope } from "./networks";
import type { References } from "./references";

/** Declares what stands below `netbox:` in the file. */
export function declarePrerequisites(references: References, networks: MeantNetworks): void {
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
  for (const [n, { name, type, description }] of (netbox.clusters ?? []).entries()) {
    const found = references.refer("clusterType", type, ["netbox", "clusters", n, "type"]);
    const fields = { name, type: found.name, status: "active", description };
    references.object("cluster", name, fields, { after: found.after });
  }
  for (const { name, private: isPrivate } of netbox.rirs ?? [])
    references.object("rir", name, { name, slug: slugOf(name), isPrivate });
  for (const { prefix, rir, description } of netbox.aggregates ?? [])
    references.object("aggregate", prefix, { prefix, rir, description }, { after: references.ownName("rir", rir) });
  for (const [n, { vid, name, role, description }] of (netbox.vlans ?? []).entries()) {
    const { scope, group, site } = networks.ownPlace(n);
    const { name: roleName, after = [] } = references.refer("ipamRole", role, ["netbox", "vlans", n, "role"]);
    const fields = { vid, name, group, site, role: roleName, description, status: "active" };
    references.object("vlan", name, fields, { after, scope });
  }
  for (const [n, each] of (netbox.prefixes ?? []).entries()) {
    const { prefix, vlan, role, gateway, pool, description, customFields } = each;
    const place = ["netbox", "prefixes", n];
    const vrf = each.vrf === undefined ? undefined : networks.vrf(each.vrf, [...place, "vrf"])?.id;
    const scope = vrfScope(vrf);
    networks.addPrefix(prefix, vrf);
    const found = vlan === undefined ? undefined : networks.vlan(vlan, [...place, "vlan"]);
    const { name: roleName, after = [] } = references.refer("ipamRole", role, [...place, "role"]);
    const custom = {
      ...customFields,
      ...(gateway === undefined ? {} : { [references.facts.fields.gateway]: gateway }),
    };
    references.object(
      "prefix",
      prefix,
      { prefix, vrf, vlan: found?.name, role: roleName, isPool: pool, description, status: "active" },
      {
        after: [...(found?.after ?? []), ...after],
        customFields: references.custom(custom, "ipam.prefix", place),
        scope,
      },
    );
    if (gateway === undefined) continue;
    // Nobody else is to be given it.
    const gatewayAddress = `${gateway}/${prefix.split("/")[1] ?? ""}`;
    references.object(
      "ipAddress",
      gatewayAddress,
      { address: gatewayAddress, vrf, status: "active", description: `Gateway of ${prefix}` },
      { after: references.ownName("prefix", prefix, scope), scope },
    );
    references.waitInstead("prefix", prefix, scope, references.ownName("ipAddress", gatewayAddress, scope));
  }
  for (const [n, { start, end, role, description, ...each }] of (netbox.ranges ?? []).entries()) {
    const place = ["netbox", "ranges", n];
    const vrf = each.vrf === undefined ? undefined : networks.vrf(each.vrf, [...place, "vrf"])?.id;
    const { name: roleName, after = [] } = references.refer("ipamRole", role, [...place, "role"]);
    const fields = { start, end, vrf, role: roleName, description, status: "active" };
    references.object("ipRange", `${start}-${end}`, fields, { after, scope: vrfScope(vrf) });
  }
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
      { after: nameServers.flatMap((each) => references.ownName("dnsNameServer", each)) },
    );
}
