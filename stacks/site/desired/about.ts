import { absolute } from "../../../providers/dns/names";
import type { NetboxAddress, NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { mark } from "../../../providers/ownership/mark";
import type { Self } from "../../../providers/ownership/owner";
import { groupBy, isRecord } from "../../../providers/values";
import type { KnownResource } from "../../known";
import { hostOf } from "../../netbox/address";
import { netboxRef } from "../../plan/because/entries";
import type { OwnWrites } from "../../plan/because/ownwrites";
import type { NetboxRef } from "../../plan/change";
import type { SiteSettings } from "../settings";
import type { InState, NetboxFacts, PluginFacts } from "./types";

/** What a guest, an address or a name comes from in NetBox: the object that it is first. */
export type AboutFrom = (resource: KnownResource) => NetboxRef[];

const machine = "virtualization.virtualmachine";
const port = "virtualization.vminterface";
const address = "ipam.ipaddress";

/**
 * The objects of NetBox that a resource of the site program comes from, by its inputs or by what the state has of it: both have
 * the same identity. What NetBox no longer has is told by its id.
 */
export function aboutFrom(netbox: NetboxFacts, plugin?: PluginFacts): AboutFrom {
  const guests = new Map(netbox.guests.map((guest) => [guest.id, guest]));
  const interfaces = groupBy(netbox.interfaces, ({ guestId }) => guestId);
  const interfaceById = new Map(netbox.interfaces.map((each) => [each.id, each]));
  const disks = groupBy(netbox.disks, ({ guestId }) => guestId);
  const { ipam } = netbox;
  const named = groupBy(netbox.addresses, ({ dnsName }) => absolute(dnsName));
  const recordsAt = groupBy(plugin?.records ?? [], ({ fqdn }) => absolute(fqdn));

  /** An address with the prefix that it lies in, and what gives that its gateway. */
  const ofAddress = (found: NetboxAddress): NetboxRef[] => {
    const around = ipam.prefixes.narrowest(found.address, found.vrfId);
    const gateway = around && ipam.taggedGateway(around);
    return [
      netboxRef(address, found.id),
      ...(around ? [netboxRef("ipam.prefix", around.id)] : []),
      ...(gateway ? [netboxRef(address, gateway.id)] : []),
    ];
  };
  const ofInterface = ({ id, untaggedVlan, taggedVlanIds = [], vrf, macId }: NetboxInterface): NetboxRef[] => [
    netboxRef(port, id),
    ...[untaggedVlan?.id, ...taggedVlanIds].flatMap((vlan) =>
      vlan === undefined ? [] : [netboxRef("ipam.vlan", vlan)],
    ),
    ...(macId === undefined ? [] : [netboxRef("dcim.macaddress", macId)]),
    ...(vrf === undefined ? [] : [netboxRef("ipam.vrf", vrf.id)]),
  ];
  const ofGuest = (id: number): NetboxRef[] => {
    const guest = guests.get(id);
    const ports = interfaces.get(id) ?? [];
    return [
      netboxRef(machine, id),
      ...ports.flatMap(ofInterface),
      ...(disks.get(id) ?? []).map((disk) => netboxRef("virtualization.virtualdisk", disk.id)),
      ...ports.flatMap((each) => ipam.onInterface(each.id).flatMap(ofAddress)),
      ...(guest === undefined ? [] : linkedTo(guest)),
    ];
  };
  const ofAllocation = (properties: Record<string, unknown>): NetboxRef[] => {
    const { addressId, interfaceId, from } = properties;
    const known = typeof addressId === "number" ? ipam.address(addressId) : undefined;
    const there = typeof interfaceId === "number" ? interfaceById.get(interfaceId) : undefined;
    const guest = there?.guestId ?? mark.safeParse(properties.mark).data?.netboxId;
    return [
      ...(known ? ofAddress(known) : typeof addressId === "number" ? [netboxRef(address, addressId)] : []),
      ...(there ? ofInterface(there) : typeof interfaceId === "number" ? [netboxRef(port, interfaceId)] : []),
      ...(guest === undefined ? [] : [netboxRef(machine, guest)]),
      ...(Array.isArray(from) ? from : []).flatMap((source: unknown) =>
        isRecord(source) && typeof source.id === "number"
          ? [netboxRef(source.kind === "range" ? "ipam.iprange" : "ipam.prefix", source.id)]
          : [],
      ),
    ];
  };
  /** Those of some guests that have a name or one of its values, and the records and zones of netbox-dns at it. */
  const ofName = (name: string, values: readonly string[], ids: readonly number[]): NetboxRef[] => {
    const hosts = new Set(values.map(hostOf));
    const own = ids.flatMap((id) => (interfaces.get(id) ?? []).flatMap((each) => ipam.onInterface(each.id)));
    const having = [...(named.get(name) ?? []), ...own.filter((each) => hosts.has(hostOf(each.address)))];
    const records = recordsAt.get(name) ?? [];
    return [
      ...having.map((each) => netboxRef(address, each.id)),
      ...ids.map((id) => netboxRef(machine, id)),
      ...records.flatMap(({ id, zoneId }) => [
        netboxRef("netbox_dns.record", id),
        netboxRef("netbox_dns.zone", zoneId),
      ]),
    ];
  };
  const refsOf = ({ type, properties }: KnownResource): NetboxRef[] => {
    const owner = mark.safeParse(properties.mark).data?.netboxId;
    switch (type) {
      case "NetboxIpAllocation":
        return ofAllocation(properties);
      case "Bind9Record": {
        const values = [...valuesIn(properties.records), ...valuesIn({ reverse: properties.reverse })];
        return ofName(absolute(String(properties.name)), values, guestsIn(properties.owner));
      }
      case "NetboxDnsRecord": {
        const { recordId, zoneId, name, zone, value } = properties;
        const full = name === "@" ? String(zone) : `${String(name)}.${String(zone)}`;
        const there = ipam.hosts.anywhere.bind(ipam.hosts);
        const hosts = isAddress(value) ? there(value) : [];
        const holders = hosts.flatMap(({ interfaceId = 0 }) => interfaceById.get(interfaceId)?.guestId ?? []);
        return [
          ...(typeof recordId === "number" ? [netboxRef("netbox_dns.record", recordId)] : []),
          ...ofName(
            absolute(full),
            hosts.map((each) => each.address),
            [...new Set(holders)],
          ),
          ...(typeof zoneId === "number" ? [netboxRef("netbox_dns.zone", zoneId)] : []),
        ];
      }
      default:
        return owner === undefined ? [] : ofGuest(owner);
    }
  };
  return (resource) => [...new Set(refsOf(resource))];
}

/** What a guest's own fields lead to, and its config contexts apply by. */
function linkedTo({ clusterId, linked }: NetboxVirtualMachine): NetboxRef[] {
  const { role, platform, tenant, site, device, tags } = linked;
  const one = (type: string, id: number | undefined) => (id === undefined ? [] : [netboxRef(type, id)]);
  return [
    ...one("virtualization.cluster", clusterId),
    ...one("dcim.devicerole", role),
    ...one("dcim.platform", platform),
    ...one("dcim.site", site),
    ...one("tenancy.tenant", tenant),
    ...one("dcim.device", device),
    ...tags.map((tag) => netboxRef("extras.tag", tag)),
  ];
}

const isAddress = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f.:]+$/i.test(value);

const valuesIn = (records: unknown): string[] =>
  isRecord(records)
    ? Object.values(records).flatMap((values) => (Array.isArray(values) ? values.map(String) : []))
    : [];

const guestsIn = (owner: unknown): number[] =>
  isRecord(owner) && Array.isArray(owner.guests) ? owner.guests.map(Number) : [];

/** What the site program wrote into NetBox, by its state. */
export function ownWritesOf(
  state: InState,
  self: Self,
  { customFields }: Pick<SiteSettings, "customFields">,
): OwnWrites {
  const of = (type: string) => state.resources.filter((each) => each.type === type).map(({ properties }) => properties);
  return {
    owns: (stack) => self.owns(stack),
    vmidPath: `custom_fields.${customFields.vmid}`,
    vmids: new Map(
      of("NetboxGuest").flatMap(({ mark: own, vmid }): [number, number][] => {
        const id = mark.safeParse(own).data?.netboxId;
        return id === undefined || typeof vmid !== "number" ? [] : [[id, vmid]];
      }),
    ),
    primaries: new Set(
      of("NetboxIpAllocation").flatMap(({ primary, addressId }) =>
        primary === true && typeof addressId === "number" ? [addressId] : [],
      ),
    ),
    promoted: state.promoted,
  };
}
