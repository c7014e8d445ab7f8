import { defineResource } from "../../resource";
import { groupInputs } from "./group.model";
import { accessFound } from "./view";

export const proxmoxGroup = defineResource({
  kind: "proxmox-group",
  type: "proxmox:ProxmoxGroup",
  about: "A group of Proxmox VE. Who is in it stands with the users.",
  inputs: groupInputs,
  state: groupInputs.extend(accessFound.shape),
  replaces: ["cluster", "groupid"],
});
