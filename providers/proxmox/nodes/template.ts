import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { settled, type TemplateInputs, templateDiffers, templateInputs, templateState } from "./template.model";

export const proxmoxTemplate = defineResource({
  kind: "proxmox-template",
  type: "proxmox:ProxmoxTemplate",
  about: "A template made of an image, which guests are cloned from.",
  inputs: templateInputs,
  state: templateState,
  replaces: settled,
  diff: templateDiffers,
});

/** A template made of an image, which guests are cloned from. */
export class ProxmoxTemplate extends DynamicResource {
  constructor(name: string, inputs: TemplateInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxTemplate, name, inputs, options);
  }
}
