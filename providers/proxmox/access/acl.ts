import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { AclInputs } from "./acl.model";

/** An entry of the access control list: who has which role at which path. */
export class ProxmoxAcl extends DynamicResource {
  constructor(name: string, inputs: AclInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxAcl", "proxmox-acl", name, { ...inputs }, options);
  }
}
