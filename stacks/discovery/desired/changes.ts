import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import { type ObjectRow, printValue } from "../../../providers/netbox/objects/object.model";
import { sameValue } from "../../../providers/values";
import type { Documented } from "./merge";

// What the report says of a machine that is about to change.

/** `memory 512 → 1024`, field by field and part by part. */
export function machineChanges(state: MachineState, next: MachineArgs): string[] {
  const differences = (place: string, a: Record<string, unknown> = {}, b: Record<string, unknown> = {}) =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
      sameValue(a[name], b[name]) ? [] : [`${place}${name} ${printValue(a[name])} → ${printValue(b[name])}`],
    );
  const parts = (place: "interfaces" | "disks") =>
    [...new Set([...Object.keys(state[place]), ...Object.keys(next[place] ?? {})])].flatMap((name) => {
      const [a, b] = [state[place][name], next[place]?.[name]];
      if (a === undefined || b === undefined) return [`${name} ${a === undefined ? "added" : "removed"}`];
      const addresses =
        place === "interfaces"
          ? differences(
              `${name}.`,
              { addresses: state.interfaces[name]?.addresses },
              { addresses: next.interfaces?.[name]?.addresses },
            )
          : [];
      return [
        ...differences(`${name}.`, a.fields, b.fields),
        ...differences(`${name}.`, a.customFields, b.customFields),
        ...addresses,
      ];
    });
  return [
    ...differences("", state.fields, next.fields),
    ...differences("", state.customFields, next.customFields),
    ...differences("", { tags: [...state.tags].sort() }, { tags: [...(next.tags ?? [])].sort() }),
    ...parts("interfaces"),
    ...parts("disks"),
  ];
}

/** What a merge adds to an object that is there. */
export function mergeDetails(next: MachineArgs, there: ObjectRow, documented: Documented): string[] {
  const type = next.type === "device" ? "interface" : "vmInterface";
  const have = documented.parts(type, there.id).map(({ name }) => name);
  const added = Object.keys(next.interfaces ?? {}).filter((name) => next.interfaces?.[name]?.objectId === undefined);
  return [
    `merged into ${String(there.name)}${have.length === 0 ? "" : ` with ${have.length} interfaces`}${added.length === 0 ? "" : `, ${added.join(", ")} added`}`,
  ];
}
