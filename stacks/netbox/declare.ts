import type * as pulumi from "@pulumi/pulumi";
import { NetboxMachine } from "../../providers/netbox/objects/machine";
import { NetboxObject } from "../../providers/netbox/objects/object";
import type { DeclaredNetboxObject } from "./declared";

/** Declares objects of NetBox in their order; each waits for those that it names and that are declared too. @returns them by their logical names */
export function declareObjects(all: DeclaredNetboxObject[]): ReadonlyMap<string, pulumi.Resource> {
  const made = new Map<string, pulumi.Resource>();
  // What something waits for has to be there before it.
  const pending = new Map(all.map((each) => [each.name, each]));
  const declare = (each: DeclaredNetboxObject): void => {
    if (!pending.delete(each.name)) return;
    for (const name of each.after ?? []) {
      const other = pending.get(name);
      if (other) declare(other);
    }
    const dependsOn = (each.after ?? []).flatMap((name) => made.get(name) ?? []);
    made.set(
      each.name,
      each.kind === "machine"
        ? new NetboxMachine(each.name, each.args, { dependsOn })
        : new NetboxObject(each.name, each.args, { dependsOn }),
    );
  };
  for (const each of all) declare(each);
  return made;
}
