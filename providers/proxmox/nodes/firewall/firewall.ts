import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../../resource";
import { type FirewallInputs, firewallDiffers, firewallInputs } from "./firewall.model";

export const proxmoxFirewall = defineResource({
  kind: "proxmox-firewall",
  type: "proxmox:ProxmoxFirewall",
  about: "The firewall of a container: this stack's as a whole. It goes with its container.",
  inputs: firewallInputs,
  state: firewallInputs,
  replaces: ["cluster", "vmid"],
  diff: firewallDiffers,
});

/** The firewall of a container. */
export class ProxmoxFirewall extends DynamicResource {
  constructor(name: string, inputs: FirewallInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxFirewall, name, inputs, options);
  }
}
