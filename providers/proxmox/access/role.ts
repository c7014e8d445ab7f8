import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type RoleInputs, roleInputs } from "./role.model";
import { accessFound } from "./view";

export const proxmoxRole = defineResource({
  kind: "proxmox-role",
  type: "proxmox:ProxmoxRole",
  about: "A role of Proxmox VE: a list of privileges.",
  inputs: roleInputs,
  state: roleInputs.extend(accessFound.shape),
  replaces: ["cluster", "roleid"],
});

/** A role: a list of privileges. */
export class ProxmoxRole extends DynamicResource {
  constructor(name: string, inputs: RoleInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxRole, name, inputs, options);
  }
}
