import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type AclInputs, aclInputs } from "./acl.model";
import { accessFound } from "./view";

export const proxmoxAcl = defineResource({
  kind: "proxmox-acl",
  type: "proxmox:ProxmoxAcl",
  about: "An entry of the access control list: who has which role at which path.",
  inputs: aclInputs,
  state: aclInputs.extend(accessFound.shape),
  replaces: ["cluster", "path", "type", "ugid", "roleid"],
});

/** An entry of the access control list: who has which role at which path. */
export class ProxmoxAcl extends DynamicResource {
  constructor(name: string, inputs: AclInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxAcl, name, inputs, options);
  }
}
