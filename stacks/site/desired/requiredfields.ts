import { fallbackOf, remedyOf, requiredOf } from "../../../providers/netbox/requiredfields";
import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { guestTitle } from "../../../providers/ownership/mark";
import { listedNames } from "../../plan/listed";
import type { NamedRecords } from "./records";
import type { DesiredGuest, GuestProblem, Site } from "./types";

// What NetBox would refuse of a run's writes for want of a custom field that it requires.

/** @param given what the settings say of required custom fields, by their names */
export function requiredFieldProblems(
  { netbox, state }: Pick<Site, "netbox" | "state">,
  given: Record<string, unknown>,
  guests: DesiredGuest[],
  plugin: NamedRecords["plugin"],
): GuestProblem[] {
  const unknown = (type: string) =>
    requiredOf(netbox.customFields, type).filter((field) => (fallbackOf(field, given) ?? "") === "");
  const made = (type: string, noun: string, whose: string[], ids: number[]): GuestProblem[] =>
    whose.length === 0
      ? []
      : unknown(type).map(({ name }) => ({
          guests: ids,
          text: `NetBox requires the custom field ${name} of ${noun}, and this run makes some for ${listedNames(whose)}: ${remedyOf(name)}`,
        }));
  const allocating = guests.filter(({ allocations }) =>
    allocations.some(({ inputs }) => inputs.addressId === undefined),
  );
  const known = new Set(
    state.resources.flatMap(({ type, properties: { key } }) => (type === "NetboxDnsRecord" ? [String(key)] : [])),
  );
  const records = plugin.filter(({ key }) => !known.has(key)).map(({ fqdn }) => fqdn.replace(/\.$/, ""));
  const rows = new Map(netbox.guests.map((each) => [each.id, each]));
  return [
    ...made(
      "ipam.ipaddress",
      "an IP address",
      allocating.map(guestTitle),
      allocating.map(({ id }) => id),
    ),
    ...made("netbox_dns.record", "a record of netbox-dns", [...new Set(records)], []),
    ...guests.flatMap((guest) => {
      const row = rows.get(guest.id);
      if (row === undefined || !isWritten(guest, row)) return [];
      return unknown("virtualization.virtualmachine")
        .filter(({ name }) => row.customFields.get(name) === undefined)
        .map(({ name }) => ({
          guests: [guest.id],
          text: `${guestTitle(guest)}: NetBox takes no change of it while its custom field ${name}, which is required, is empty; fill it there, or ${remedyOf(name)}`,
        }));
    }),
  ];
}

/** Does this run write to a guest's object: its VMID, its status, or a primary address? */
const isWritten = (
  { netbox: { field, vmid }, promote, allocations }: DesiredGuest,
  row: NetboxVirtualMachine,
): boolean =>
  promote ||
  (field !== undefined && row.customFields.get(field.name) !== String(vmid)) ||
  allocations.some(
    ({ inputs: { primary, family, addressId } }) =>
      primary && (addressId === undefined || row.primaryIds[family] !== addressId),
  );
