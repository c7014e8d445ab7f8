import { defineResource } from "../../resource";
import { settled, templateDiffers, templateInputs, templateState } from "./template.model";

export const proxmoxTemplate = defineResource({
  kind: "proxmox-template",
  type: "proxmox:ProxmoxTemplate",
  about: "A template made of an image, which guests are cloned from.",
  inputs: templateInputs,
  state: templateState,
  replaces: settled,
  diff: templateDiffers,
});
