import { defineResource } from "../../resource";
import { allocationDiff, ipAllocationInputs, ipAllocationState } from "./ipallocation.model";

export const netboxIpAllocation = defineResource({
  kind: "netbox-ip-allocation",
  type: "netbox:NetboxIpAllocation",
  about: "An address of a guest's interface in NetBox's IPAM.",
  inputs: ipAllocationInputs,
  state: ipAllocationState,
  outputs: ["address"],
  diff: allocationDiff,
});
