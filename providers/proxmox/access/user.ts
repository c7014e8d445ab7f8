import { defineResource } from "../../resource";
import { userInputs, userState } from "./user.model";

export const proxmoxUser = defineResource({
  kind: "proxmox-user",
  type: "proxmox:ProxmoxUser",
  about: "A user of Proxmox VE. Its tokens are resources of their own.",
  inputs: userInputs,
  state: userState,
  outputs: ({ generatePassword }) => (generatePassword === true ? ["password"] : []),
  secrets: ["password"],
  replaces: ["cluster", "userid"],
});
