import type { MachineArgs } from "../../providers/netbox/objects/machine";
import { interfaceKinds } from "../../providers/netbox/objects/machine.model";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { customValue, type ObjectTypeName, typeOf } from "../../providers/netbox/objects/objecttypes";
import { fallbackOf, requiredOf, typeOfPath } from "../../providers/netbox/requiredfields";
import { customField, type NetboxCustomField } from "../../providers/netbox/schemas";
import { isRecord } from "../../providers/values";

// What NetBox would refuse of a machine's write for want of custom fields that it requires.

/** The definitions among rows that were asked for with these fields beside their own. */
export const requiredMore = ",required,default";
export const requiredFrom = (rows: readonly ObjectRow[]): NetboxCustomField[] =>
  rows.flatMap((each) => {
    const parsed = customField.safeParse(each);
    return parsed.success && parsed.data.required ? [parsed.data] : [];
  });

/** What of a machine is there already. */
export interface MachineThere {
  row: ObjectRow | undefined;
  /** Is its object written to, where it is there? */
  isWritten: boolean;
  hasInterface: (name: string) => boolean;
  hasDisk: (name: string) => boolean;
  hasAddress: (interfaceName: string, asked: string) => boolean;
}

/** A custom field that something lacks, and what that is. */
export interface LackedField {
  field: string;
  noun: string;
}

/** The required custom fields that neither the inputs nor the settings nor NetBox fill. @param given by the settings, by name */
export class RequiredOfMachines {
  constructor(
    private readonly fields: NetboxCustomField[],
    private readonly given: Record<string, unknown>,
  ) {}

  /** Of one object. */
  of(type: ObjectTypeName, customFields: Record<string, unknown> = {}, there?: ObjectRow): LackedField[] {
    const held = isRecord(there?.custom_fields) ? there.custom_fields : {};
    const isFilled = (value: unknown) => (value ?? "") !== "";
    return requiredOf(this.fields, typeOfPath(typeOf(type).path))
      .filter(
        (field) =>
          !isFilled(customFields[field.name]) &&
          !isFilled(customValue(held[field.name])) &&
          !isFilled(fallbackOf(field, this.given)),
      )
      .map(({ name }) => ({ field: name, noun: typeOf(type).noun }));
  }

  /** Of a machine and its parts, each once. */
  ofMachine(args: MachineArgs, there: MachineThere): LackedField[] {
    if (this.fields.length === 0) return [];
    const { type, customFields, interfaces = {}, disks = {} } = args;
    const isRootWritten = there.row === undefined || there.isWritten;
    const lacked = [
      ...(isRootWritten ? this.of(type, customFields, there.row) : []),
      ...Object.entries(interfaces).flatMap(([name, { customFields: own, addresses = [] }]) => [
        ...(there.hasInterface(name) ? [] : this.of(interfaceKinds[type].type, own)),
        ...addresses.flatMap((asked) => (there.hasAddress(name, asked) ? [] : this.of("ipAddress"))),
      ]),
      ...Object.entries(disks).flatMap(([name, { customFields: own }]) =>
        there.hasDisk(name) ? [] : this.of("virtualDisk", own),
      ),
    ];
    return [...new Map(lacked.map((each) => [`${each.field} ${each.noun}`, each])).values()];
  }
}

/** `the custom field owner of a virtual machine and an interface`. */
export function printLacked(lacked: readonly LackedField[]): string {
  const fields = [...new Set(lacked.map(({ field }) => field))];
  return fields
    .map((name) => {
      const nouns = [...new Set(lacked.flatMap(({ field, noun }) => (field === name ? [noun] : [])))];
      return `the custom field ${name} of ${nouns.map(withArticle).join(" and ")}`;
    })
    .join(", and ");
}

const withArticle = (noun: string): string => `${/^[aeiouI]/.test(noun) ? "an" : "a"} ${noun}`;
