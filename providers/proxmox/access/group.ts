import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { GroupInputs } from "./group.model";

/** A group; who is in it stands with the users. */
export class ProxmoxGroup extends DynamicResource {
  constructor(name: string, inputs: GroupInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxGroup", "proxmox-group", name, { ...inputs }, options);
  }
}
