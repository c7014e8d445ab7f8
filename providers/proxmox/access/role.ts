import { defineResource } from "../../resource";
import { roleInputs } from "./role.model";
import { accessFound } from "./view";

export const proxmoxRole = defineResource({
  kind: "proxmox-role",
  type: "proxmox:ProxmoxRole",
  about: "A role of Proxmox VE: a list of privileges.",
  inputs: roleInputs,
  state: roleInputs.extend(accessFound.shape),
  replaces: ["cluster", "roleid"],
});
