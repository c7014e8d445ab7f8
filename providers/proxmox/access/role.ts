import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { RoleInputs } from "./role.model";

/** A role: a set of privileges. */
export class ProxmoxRole extends DynamicResource {
  constructor(name: string, inputs: RoleInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxRole", "proxmox-role", name, { ...inputs }, options);
  }
}
