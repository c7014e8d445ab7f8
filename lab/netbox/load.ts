import type { Seed, SeedGuest } from "../seed";

/** Sends one request to a NetBox and gives the parsed body; throws on anything but success. */
export type CallNetbox = (method: string, path: string, body?: unknown) => Promise<unknown>;

export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

type Ids = Map<string, number>;

interface Made {
  id: number;
}

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

async function make(call: CallNetbox, path: string, bodies: Record<string, unknown>[]): Promise<Made[]> {
  if (bodies.length === 0) return [];
  return (await call("POST", path, bodies)) as Made[];
}

async function named(
  call: CallNetbox,
  path: string,
  names: string[],
  extra: Record<string, unknown> = {},
): Promise<Ids> {
  const made = await make(
    call,
    path,
    names.map((name) => ({ name, slug: slug(name), ...extra })),
  );
  return new Map(names.map((name, n) => [name, made[n]?.id ?? 0]));
}

const tagged = (tags: string[] | undefined) => (tags === undefined ? {} : { tags: tags.map((name) => ({ name })) });

/** Fills an empty NetBox, the lab's or a real one, by its REST API; @returns the ids of the guests by name. */
export async function loadSeed(call: CallNetbox, { netbox: seed, proxmox }: Seed): Promise<Ids> {
  const [site] = await make(call, "dcim/sites/", [{ name: seed.site, slug: slug(seed.site) }]);
  const choiceSets = new Map<string, number>();
  for (const [name, choices] of Object.entries(seed.choiceSets)) {
    const [made] = await make(call, "extras/custom-field-choice-sets/", [
      { name, extra_choices: choices.map((choice) => [choice, choice]) },
    ]);
    choiceSets.set(name, made?.id ?? 0);
  }
  await make(
    call,
    "extras/custom-fields/",
    seed.customFields.map(({ name, type, objectTypes, choiceSet }) => ({
      name,
      type,
      object_types: objectTypes,
      ...(choiceSet ? { choice_set: choiceSets.get(choiceSet) } : {}),
    })),
  );
  await named(call, "extras/tags/", seed.tags);
  const vmRoles = await named(call, "dcim/device-roles/", seed.vmRoles, { color: "9e9e9e", vm_role: true });
  const platforms = await named(call, "dcim/platforms/", seed.platforms);
  const roles = await named(call, "ipam/roles/", seed.ipamRoles);
  const [type] = await make(call, "virtualization/cluster-types/", [{ name: "Proxmox", slug: "proxmox" }]);
  const clusterNames = [...new Set([...Object.keys(proxmox), ...seed.clusters])];
  const madeClusters = await make(
    call,
    "virtualization/clusters/",
    clusterNames.map((name) => ({ name, type: type?.id, scope_type: "dcim.site", scope_id: site?.id, site: site?.id })),
  );
  const clusters = new Map(clusterNames.map((name, n) => [name, madeClusters[n]?.id ?? 0]));
  const devices = await loadDevices(call, seed, { clusters, site: site?.id });
  for (const { roles: names, ...context } of seed.configContexts)
    await make(call, "extras/config-contexts/", [{ ...context, roles: names.map((name) => vmRoles.get(name)) }]);
  const madeVrfs = await make(
    call,
    "ipam/vrfs/",
    seed.vrfs.map((name) => ({ name })),
  );
  const vrfs = new Map(seed.vrfs.map((name, n) => [name, madeVrfs[n]?.id]));
  const vrfOf = (name: string | undefined) => (name === undefined ? {} : { vrf: vrfs.get(name) });
  const madeVlans = await make(
    call,
    "ipam/vlans/",
    seed.vlans.map(({ vid, name }) => ({ vid, name })),
  );
  const vlans = new Map(seed.vlans.map(({ vid }, n) => [vid, madeVlans[n]?.id ?? 0]));
  await make(
    call,
    "ipam/prefixes/",
    seed.prefixes.map(({ prefix, vrf, vlan, role, tags, customFields }) => ({
      prefix,
      ...vrfOf(vrf),
      vlan: vlan === undefined ? null : vlans.get(vlan),
      role: role === undefined ? null : roles.get(role),
      custom_fields: customFields ?? {},
      ...tagged(tags),
    })),
  );
  await make(
    call,
    "ipam/ip-ranges/",
    seed.ranges.map(({ start, end, role }) => ({
      start_address: start,
      end_address: end,
      role: role === undefined ? null : roles.get(role),
    })),
  );
  await make(
    call,
    "ipam/ip-addresses/",
    seed.addresses.map(({ address, vrf, description, tags }) => ({
      address,
      ...vrfOf(vrf),
      description: description ?? "",
      ...tagged(tags),
    })),
  );
  return loadGuests(call, seed.guests, {
    cluster: (name) => clusters.get(name ?? clusterNames[0] ?? ""),
    devices,
    platforms,
    vmRoles,
    vlans,
  });
}

/** The nodes of clusters, as devices. */
async function loadDevices(
  call: CallNetbox,
  seed: Seed["netbox"],
  { clusters, site }: { clusters: Ids; site: number | undefined },
): Promise<Ids> {
  const nodes = Object.entries(seed.devices).flatMap(([cluster, names]) =>
    names.map((name) => ({ name, cluster: clusters.get(cluster) })),
  );
  if (nodes.length === 0) return new Map();
  const [maker] = await make(call, "dcim/manufacturers/", [{ name: "Lab", slug: "lab" }]);
  const [model] = await make(call, "dcim/device-types/", [{ manufacturer: maker?.id, model: "Node", slug: "node" }]);
  const roles = await named(call, "dcim/device-roles/", ["Proxmox node"], { color: "9e9e9e", vm_role: false });
  const made = await make(
    call,
    "dcim/devices/",
    nodes.map((node) => ({ ...node, site, device_type: model?.id, role: roles.get("Proxmox node") })),
  );
  return new Map(nodes.map(({ name }, n) => [name, made[n]?.id ?? 0]));
}

interface References {
  cluster: (name: string | undefined) => number | undefined;
  devices: Ids;
  platforms: Ids;
  vmRoles: Ids;
  vlans: Map<number, number>;
}

async function loadGuests(
  call: CallNetbox,
  guests: SeedGuest[],
  { cluster, devices, platforms, vmRoles, vlans }: References,
): Promise<Ids> {
  const vms = await make(
    call,
    "virtualization/virtual-machines/",
    guests.map((guest) => ({
      name: guest.name,
      cluster: cluster(guest.cluster),
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
      ...tagged(guest.tags),
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
      untagged_vlan: each.vlan === undefined ? null : vlans.get(each.vlan),
      tagged_vlans: (each.taggedVlans ?? []).map((vid) => vlans.get(vid)),
      custom_fields: each.customFields ?? {},
    })),
  );
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
  await make(
    call,
    "ipam/ip-addresses/",
    interfaces.flatMap(({ each }, n) =>
      each.addresses.map((address) => {
        const {
          address: text,
          dnsName,
          tags,
        } = typeof address === "string" ? { address, dnsName: undefined, tags: undefined } : address;
        return {
          address: text,
          dns_name: dnsName ?? "",
          assigned_object_type: "virtualization.vminterface",
          assigned_object_id: madeInterfaces[n]?.id,
          ...tagged(tags),
        };
      }),
    ),
  );
  return new Map(guests.map((guest, n) => [guest.name, vms[n]?.id ?? 0]));
}
