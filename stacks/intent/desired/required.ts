import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import {
  addressKey,
  type MachineState,
  machineDiffers,
  readAsked,
} from "../../../providers/netbox/objects/machine.model";
import type { ObjectArgs } from "../../../providers/netbox/objects/object";
import { meantRows, nestedId, type ObjectRow, patchFor } from "../../../providers/netbox/objects/object.model";
import { typeOf } from "../../../providers/netbox/objects/objecttypes";
import { remedyOf } from "../../../providers/netbox/requiredfields";
import { canonical } from "../../netbox/address";
import { type LackedField, printLacked, RequiredOfMachines } from "../../netbox/required";
import type { References } from "./references";
import type { IntentView } from "./types";

/** Tells of objects that NetBox would refuse for want of custom fields that it requires. */
export function tellRequired(references: References): void {
  const { view, givenFields, known, knownObjects } = references.facts;
  const required = new RequiredOfMachines(view.required, givenFields);
  const tell = (path: PropertyKey[], what: string, lacked: LackedField[]) => {
    const [first] = lacked;
    if (first === undefined) return;
    references.problem(
      path,
      `NetBox requires ${printLacked(lacked)}, and ${what} has none: write it below customFields here, or ${remedyOf(first.field)}`,
    );
  };
  for (const { kind, name, args } of references.declared) {
    if (kind === "object") {
      if (knownObjects.has(name) || isThere(view, args)) continue;
      tell(["netbox"], name, required.of(args.type, args.customFields));
      continue;
    }
    const key = name.replace(/^vm-/, "");
    tell(["guests", key], key, required.ofMachine(args, thereOf(references, args, known.get(name))));
  }
}

type ReadKind = keyof IntentView["rows"];
const isRead = (rows: IntentView["rows"], type: string): type is ReadKind => type in rows;

/** Does NetBox have it? Of kinds that were not read nobody knows: NetBox says it then. */
function isThere({ rows }: IntentView, { type, fields = {} }: ObjectArgs): boolean {
  if (!isRead(rows, type)) return true;
  const wanted = Object.fromEntries(Object.entries(fields).filter(([field]) => typeOf(type).key.includes(field)));
  return meantRows(type, rows[type], wanted).length > 0;
}

/** What of a guest is in NetBox already. */
function thereOf({ facts, documented }: References, args: MachineArgs, known: MachineState | undefined) {
  const { view } = facts;
  const { name, cluster, tenant = args.initial?.tenant } = args.fields ?? {};
  const wanted = { name, cluster, ...(tenant === undefined ? {} : { tenant }) };
  const row =
    known === undefined
      ? meantRows("virtualMachine", view.machines, wanted)[0]
      : documented.machines.get(known.netboxId);
  const interfaces = documented.interfaces.get(row?.id) ?? [];
  const disks = documented.disks.get(row?.id) ?? [];
  const has = (rows: ObjectRow[], name: string) => row !== undefined && rows.some((each) => each.name === name);
  const owned = { fields: {}, customFields: {}, tags: [], ...args, overwrite: true };
  return {
    row,
    isWritten:
      row !== undefined &&
      (known === undefined || machineDiffers({ ...known }, { ...args })) &&
      patchFor("virtualMachine", row, owned, known) !== undefined,
    hasInterface: (each: string) => has(interfaces, each),
    hasDisk: (each: string) => has(disks, each),
    hasAddress: (slot: string, asked: string) => {
      if (known?.parts[addressKey(slot, asked)] !== undefined) return true;
      const { address, isNext, vrfId } = readAsked(asked);
      const isSame = (each: ObjectRow) =>
        canonical(String(each.address)) === canonical(address) && nestedId(each.vrf) === vrfId;
      return !isNext && view.addresses.some(isSame);
    },
  };
}
