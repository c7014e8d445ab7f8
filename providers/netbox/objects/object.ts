import { defineResource } from "../../resource";
import { isRenewed, type ObjectInputs, objectDiffers, objectInputs, objectState } from "./object.model";
import { type ObjectTypeName, objectTypes } from "./objecttypes";

/** Inputs that may be left out where they are empty. */
export type ObjectArgs<T extends ObjectTypeName = ObjectTypeName> = Partial<ObjectInputs> &
  Pick<ObjectInputs, "netboxUrl" | "stack"> & { type: T };

/** `virtualMachine` as it stands in the plan: `netbox:VirtualMachine`. */
export const planType = (type: string): string => `netbox:${type.charAt(0).toUpperCase()}${type.slice(1)}`;

export const netboxObject = defineResource({
  kind: "netbox-object",
  type: { all: Object.keys(objectTypes).map(planType), of: ({ type }) => planType(String(type)) },
  about: "One object in NetBox, of which only some fields are ours. Its type in the plan is NetBox's name for it.",
  inputs: objectInputs,
  state: objectState,
  diff: (state, inputs) => isRenewed(state, inputs) || objectDiffers(state, inputs),
});
