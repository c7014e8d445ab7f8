import type { Seed, SeedGuest } from "../seed";
import { loadIpam, type Networks } from "./loadipam";
import { loadClusters, loadDevices, loadPlaces, type Places } from "./loadplaces";
import { type CallNetbox, type Ids, make, makeNamed, withTags } from "./making";

/** A plain client for a NetBox by URL and token, for seeds and tests. */
export function netboxCall(url: string, token: string): CallNetbox {
  const authorization = token.startsWith("nbt_") ? `Bearer ${token}` : `Token ${token}`;
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/${path}`, {
      method,
      headers: { Authorization: authorization, "Content-Type": "application/json", Connection: "close" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  };
}

/** Fills an empty NetBox, the lab's or a real one, by its REST API; @returns the ids of the guests by name. */
export async function loadSeed(call: CallNetbox, whole: Seed): Promise<Ids> {
  const { netbox: seed } = whole;
  const places = await loadPlaces(call, seed);
  const required = await loadFields(call, seed);
  await makeNamed(call, "extras/tags/", seed.tags);
  const vmRoles = await makeNamed(call, "dcim/device-roles/", seed.vmRoles, { color: "9e9e9e", vm_role: true });
  const platforms = await makeNamed(call, "dcim/platforms/", seed.platforms);
  const [firstCluster = ""] = await loadClusters(call, whole, places);
  const devices = await loadDevices(call, seed, places);
  for (const { roles: names, ...context } of seed.configContexts)
    await make(call, "extras/config-contexts/", [{ ...context, roles: names.map((name) => vmRoles.get(name)) }]);
  const networks = await loadIpam(call, seed, places);
  const ids = await loadGuests(call, seed.guests, {
    cluster: (name) => (name === null ? undefined : places.clusters.get(name ?? firstCluster)),
    devices,
    places,
    platforms,
    vmRoles,
    networks,
  });
  for (const id of required) await call("PATCH", `extras/custom-fields/${id}/`, { required: true });
  return ids;
}

/** Choice sets and custom fields. @returns the ids of the fields that are to be required in the end */
async function loadFields(call: CallNetbox, { choiceSets: sets, customFields }: Seed["netbox"]): Promise<number[]> {
  const choiceSets: Ids = new Map();
  for (const [name, choices] of Object.entries(sets)) {
    const [made] = await make(call, "extras/custom-field-choice-sets/", [
      { name, extra_choices: choices.map((choice) => [choice, choice]) },
    ]);
    choiceSets.set(name, made?.id ?? 0);
  }
  const made = await make(
    call,
    "extras/custom-fields/",
    customFields.map(({ name, type, objectTypes, choiceSet, relatedObjectType, default: fallback }) => ({
      name,
      type,
      object_types: objectTypes,
      ...(choiceSet === undefined ? {} : { choice_set: choiceSets.get(choiceSet) }),
      ...(relatedObjectType === undefined ? {} : { related_object_type: relatedObjectType }),
      ...(fallback === undefined ? {} : { default: fallback }),
    })),
  );
  return customFields.flatMap(({ required }, n) => (required === true ? [made[n]?.id ?? 0] : []));
}

interface References {
  cluster: (name: string | null | undefined) => number | undefined;
  devices: Ids;
  places: Places;
  platforms: Ids;
  vmRoles: Ids;
  networks: Networks;
}

async function loadGuests(
  call: CallNetbox,
  guests: SeedGuest[],
  { cluster, devices, places, platforms, vmRoles, networks }: References,
): Promise<Ids> {
  const vms = await make(
    call,
    "virtualization/virtual-machines/",
    guests.map((guest) => ({
      name: guest.name,
      cluster: cluster(guest.cluster) ?? null,
      ...(guest.site === undefined ? {} : { site: places.sites.get(guest.site) }),
      ...(guest.tenant === undefined ? {} : { tenant: places.tenants.get(guest.tenant) }),
      ...(guest.device === undefined ? {} : { device: devices.get(guest.device) }),
      status: guest.status,
      vcpus: guest.vcpus ?? null,
      memory: guest.memory ?? null,
      platform: guest.platform === undefined ? null : platforms.get(guest.platform),
      role: guest.role === undefined ? null : vmRoles.get(guest.role),
      description: guest.description ?? "",
      comments: guest.comments ?? "",
      local_context_data: guest.localContext ?? null,
      custom_fields: guest.customFields ?? {},
      ...withTags(guest.tags),
    })),
  );
  await make(
    call,
    "virtualization/virtual-disks/",
    guests.flatMap((guest, n) =>
      guest.disks.map(({ name, size, customFields }) => ({
        virtual_machine: vms[n]?.id,
        name,
        size,
        custom_fields: customFields ?? {},
      })),
    ),
  );
  const interfaces = guests.flatMap((guest, n) => guest.interfaces.map((each) => ({ each, vm: vms[n]?.id })));
  const madeInterfaces = await make(
    call,
    "virtualization/interfaces/",
    interfaces.map(({ each, vm }) => ({
      virtual_machine: vm,
      name: each.name,
      enabled: each.enabled ?? true,
      mtu: each.mtu ?? null,
      mode: each.mode ?? (each.vlan === undefined ? null : "access"),
      untagged_vlan: each.vlan === undefined ? null : networks.vlan(each.vlan),
      tagged_vlans: (each.taggedVlans ?? []).map((vid) => networks.vlan(vid)),
      ...networks.vrf(each.vrf),
      custom_fields: each.customFields ?? {},
    })),
  );
  // Only now are those there that others stand on.
  for (const [n, { each, vm }] of interfaces.entries())
    for (const key of ["parent", "bridge"] as const)
      if (each[key] !== undefined) {
        const below = interfaces.findIndex((other) => other.vm === vm && other.each.name === each[key]);
        await call("PATCH", `virtualization/interfaces/${madeInterfaces[n]?.id}/`, {
          [key]: madeInterfaces[below]?.id,
        });
      }
  const macs = interfaces.flatMap(({ each }, n) =>
    each.mac === undefined ? [] : [{ mac: each.mac, id: madeInterfaces[n]?.id }],
  );
  const madeMacs = await make(
    call,
    "dcim/mac-addresses/",
    macs.map(({ mac, id }) => ({
      mac_address: mac,
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: id,
    })),
  );
  for (const [n, { id }] of macs.entries())
    await call("PATCH", `virtualization/interfaces/${id}/`, { primary_mac_address: madeMacs[n]?.id });
  const addresses = interfaces.flatMap(({ each, vm }, n) =>
    each.addresses.map((given) => ({
      ...(typeof given === "string" ? { address: given } : given),
      vm,
      interfaceId: madeInterfaces[n]?.id,
    })),
  );
  const madeAddresses = await make(
    call,
    "ipam/ip-addresses/",
    addresses.map(({ address, dnsName, tags, vrf, role, status, description, interfaceId }) => ({
      address,
      ...networks.vrf(vrf),
      ...(status === undefined ? {} : { status }),
      ...(role === undefined ? {} : { role }),
      dns_name: dnsName ?? "",
      description: description ?? "",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: interfaceId,
      ...withTags(tags),
    })),
  );
  for (const [n, { primary, address, vm }] of addresses.entries())
    if (primary === true)
      await call("PATCH", `virtualization/virtual-machines/${vm}/`, {
        [address.includes(":") ? "primary_ip6" : "primary_ip4"]: madeAddresses[n]?.id,
      });
  return new Map(guests.map((guest, n) => [guest.name, vms[n]?.id ?? 0]));
}
