import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { allocationDiff, type IpAllocationInputs, ipAllocationInputs, ipAllocationState } from "./ipallocation.model";

export const netboxIpAllocation = defineResource({
  kind: "netbox-ip-allocation",
  type: "netbox:NetboxIpAllocation",
  about: "An address of a guest's interface in NetBox's IPAM.",
  inputs: ipAllocationInputs,
  state: ipAllocationState,
  outputs: ["address"],
  diff: allocationDiff,
});

/** An address of a guest's interface in NetBox's IPAM. */
export class NetboxIpAllocation extends DynamicResource {
  declare readonly address: pulumi.Output<string>;

  constructor(name: string, inputs: IpAllocationInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxIpAllocation, name, inputs, options);
  }
}
