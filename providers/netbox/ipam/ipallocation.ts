import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { IpAllocationInputs } from "./ipallocation.model";

/** An address of a guest's interface in NetBox's IPAM. */
export class NetboxIpAllocation extends DynamicResource {
  declare readonly address: pulumi.Output<string>;

  constructor(name: string, inputs: IpAllocationInputs, options?: pulumi.CustomResourceOptions) {
    super("netbox", "NetboxIpAllocation", "netbox-ip-allocation", name, { ...inputs }, options, ["address"]);
  }
}
