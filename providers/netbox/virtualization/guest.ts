import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type NetboxGuestInputs, netboxGuestDiff, netboxGuestInputs, netboxGuestState } from "./guest.model";

export const netboxGuest = defineResource({
  kind: "netbox-guest",
  type: "netbox:NetboxGuest",
  about: "What this program owns of a guest's object in NetBox: its VMID, and its removal once it is decommissioned.",
  inputs: netboxGuestInputs,
  state: netboxGuestState,
  diff: netboxGuestDiff,
});

/** What this program owns of a guest's object in NetBox. */
export class NetboxGuest extends DynamicResource {
  constructor(name: string, inputs: NetboxGuestInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxGuest, name, inputs, options);
  }
}
