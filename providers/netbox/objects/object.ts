import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { ObjectInputs } from "./object.model";
import type { ObjectTypeName } from "./objecttypes";

/** Inputs that may be left out where they are empty. */
export type ObjectArgs<T extends ObjectTypeName = ObjectTypeName> = Partial<ObjectInputs> &
  Pick<ObjectInputs, "netboxUrl" | "stack"> & { type: T };

/** `virtualMachine` as it stands in the plan: `netbox:VirtualMachine`. */
export const className = (type: ObjectTypeName): string => `${type.charAt(0).toUpperCase()}${type.slice(1)}`;

/** One object in NetBox, of which only some fields are ours; its type in the plan is NetBox's own word. */
export class NetboxObject extends DynamicResource {
  constructor(name: string, inputs: ObjectArgs, options?: pulumi.CustomResourceOptions) {
    super("netbox", className(inputs.type), "netbox-object", name, inputs, options);
  }
}
