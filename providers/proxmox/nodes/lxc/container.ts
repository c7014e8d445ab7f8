import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../resource";
import type { GuestArgs } from "../qemu/vm";
import type { ContainerInputs } from "./container.model";

/** An LXC container of a Proxmox VE cluster. */
export class ProxmoxContainer extends DynamicResource {
  declare readonly pending: pulumi.Output<string[] | undefined>;

  constructor(name: string, inputs: GuestArgs<ContainerInputs>, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxContainer", "proxmox-container", name, inputs, options, ["pending"]);
  }
}
