import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import { nestedId, type ObjectRow, type Owned } from "../../../providers/netbox/objects/object.model";
import { canonical, hostOf } from "../../netbox/address";
import { type InterfaceTraits, matchInterfaces, type NicTraits } from "../../netbox/interfaces";
import type { Documented } from "./merge";

// A machine's parts: which of NetBox's interfaces, disks and addresses they are.

type InterfaceInputs = NonNullable<MachineArgs["interfaces"]>[string];

export interface Part extends Owned {
  objectId?: number | undefined;
}

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
    hosts: documented.addressesOn(row.id).map(canonical),
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

/** Of interfaces, the addresses that nobody else has, each with a person's own prefix length where that differs. */
export function freeAddresses(
  documented: Documented,
  machine: string,
  interfaces: Record<string, Pick<InterfaceInputs, "addresses" | "objectId">>,
  known: MachineState | undefined,
): { free: Map<string, string[]>; conflicts: string[] } {
  const conflicts: string[] = [];
  const held = new Set(
    Object.values(known?.parts ?? {}).flatMap(({ id, address }) => (address === undefined ? [] : id)),
  );
  const asked = Object.entries(interfaces).flatMap(([name, { addresses = [], objectId }]) =>
    addresses.map((text) => {
      const [address = "", status] = text.split(" ");
      const host = hostOf(address);
      return { name, address, status, host, objectId, row: documented.address(host), place: `${machine}/${name}` };
    }),
  );
  // Where two ask for one, it stays where it is.
  for (const { host, objectId, row, place } of asked)
    if (row !== undefined && row.assigned_object_id === objectId) documented.claim(host, place);
  const free = new Map<string, string[]>();
  for (const { name, address, status, host, objectId, row, place } of asked) {
    const mayHave =
      row === undefined || row.assigned_object_id === null || row.assigned_object_id === objectId || held.has(row.id);
    if (mayHave && documented.claim(host, place)) {
      const text = row === undefined ? address : String(row.address);
      free.set(name, [...(free.get(name) ?? []), status === undefined ? text : `${text} ${status}`]);
    } else conflicts.push(`interfaces.${name}.addresses: ${address} belongs to another object in NetBox`);
  }
  return { free, conflicts: conflicts.sort() };
}
