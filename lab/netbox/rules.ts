import { bits, type Cidr, cidr, contains, hostKey } from "./address";
import type { Database } from "./database";
import { invalid } from "./errors";
import { modelOf } from "./modelof";
import { type ModelName, models, tagged } from "./models";
import { has } from "./releases";
import type { LabRow } from "./rows";

// Rules over whole objects, from NetBox's published source (ipam/models, virtualization/models) where nothing measured says it.

/** Roles whose address may be there several times, where all that have it have one of these. */
const sharedRoles = new Set<unknown>(["anycast", "vip", "vrrp", "hsrp", "glbp", "carp"]);

/** What a cluster or a prefix can be scoped to; a VLAN group to a cluster besides. */
const places: Record<string, ModelName> = {
  "dcim.region": "region",
  "dcim.sitegroup": "siteGroup",
  "dcim.site": "site",
  "dcim.location": "location",
};
const scopesOf = (model: ModelName): Record<string, ModelName> =>
  model === "vlanGroup" ? { ...places, "virtualization.cluster": "cluster" } : places;

/** The object that one is scoped to. */
export function scopeOf(
  database: Database,
  model: ModelName,
  row: LabRow,
): { model: ModelName; row: LabRow } | undefined {
  const to = scopesOf(model)[String(row.scope_type)];
  const found = to && database.find(to, row.scope_id);
  return to && found && { model: to, row: found };
}

export function cleanScope(database: Database, model: ModelName, next: LabRow): void {
  const { scope_type: type, scope_id: id } = next;
  if (type === null && id === null) return;
  if (type === null) invalid({ scope_type: ["This field cannot be null."] });
  if (scopesOf(model)[String(type)] === undefined) invalid({ scope_type: [`Invalid content type: ${type}`] });
  if (id === null) invalid({ __all__: [`Please select a ${String(type).split(".")[1]}.`] });
  if (scopeOf(database, model, next) === undefined)
    invalid({ scope_id: [`Related object not found using the provided value: ${id}.`] });
}

/** The site that a cluster is in: its scope, or the one of its location. */
export function siteOfCluster(database: Database, cluster: LabRow | undefined): unknown {
  const scope = cluster && scopeOf(database, "cluster", cluster);
  if (scope?.model === "site") return scope.row.id;
  return scope?.model === "location" ? scope.row.site : undefined;
}

const tableOf = (database: Database, vrf: unknown): string =>
  vrf === null ? "global table" : `VRF ${String(database.find("vrf", vrf)?.name)}`;
const isUnique = (database: Database, vrf: unknown): boolean =>
  vrf === null || database.find("vrf", vrf)?.enforce_unique !== false;

/** @param twins that have the same host in the same table */
export function cleanAddress(database: Database, next: LabRow, twins: LabRow[]): void {
  const { vrf, role, address } = next;
  const [twin] = twins;
  const mayShare = sharedRoles.has(role) && twins.every((each) => sharedRoles.has(each.role));
  if (twin && isUnique(database, vrf) && !mayShare)
    invalid({ address: [`Duplicate IP address found in ${tableOf(database, vrf)}: ${twin.address}`] });
  const parsed = cidr(String(address));
  const edge = parsed && next.assigned_object_id !== null ? edgeOf(parsed) : undefined;
  if (edge !== undefined)
    invalid({ __all__: [`${hostKey(String(address))} is a ${edge}, which may not be assigned to an interface.`] });
  if (next.status === "slaac" && parsed?.family !== 6)
    invalid({ status: ["Only IPv6 addresses can be assigned SLAAC status"] });
}

/** What an address is that no interface can have. */
function edgeOf({ family, value, length, text, network }: Cidr): string | undefined {
  const size = bits(family);
  if (length >= size - 1) return undefined;
  if (text === network) return "network ID";
  const hostBits = (1n << BigInt(size - length)) - 1n;
  return family === 4 && (value & hostBits) === hostBits ? "broadcast address" : undefined;
}

/** A new address can't lie in a range that counts as full. */
export function refusePopulated(database: Database, { vrf, address }: LabRow): void {
  const range = database
    .rows("ipRange")
    .find((each) => each.vrf === vrf && each.mark_populated === true && isWithin(each, String(address)));
  if (range)
    invalid({
      address: [
        `Cannot create IP address ${address} inside range ${hostKey(String(range.start_address))}-${range.end_address}.`,
      ],
    });
}

/** Is a host in a range, masks aside? */
export function isWithin({ start_address: start, end_address: end }: LabRow, address: string): boolean {
  const [first, last, host] = [String(start), String(end), address].map((text) => cidr(text));
  return (
    first !== undefined &&
    last !== undefined &&
    host !== undefined &&
    first.family === host.family &&
    first.value <= host.value &&
    host.value <= last.value
  );
}

/** The ranges of a prefix that nothing is handed out of: before 4.3 all of them, since then those that count as populated. */
export function closedRanges(database: Database, { vrf, prefix }: LabRow): LabRow[] {
  const inside = (each: LabRow) =>
    contains(String(prefix), String(each.start_address)) && contains(String(prefix), String(each.end_address));
  const isClosed = (each: LabRow) => each.mark_populated === true || !has(database.release, "populatedRanges");
  return database.rows("ipRange").filter((each) => each.vrf === vrf && inside(each) && isClosed(each));
}

export function cleanPrefix(database: Database, next: LabRow): void {
  const twin = database
    .rows("prefix")
    .find(({ id, vrf, prefix }) => id !== next.id && vrf === next.vrf && prefix === next.prefix);
  if (twin && isUnique(database, next.vrf))
    invalid({ prefix: [`Duplicate prefix found in ${tableOf(database, next.vrf)}: ${twin.prefix}`] });
}

export function cleanRange(database: Database, next: LabRow): void {
  const [start, end] = [cidr(String(next.start_address)), cidr(String(next.end_address))];
  if (start === undefined || end === undefined) return;
  if (start.family !== end.family) invalid({ end_address: ["Starting and ending IP address versions must match"] });
  if (start.length !== end.length) invalid({ end_address: ["Starting and ending IP address masks must match"] });
  if (end.value < start.value)
    invalid({
      end_address: [`Ending address must be greater than or equal to the starting address (${next.start_address})`],
    });
  const overlaps = (each: LabRow) =>
    isWithin(each, String(next.start_address)) ||
    isWithin(each, String(next.end_address)) ||
    isWithin(next, String(each.start_address));
  const other = database.rows("ipRange").find((each) => each.id !== next.id && each.vrf === next.vrf && overlaps(each));
  if (other)
    invalid({
      __all__: [
        `Defined addresses overlap with range ${hostKey(String(other.start_address))}-${other.end_address} in VRF ${String(database.find("vrf", next.vrf)?.name ?? "None")}`,
      ],
    });
}

/** A machine has a place: a cluster or a site, and since 4.6 a device alone. */
export function cleanPlace(database: Database, next: LabRow): void {
  const onDevices = has(database.release, "machinesOnDevices");
  const [cluster, device] = [database.find("cluster", next.cluster), database.find("device", next.device)];
  if (cluster === undefined && next.site === null && (device === undefined || !onDevices))
    invalid(
      onDevices
        ? { __all__: ["A virtual machine must be assigned to a site, cluster, or device."] }
        : { cluster: ["A virtual machine must be assigned to a site and/or cluster."] },
    );
  const site = siteOfCluster(database, cluster);
  const nameOf = (id: unknown) => String(database.find("site", id)?.name);
  if (cluster && site !== undefined && next.site !== null && site !== next.site)
    invalid({
      cluster: [`The selected cluster (${cluster.name}) is not assigned to this site (${nameOf(next.site)}).`],
    });
  if (device === undefined) return;
  if (onDevices && next.site !== null && device.site !== next.site)
    invalid({ site: [`The selected device (${device.name}) is not assigned to this site (${nameOf(next.site)}).`] });
  const home = database.find("cluster", device.cluster);
  if (cluster === undefined && !onDevices)
    invalid({ device: ["Must specify a cluster when assigning a host device."] });
  if (cluster === undefined && home)
    invalid({
      cluster: [`Must specify the assigned device's cluster (${home.name}) when assigning host device ${device.name}.`],
    });
  if (cluster && home?.id !== cluster.id)
    invalid({ device: [`The selected device (${device.name}) is not assigned to this cluster (${cluster.name}).`] });
}

/** A node is where its cluster is. */
export function cleanDevice(database: Database, next: LabRow): void {
  const cluster = database.find("cluster", next.cluster);
  const scope = cluster && scopeOf(database, "cluster", cluster);
  const site = siteOfCluster(database, cluster);
  if (site !== undefined && site !== next.site)
    invalid({
      cluster: [`The assigned cluster belongs to a different site (${String(database.find("site", site)?.name)})`],
    });
  if (scope?.model === "location" && scope.row.id !== next.location)
    invalid({ cluster: [`The assigned cluster belongs to a different location (${scope.row.name})`] });
}

/** A VLAN of a group that belongs to a site can't be in another one. */
export function cleanVlan(database: Database, next: LabRow): void {
  const group = database.find("vlanGroup", next.group);
  if (group === undefined) return;
  const scope = scopeOf(database, "vlanGroup", group);
  if (next.site !== null && scope?.model === "site" && scope.row.id !== next.site)
    invalid({
      __all__: [
        `VLAN is assigned to group ${group.name} (scope: ${scope.row.name}); cannot also assign to site ${String(database.find("site", next.site)?.name)}.`,
      ],
    });
  const ranges = Array.isArray(group.vid_ranges) ? group.vid_ranges : [];
  const isIn = (range: unknown) =>
    Array.isArray(range) && Number(range[0]) <= Number(next.vid) && Number(next.vid) <= Number(range[1]);
  if (!ranges.some(isIn))
    invalid({
      vid: [
        `VID must be in ranges ${ranges.map((each) => String(each).replace(",", "-")).join(",")} for VLANs in group ${group.name}`,
      ],
    });
}

/** A subinterface, bridge or LAG stands on an interface of the same machine. */
export function cleanInterface(database: Database, model: "vmInterface" | "interface", next: LabRow): void {
  const owner = model === "vmInterface" ? "virtual_machine" : "device";
  for (const key of ["parent", "bridge", "lag"]) {
    const found = database.find(model, next[key]);
    if (found === undefined) continue;
    if (found.id === next.id) invalid({ [key]: [`An interface cannot be its own ${key}.`] });
    if (found[owner] !== next[owner])
      invalid({
        [key]: [`The selected ${key} interface (${found.name}) belongs to a different ${owner.replace("_", " ")}.`],
      });
  }
}

/** The object of a MAC that an interface has already: since 4.7 one that is written to the interface is looked for first. */
export const macOn = (database: Database, model: ModelName, { id }: LabRow, mac: string): LabRow | undefined =>
  database
    .rows("macAddress")
    .find(
      (each) =>
        each.assigned_object_type === models[model].contentType &&
        each.assigned_object_id === id &&
        each.mac_address === mac.toUpperCase(),
    );

/** An entry of the journal is of an object that there is, of a kind that has a journal. */
export function cleanEntry(database: Database, { assigned_object_type: type, assigned_object_id: id }: LabRow): void {
  const model = modelOf(type);
  if (model === undefined || database.find(model, id) === undefined)
    invalid({ non_field_errors: [`Invalid assigned_object: ${type} ID ${id}`] });
  else if (!tagged.has(model) || model === "journalEntry")
    invalid({ __all__: [`Journaling is not supported for this object type (${type}).`] });
}

/** A link is of kinds of objects that there are. */
export function cleanLink({ object_types: types }: LabRow): void {
  const unknown = (Array.isArray(types) ? types : []).find((type) => modelOf(type) === undefined);
  if (unknown !== undefined) invalid({ object_types: [`Invalid content type: ${unknown}`] });
}
