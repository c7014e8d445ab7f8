import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type GroupInputs, groupInputs } from "./group.model";
import { accessFound } from "./view";

export const proxmoxGroup = defineResource({
  kind: "proxmox-group",
  type: "proxmox:ProxmoxGroup",
  about: "A group of Proxmox VE. Who is in it stands with the users.",
  inputs: groupInputs,
  state: groupInputs.extend(accessFound.shape),
  replaces: ["cluster", "groupid"],
});

/** A group; who is in it stands with the users. */
export class ProxmoxGroup extends DynamicResource {
  constructor(name: string, inputs: GroupInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxGroup, name, inputs, options);
  }
}
