import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../../resource";
import { guestProblems } from "../guest.model";
import { protectionProblem } from "../order";
import type { GuestArgs } from "../qemu/vm";
import {
  type ContainerInputs,
  containerDiff,
  containerInputs,
  containerSettledProblem,
  containerState,
} from "./container.model";

export const proxmoxContainer = defineResource({
  kind: "proxmox-container",
  type: "proxmox:ProxmoxContainer",
  about: "An LXC container of a Proxmox VE cluster.",
  inputs: containerInputs,
  state: containerState,
  outputs: ["pending"],
  problems: guestProblems(containerInputs, containerState, (state, wanted) => [
    { property: "unprivileged", reason: containerSettledProblem(state, wanted) },
    { property: "disks", reason: protectionProblem("lxc", state, wanted) },
  ]),
  diff: containerDiff,
});

/** An LXC container of a Proxmox VE cluster. */
export class ProxmoxContainer extends DynamicResource {
  declare readonly pending: pulumi.Output<string[] | undefined>;

  constructor(name: string, inputs: GuestArgs<ContainerInputs>, options?: pulumi.CustomResourceOptions) {
    super(proxmoxContainer, name, inputs, options);
  }
}
