import { netboxMachine } from "../../providers/netbox/objects/machine";
import { netboxObject } from "../../providers/netbox/objects/object";
import { type DeclaredResource, declared } from "../declared";
import type { DeclaredNetboxObject } from "./declared";

/** Declares objects of NetBox; each stands behind those that it names and that are declared too. @returns them by their logical names, in that order */
export function declareObjects(all: DeclaredNetboxObject[]): ReadonlyMap<string, DeclaredResource> {
  const made = new Map<string, DeclaredResource>();
  // What something waits for has to be there before it.
  const pending = new Map(all.map((each) => [each.name, each]));
  const declare = (each: DeclaredNetboxObject): void => {
    if (!pending.delete(each.name)) return;
    for (const name of each.after ?? []) {
      const other = pending.get(name);
      if (other) declare(other);
    }
    const after = (each.after ?? []).flatMap((name) => made.get(name) ?? []);
    made.set(
      each.name,
      each.kind === "machine"
        ? declared(netboxMachine, each.name, each.args, { after })
        : declared(netboxObject, each.name, each.args, { after }),
    );
  };
  for (const each of all) declare(each);
  return made;
}
