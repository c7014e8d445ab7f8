import { defineResource } from "../../../resource";
import { firewallDiffers, firewallInputs } from "./firewall.model";

export const proxmoxFirewall = defineResource({
  kind: "proxmox-firewall",
  type: "proxmox:ProxmoxFirewall",
  about: "The firewall of a container: this stack's as a whole. It goes with its container.",
  inputs: firewallInputs,
  state: firewallInputs,
  replaces: ["cluster", "vmid"],
  diff: firewallDiffers,
});
