import { absolute } from "../../../providers/dns/names";
import { guestTitle } from "../../../providers/ownership/mark";
import { groupBy } from "../../../providers/values";
import { guestFullName, machineName } from "../../netbox/hostnames";
import type { DesiredAllocation, DesiredGuest, KnownGuest, Site } from "./types";

// The names that guests' addresses get and keep: whose they are already, and which of them are a former name's.

/** What a guest was called when it was last seen, where that is another name. */
export function formerName(known: KnownGuest | undefined, { name }: { name: string }): string | undefined {
  return known === undefined || known.name === "" || absolute(known.name) === absolute(machineName(name))
    ? undefined
    : known.name;
}

/** The guests without the new names that others have already: two guests of one name would answer in turn. */
export function withoutTakenNames(
  netbox: Pick<Site["netbox"], "url" | "interfaces" | "addresses">,
  guests: DesiredGuest[],
): { guests: DesiredGuest[]; warnings: string[] } {
  const guestOf = new Map(netbox.interfaces.map((each) => [each.id, each.guestId]));
  const documented = groupBy(netbox.addresses, ({ dnsName }) => dnsName);
  const given = new Map<string, DesiredGuest>();
  const warnings = new Set<string>();
  const kept = guests.map((guest) => {
    const allocations = guest.allocations.map((allocation): DesiredAllocation => {
      const { dnsName, renames: _renames, ...inputs } = allocation.inputs;
      if (dnsName === undefined) return allocation;
      const other = given.get(dnsName) ?? guest;
      const named = (documented.get(dnsName) ?? []).flatMap(({ interfaceId, ...each }) =>
        interfaceId === undefined && each.isOfDevice !== true
          ? []
          : [{ ...each, guestId: interfaceId === undefined ? undefined : guestOf.get(interfaceId) }],
      );
      const there = named.find(({ guestId }) => guestId !== guest.id);
      // A name that a person gave to both is meant for both.
      const isMeant = named.some(({ guestId }) => guestId === guest.id);
      if (isMeant || (other === guest && there === undefined)) {
        given.set(dnsName, guest);
        return allocation;
      }
      const holder =
        there === undefined ? guestTitle(other) : `${there.address} (${netbox.url}/ipam/ip-addresses/${there.id}/)`;
      warnings.add(
        `${guestTitle(guest)} does not get the name ${dnsName} in DNS, as ${holder} has it: write another dns_name at its address in NetBox, or rename one of them.`,
      );
      return { ...allocation, inputs };
    });
    return { ...guest, allocations };
  });
  return { guests: kept, warnings: [...warnings] };
}

/** Guests that were renamed, and whose addresses still say the former name: that a person wrote it there, DNS can't overrule. */
export function renameWarnings({ netbox, settings, state }: Site, guests: DesiredGuest[]): string[] {
  const { domain } = settings.dns;
  /** The names that this stack gave, by the address's id. */
  const written = new Map(
    state.resources.flatMap(({ type, properties: { addressId, dnsName } }) =>
      type === "NetboxIpAllocation" && typeof dnsName === "string" ? [[Number(addressId), dnsName] as const] : [],
    ),
  );
  return guests.flatMap((guest) => {
    const former = formerName(state.guests.get(guest.id), guest);
    return guest.allocations.flatMap(({ inputs: { addressId, renames, given } }) => {
      const address = addressId === undefined ? undefined : netbox.ipam.address(addressId);
      if (address === undefined || address.dnsName === "" || renames !== undefined) return [];
      const isFormer = former !== undefined && saysName(address.dnsName, former, domain);
      const isOthers = guest.allocations.some(
        ({ inputs: other }) =>
          other.given &&
          other.addressId !== undefined &&
          netbox.ipam.address(other.addressId)?.dnsName === address.dnsName,
      );
      const wrote = given || isOthers ? undefined : written.get(address.id);
      const isStale =
        domain !== undefined &&
        wrote === address.dnsName &&
        firstLabel(wrote) !== firstLabel(guestFullName(guest.name, domain));
      if ((!isFormer && !isStale) || saysName(address.dnsName, guest.name, domain)) return [];
      const was = former === undefined ? "" : ` was ${former} and`;
      return [
        `${guestTitle(guest)}${was} has the name ${address.dnsName} in DNS, as ${address.address} (${netbox.url}/ipam/ip-addresses/${address.id}/) says: write its new name into dns_name there if it is to follow.`,
      ];
    });
  });
}

const firstLabel = (name: string): string => absolute(name).split(".")[0] ?? "";

/** Does a `dns_name` say a guest's name: in full, or, where no domain is set, in its first label? */
const saysName = (dnsName: string, name: string, domain: string | undefined): boolean =>
  domain === undefined || name.includes(".")
    ? firstLabel(dnsName) === firstLabel(name)
    : absolute(dnsName) === absolute(guestFullName(name, domain));
