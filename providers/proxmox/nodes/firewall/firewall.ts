import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../resource";
import type { FirewallInputs } from "./firewall.model";

/** The firewall of a container. */
export class ProxmoxFirewall extends DynamicResource {
  constructor(name: string, inputs: FirewallInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxFirewall", "proxmox-firewall", name, { ...inputs }, options);
  }
}
