import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic";
import type { IpAllocationInputs } from "./ipallocation.model";

/** An address of a guest's interface in NetBox's IPAM. */
export class NetboxIpAllocation extends DynamicResource {
  declare readonly address: pulumi.Output<string>;

  constructor(name: string, inputs: IpAllocationInputs, options?: pulumi.CustomResourceOptions) {
    // An address that isn't known yet is an output all the same, so it has a place among the properties.
    super(
      "netbox",
      "NetboxIpAllocation",
      "netbox-ip-allocation",
      name,
      { ...inputs, address: inputs.address },
      options,
    );
  }
}
