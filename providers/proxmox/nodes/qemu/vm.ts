import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../resource";
import type { VmInputs } from "./vm.model";

/** A guest's inputs, some of which may not be known yet. */
export type GuestArgs<T> = pulumi.Inputs & { [K in keyof T]: pulumi.Input<pulumi.Unwrap<T[K]>> | pulumi.Inputs };

/** A QEMU guest of a Proxmox VE cluster, cloned from a cloud-init template. */
export class ProxmoxVm extends DynamicResource {
  declare readonly pending: pulumi.Output<string[] | undefined>;

  constructor(name: string, inputs: GuestArgs<VmInputs>, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxVm", "proxmox-vm", name, inputs, options, ["pending"]);
  }
}
