import { MachineArgs } from "../../providers/netbox/objects/machine";
import { ObjectArgs } from "../../providers/netbox/objects/object";

/** An object or a machine that is about to be declared. */
export type DeclaredNetboxObject = { name: string; after?: string[] } & (
  | { kind: "object"; args: ObjectArgs }
  | { kind: "machine"; args: MachineArgs }
);
