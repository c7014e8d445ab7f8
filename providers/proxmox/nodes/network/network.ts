import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../resource";
import type { NetworkInputs } from "./network.model";

/** A bridge of the nodes, or a vnet. */
export class ProxmoxNetwork extends DynamicResource {
  constructor(name: string, inputs: NetworkInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxNetwork", "proxmox-network", name, { ...inputs }, options);
  }
}
