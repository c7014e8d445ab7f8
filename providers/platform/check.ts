import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../resource";
import { type CheckInputs, checkDiffers, platformCheckInputs, platformCheckState } from "./check.model";

export const platformCheck = defineResource({
  kind: "platform-check",
  type: "platform:PlatformCheck",
  about: "Tries from NetBox's container what it needs.",
  inputs: platformCheckInputs,
  state: platformCheckState,
  secrets: ["token"],
  replaces: ["cluster", "vmid"],
  diff: checkDiffers,
});

/** Tries from NetBox's container what it needs. */
export class PlatformCheck extends DynamicResource {
  constructor(
    name: string,
    inputs: Omit<CheckInputs, "token" | "netbox"> & {
      token: pulumi.Input<string>;
      netbox: pulumi.Input<CheckInputs["netbox"]>;
    },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(platformCheck, name, inputs, options);
  }
}
