import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../resource";
import type { FileInputs } from "./file.model";

/** A cloud image, an installer or an OS template in a storage. */
export class ProxmoxFile extends DynamicResource {
  constructor(name: string, inputs: FileInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxFile", "proxmox-file", name, { ...inputs }, options);
  }
}
