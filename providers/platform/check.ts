import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../resource";
import type { CheckInputs } from "./check.model";

/** Tries from NetBox's container what it needs. */
export class PlatformCheck extends DynamicResource {
  constructor(
    name: string,
    {
      token,
      netbox,
      ...inputs
    }: Omit<CheckInputs, "token" | "netbox"> & {
      token: pulumi.Input<string>;
      netbox: pulumi.Input<CheckInputs["netbox"]>;
    },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      "platform",
      "PlatformCheck",
      "platform-check",
      name,
      { ...inputs, netbox, token: pulumi.secret(token) },
      options,
    );
  }
}
