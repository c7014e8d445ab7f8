import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic";
import type { VmInputs } from "./vm.model";

/** A QEMU guest of a Proxmox VE cluster, cloned from a cloud-init template. */
export class ProxmoxVm extends DynamicResource {
  declare readonly vmid: pulumi.Output<number>;

  constructor(
    name: string,
    inputs: pulumi.Inputs & { [K in keyof VmInputs]: pulumi.Input<pulumi.Unwrap<VmInputs[K]>> | pulumi.Inputs },
    options?: pulumi.CustomResourceOptions,
  ) {
    super("proxmox", "ProxmoxVm", "proxmox-vm", name, inputs, options);
  }
}
