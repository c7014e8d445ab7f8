import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type GuestInputs, guestDiff, guestInputs, guestState } from "./guest.model";

export const netboxGuest = defineResource({
  kind: "netbox-guest",
  type: "netbox:NetboxGuest",
  about: "What this program owns of a guest's object in NetBox: its VMID, and its removal once it is decommissioned.",
  inputs: guestInputs,
  state: guestState,
  diff: guestDiff,
});

/** What this program owns of a guest's object in NetBox. */
export class NetboxGuest extends DynamicResource {
  constructor(name: string, inputs: GuestInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxGuest, name, inputs, options);
  }
}
