import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { GuestInputs } from "./guest.model";

/** What this program owns of a guest's object in NetBox. */
export class NetboxGuest extends DynamicResource {
  constructor(name: string, inputs: GuestInputs, options?: pulumi.CustomResourceOptions) {
    super("netbox", "NetboxGuest", "netbox-guest", name, { ...inputs }, options);
  }
}
