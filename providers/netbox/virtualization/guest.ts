import { defineResource } from "../../resource";
import { netboxGuestDiff, netboxGuestInputs, netboxGuestState } from "./guest.model";

export const netboxGuest = defineResource({
  kind: "netbox-guest",
  type: "netbox:NetboxGuest",
  about: "What this program owns of a guest's object in NetBox: its VMID, and its removal once it is decommissioned.",
  inputs: netboxGuestInputs,
  state: netboxGuestState,
  diff: netboxGuestDiff,
});
