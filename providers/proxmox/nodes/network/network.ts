import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../../resource";
import { type NetworkInputs, networkInputs, networkSettled, networkState } from "./network.model";

export const proxmoxNetwork = defineResource({
  kind: "proxmox-network",
  type: "proxmox:ProxmoxNetwork",
  about: "A bridge of the nodes, or a vnet: found, or made and applied.",
  inputs: networkInputs,
  state: networkState,
  replaces: networkSettled,
});

/** A bridge of the nodes, or a vnet. */
export class ProxmoxNetwork extends DynamicResource {
  constructor(name: string, inputs: NetworkInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxNetwork, name, inputs, options);
  }
}
