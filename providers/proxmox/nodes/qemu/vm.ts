import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../../resource";
import { guestProblems } from "../guest.model";
import { protectionProblem } from "../order";
import { bootProblem, type VmInputs, vmDiff, vmInputs, vmSettledProblem, vmState } from "./vm.model";

export const proxmoxVm = defineResource({
  kind: "proxmox-vm",
  type: "proxmox:ProxmoxVm",
  about: "A QEMU guest of a Proxmox VE cluster, cloned from a cloud-init template.",
  inputs: vmInputs,
  state: vmState,
  outputs: ["pending"],
  problems: guestProblems(vmInputs, vmState, (state, wanted) => [
    { property: "disks", reason: vmSettledProblem(state, wanted) ?? bootProblem(state, wanted) },
    { property: "disks", reason: protectionProblem("qemu", state, wanted) },
  ]),
  diff: vmDiff,
});

/** A guest's inputs, some of which may not be known yet. */
export type GuestArgs<T> = pulumi.Inputs & { [K in keyof T]: pulumi.Input<pulumi.Unwrap<T[K]>> | pulumi.Inputs };

/** A QEMU guest of a Proxmox VE cluster, cloned from a cloud-init template. */
export class ProxmoxVm extends DynamicResource {
  declare readonly pending: pulumi.Output<string[] | undefined>;

  constructor(name: string, inputs: GuestArgs<VmInputs>, options?: pulumi.CustomResourceOptions) {
    super(proxmoxVm, name, inputs, options);
  }
}
