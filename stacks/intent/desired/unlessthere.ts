import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import { type ObjectRow, ownedFrom, tagSlugs } from "../../../providers/netbox/objects/object.model";
import type { ObjectTypeName } from "../../../providers/netbox/objects/objecttypes";
import { groupBy, isRecord, sameValue } from "../../../providers/values";
import type { IntentView } from "./types";

/** What NetBox has of guests: machines by their ids, interfaces and disks by the ids of their machines. */
export interface DocumentedGuests {
  machines: Map<number, ObjectRow>;
  interfaces: Map<number | undefined, ObjectRow[]>;
  disks: Map<number | undefined, ObjectRow[]>;
}

export function documentedGuests({ machines, interfaces, disks }: IntentView): DocumentedGuests {
  const machineOf = ({ virtual_machine }: ObjectRow) =>
    isRecord(virtual_machine) ? Number(virtual_machine.id) : undefined;
  return {
    machines: new Map(machines.map((each) => [each.id, each])),
    interfaces: groupBy(interfaces, machineOf),
    disks: groupBy(disks, machineOf),
  };
}

/**
 * Values that others wrote before the file named them need no writing, and so are no change: those that NetBox has already and
 * that this stack didn't write. So a file that was exported plans nothing.
 */
export function unlessThere(args: MachineArgs, known: MachineState, documented: DocumentedGuests): MachineArgs {
  const root = documented.machines.get(known.netboxId);
  if (root === undefined) return args;
  const lessened = <T extends { fields?: Record<string, unknown>; customFields?: Record<string, unknown> }>(
    type: ObjectTypeName,
    each: T,
    row: ObjectRow | undefined,
    before: { fields: Record<string, unknown>; customFields: Record<string, unknown> } | undefined,
  ): T => {
    if (row === undefined) return each;
    const there = ownedFrom(type, row, { fields: each.fields ?? {}, customFields: each.customFields ?? {}, tags: [] });
    const left = (kind: "fields" | "customFields") =>
      Object.fromEntries(
        Object.entries(each[kind] ?? {}).filter(
          ([name, value]) => (before !== undefined && name in before[kind]) || !sameValue(there[kind][name], value),
        ),
      );
    return { ...each, fields: left("fields"), customFields: left("customFields") };
  };
  const rowOf = (rows: ObjectRow[], name: string) => rows.find((each) => each.name === name);
  const parts = <
    T extends { fields?: Record<string, unknown>; customFields?: Record<string, unknown>; addresses?: string[] },
  >(
    type: ObjectTypeName,
    wanted: Record<string, T> | undefined,
    before: MachineState["disks"],
    rows: ObjectRow[],
  ) =>
    Object.fromEntries(
      Object.entries(wanted ?? {}).flatMap(([name, each]): [string, T][] => {
        const less = lessened(type, each, rowOf(rows, name), before[name]);
        const isNothing =
          Object.keys({ ...less.fields, ...less.customFields }).length === 0 && (each.addresses ?? []).length === 0;
        return before[name] === undefined && rowOf(rows, name) !== undefined && isNothing ? [] : [[name, less]];
      }),
    );
  const tags = tagSlugs(root);
  return {
    ...lessened("virtualMachine", args, root, known),
    tags: (args.tags ?? []).filter((slug) => known.tags.includes(slug) || !tags.includes(slug)),
    interfaces: parts(
      "vmInterface",
      args.interfaces,
      known.interfaces,
      documented.interfaces.get(known.netboxId) ?? [],
    ),
    disks: parts("virtualDisk", args.disks, known.disks, documented.disks.get(known.netboxId) ?? []),
  };
}
