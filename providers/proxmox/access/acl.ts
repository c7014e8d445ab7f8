import { defineResource } from "../../resource";
import { aclInputs } from "./acl.model";
import { accessFound } from "./view";

export const proxmoxAcl = defineResource({
  kind: "proxmox-acl",
  type: "proxmox:ProxmoxAcl",
  about: "An entry of the access control list: who has which role at which path.",
  inputs: aclInputs,
  state: aclInputs.extend(accessFound.shape),
  replaces: ["cluster", "path", "type", "ugid", "roleid"],
});
