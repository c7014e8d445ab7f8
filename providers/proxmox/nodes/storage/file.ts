import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../../resource";
import { type FileInputs, fileInputs, fileSettled, fileState } from "./file.model";

export const proxmoxFile = defineResource({
  kind: "proxmox-file",
  type: "proxmox:ProxmoxFile",
  about: "A cloud image, an installer or an OS template in a storage.",
  inputs: fileInputs,
  state: fileState,
  replaces: fileSettled,
  // Where it was downloaded from, and how, changes nothing of a file that is there.
  diff: () => false,
});

/** A cloud image, an installer or an OS template in a storage. */
export class ProxmoxFile extends DynamicResource {
  constructor(name: string, inputs: FileInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxFile, name, inputs, options);
  }
}
