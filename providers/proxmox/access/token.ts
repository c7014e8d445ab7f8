import { defineResource } from "../../resource";
import { isTokenChanged, tokenInputs, tokenKey, tokenState } from "./token.model";

export const proxmoxToken = defineResource({
  kind: "proxmox-token",
  type: "proxmox:ProxmoxToken",
  about: "An API token of Proxmox VE.",
  inputs: tokenInputs,
  state: tokenState,
  outputs: ["value", "madeAt"],
  secrets: ["value"],
  replaces: tokenKey,
  diff: isTokenChanged,
});
