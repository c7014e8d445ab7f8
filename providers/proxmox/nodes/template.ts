import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { TemplateInputs } from "./template.model";

/** A template made of an image, which guests are cloned from. */
export class ProxmoxTemplate extends DynamicResource {
  constructor(name: string, inputs: TemplateInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxTemplate", "proxmox-template", name, { ...inputs }, options);
  }
}
