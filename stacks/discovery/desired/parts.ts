import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import {
  interfaceKinds,
  type MachineState,
  printAsked,
  readAsked,
} from "../../../providers/netbox/objects/machine.model";
import { nestedId, type ObjectRow, type Owned } from "../../../providers/netbox/objects/object.model";
import { isRecord } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import { type InterfaceTraits, matchInterfaces, type NicTraits } from "../../netbox/interfaces";
import { isConfigurable } from "../../netbox/roles";
import type { Documented } from "./merge";

// A machine's parts: which of NetBox's interfaces, disks and addresses they are.

type InterfaceInputs = NonNullable<MachineArgs["interfaces"]>[string];

export interface Part extends Owned {
  objectId?: number | undefined;
}

export type InterfaceType = "vmInterface" | "interface";

/** What NetBox calls the kinds of interfaces that addresses are on. */
export const assignedTypes: Record<InterfaceType, string> = {
  vmInterface: interfaceKinds.virtualMachine.assignedType,
  interface: interfaceKinds.device.assignedType,
};

/** Is an address on this interface? */
const isOn = (address: ObjectRow, type: InterfaceType, interfaceId: number | undefined): boolean =>
  address.assigned_object_type === assignedTypes[type] && address.assigned_object_id === interfaceId;

/** A NIC of a guest, with the name of the interface that it is documented as. */
export type NamedNic = NicTraits & { name: string };

/** Interfaces of a virtual machine as the rule that finds them looks at them. */
function traitsOf(documented: Documented, rows: ObjectRow[]): (InterfaceTraits & { row: ObjectRow })[] {
  return rows.map((row) => ({
    id: row.id,
    name: String(row.name),
    mac: row.mac_address ? String(row.mac_address).toUpperCase() : undefined,
    parentId: nestedId(row.parent),
    bridgeId: nestedId(row.bridge),
    hosts: documented.addressesOn("vmInterface", row.id).map(({ address }) => canonical(String(address))),
    row,
  }));
}

/**
 * Parts with the rows that are there for them: by what is known, interfaces by the rule for network devices, the others by name. An
 * interface keeps the name that a person gave it.
 */
export function placed<T extends Part>(
  documented: Documented,
  wanted: Record<string, T>,
  machineId: number | undefined,
  type: "vmInterface" | "virtualDisk" | "interface",
  known: MachineState | undefined,
  place: "interfaces" | "disks",
  nics: readonly NamedNic[] = [],
): Record<string, T> {
  if (machineId === undefined) return { ...wanted };
  const rows = documented.parts(type, machineId);
  const taken = new Set<number>();
  const found = new Map<string, ObjectRow>();
  const take = (name: string, row: ObjectRow | undefined) => {
    if (row === undefined) return;
    found.set(name, row);
    taken.add(row.id);
  };
  const missing = () => Object.keys(wanted).filter((name) => !found.has(name));
  const free = () => rows.filter(({ id }) => !taken.has(id));
  for (const name of missing()) {
    const id = known?.parts[`${place}/${name}`]?.id;
    take(
      name,
      free().find((row) => row.id === id),
    );
  }
  const left = nics.filter(({ name }) => name in wanted && !found.has(name));
  const matched = matchInterfaces(traitsOf(documented, free()), left);
  for (const { slot, name } of left) take(name, matched.get(slot)?.row);
  const isNic = new Set(nics.map(({ name }) => name));
  for (const name of missing())
    if (!isNic.has(name))
      take(
        name,
        free().find((row) => row.name === name),
      );
  return Object.fromEntries(
    Object.entries(wanted).map(([name, each]) => {
      const row = found.get(name);
      if (row === undefined) return [name, each];
      const fields = row.name === name ? each.fields : { ...each.fields, name: row.name };
      return [name, { ...each, fields, objectId: row.id }];
    }),
  );
}

/**
 * Of interfaces, the addresses that nobody else has, each with a person's own prefix length where that differs.
 * @param interfaces with their addresses as `10.0.0.5/24 vrf:3`
 */
export function freeAddresses(
  documented: Documented,
  type: InterfaceType,
  machine: string,
  interfaces: Record<string, Pick<InterfaceInputs, "addresses" | "objectId">>,
  known: MachineState | undefined,
): { free: Map<string, string[]>; conflicts: string[] } {
  const conflicts: string[] = [];
  const held = Object.entries(known?.parts ?? {}).filter(([, { address }]) => address !== undefined);
  const wanted = Object.entries(interfaces).flatMap(([name, { addresses = [], objectId }]) =>
    addresses.map((text) => {
      const asked = readAsked(text);
      const rows = documented.addressesOf(asked.address, asked.vrfId);
      const before = held.find(([, { id }]) => rows.some((row) => row.id === id));
      const isHere = (row: ObjectRow) => row.id === before?.[1].id || isOn(row, type, objectId);
      const isFree = (row: ObjectRow) => row.assigned_object_id === null;
      const row = rows.find(isHere) ?? rows.find(isFree) ?? rows[0];
      // What is in the state without its VRF is the same address.
      const vrfId = before !== undefined && !before[0].includes(" vrf:") ? undefined : asked.vrfId;
      const own = row === undefined ? text : printAsked({ ...asked, address: String(row.address), vrfId });
      const wasHere = row !== undefined && isHere(row);
      const mayHave = row === undefined || wasHere || isFree(row);
      return { name, asked, own, row, wasHere, mayHave, isThere: row !== undefined && isOn(row, type, objectId) };
    }),
  );
  const claims = ({ name, asked, row }: (typeof wanted)[number]) => documented.claim(asked, row, `${machine}/${name}`);
  // Where two ask for one, it stays where it is.
  for (const each of wanted) if (each.isThere) claims(each);
  const free = new Map<string, string[]>();
  for (const each of wanted) {
    const { name, asked, own, row, wasHere, mayHave } = each;
    if (row !== undefined && isOfSeveral(row)) {
      // One that several answer to is documented where people put it.
      if (wasHere) free.set(name, [...(free.get(name) ?? []), own]);
    } else if (mayHave && claims(each)) free.set(name, [...(free.get(name) ?? []), own]);
    else conflicts.push(`interfaces.${name}.addresses: ${asked.address} belongs to another object in NetBox`);
  }
  return { free, conflicts: conflicts.sort() };
}

/** The role of an address. */
export const roleOf = ({ role }: ObjectRow): string | undefined => (isRecord(role) ? String(role.value) : undefined);

const isOfSeveral = (row: ObjectRow): boolean =>
  !isConfigurable({ address: String(row.address), role: roleOf(row) }, true);
