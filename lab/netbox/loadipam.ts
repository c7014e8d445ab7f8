import type { Seed } from "../seed";
import type { Places } from "./loadplaces";
import { type CallNetbox, type Ids, make, makeNamed, slug, withTags } from "./making";

type VlanName = number | string;

export interface Networks {
  vlan: (name: VlanName) => number | undefined;
  vrf: (name: string | undefined) => { vrf?: number };
}

/** VRFs, VLANs, prefixes, ranges, FHRP groups, and the addresses that no guest has. */
export async function loadIpam(call: CallNetbox, seed: Seed["netbox"], places: Places): Promise<Networks> {
  const roles = await makeNamed(call, "ipam/roles/", seed.ipamRoles);
  const networks = { vrf: await loadVrfs(call, seed), vlan: await loadVlans(call, seed, places) };
  const roleOf = (name: string | undefined) => (name === undefined ? null : roles.get(name));
  const status = (text: string | undefined) => (text === undefined ? {} : { status: text });
  await make(
    call,
    "ipam/prefixes/",
    seed.prefixes.map(({ prefix, vrf, vlan, role, tags, customFields, scope, isPool, ...each }) => ({
      prefix,
      ...networks.vrf(vrf),
      ...(scope === undefined ? {} : places.scope(scope)),
      ...status(each.status),
      ...(isPool === undefined ? {} : { is_pool: isPool }),
      vlan: vlan === undefined ? null : networks.vlan(vlan),
      role: roleOf(role),
      custom_fields: customFields ?? {},
      ...withTags(tags),
    })),
  );
  await loadAddresses(call, seed, networks);
  await make(
    call,
    "ipam/ip-ranges/",
    seed.ranges.map(({ start, end, vrf, role, populated, description, tags, ...each }) => ({
      start_address: start,
      end_address: end,
      ...networks.vrf(vrf),
      ...status(each.status),
      ...(populated === undefined ? {} : { mark_populated: populated }),
      role: roleOf(role),
      description: description ?? "",
      ...withTags(tags),
    })),
  );
  return networks;
}

async function loadVrfs(call: CallNetbox, { vrfs }: Seed["netbox"]): Promise<Networks["vrf"]> {
  const all = vrfs.map((each) => (typeof each === "string" ? { name: each } : each));
  const made = await make(
    call,
    "ipam/vrfs/",
    all.map(({ name, rd, enforceUnique }) => ({
      name,
      ...(rd === undefined ? {} : { rd }),
      ...(enforceUnique === undefined ? {} : { enforce_unique: enforceUnique }),
    })),
  );
  const ids: Ids = new Map(all.map(({ name }, n) => [name, made[n]?.id ?? 0]));
  return (name) => (name === undefined ? {} : { vrf: ids.get(name) });
}

async function loadVlans(
  call: CallNetbox,
  seed: Seed["netbox"],
  { scope, sites, tenants }: Places,
): Promise<Networks["vlan"]> {
  const groups = await make(
    call,
    "ipam/vlan-groups/",
    seed.vlanGroups.map(({ name, scope: at }) => ({ name, slug: slug(name), ...(at === undefined ? {} : scope(at)) })),
  );
  const groupIds: Ids = new Map(seed.vlanGroups.map(({ name }, n) => [name, groups[n]?.id ?? 0]));
  const made = await make(
    call,
    "ipam/vlans/",
    seed.vlans.map(({ vid, name, group, site, tenant }) => ({
      ...{ vid, name },
      ...(group === undefined ? {} : { group: groupIds.get(group) }),
      ...(site === undefined ? {} : { site: sites.get(site) }),
      ...(tenant === undefined ? {} : { tenant: tenants.get(tenant) }),
    })),
  );
  const ids = new Map<VlanName, number>();
  for (const [n, { vid, group }] of seed.vlans.entries()) {
    const id = made[n]?.id ?? 0;
    if (group !== undefined) ids.set(`${group}/${vid}`, id);
    if (!ids.has(vid)) ids.set(vid, id);
  }
  return (name) => ids.get(name);
}

async function loadAddresses(call: CallNetbox, seed: Seed["netbox"], { vrf }: Networks): Promise<void> {
  const made = await make(
    call,
    "ipam/fhrp-groups/",
    seed.fhrpGroups.map(({ name, protocol, groupId }) => ({ name, protocol, group_id: groupId })),
  );
  const groups: Ids = new Map(seed.fhrpGroups.map(({ name }, n) => [name, made[n]?.id ?? 0]));
  await make(
    call,
    "ipam/ip-addresses/",
    seed.addresses.map(({ address, description, tags, fhrpGroup, dnsName, role, customFields, ...each }) => ({
      address,
      ...vrf(each.vrf),
      ...(each.status === undefined ? {} : { status: each.status }),
      ...(role === undefined ? {} : { role }),
      ...(fhrpGroup === undefined
        ? {}
        : { assigned_object_type: "ipam.fhrpgroup", assigned_object_id: groups.get(fhrpGroup) }),
      dns_name: dnsName ?? "",
      description: description ?? "",
      custom_fields: customFields ?? {},
      ...withTags(tags),
    })),
  );
}
