import { defineResource } from "../../../resource";
import { fileInputs, fileSettled, fileState } from "./file.model";

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
