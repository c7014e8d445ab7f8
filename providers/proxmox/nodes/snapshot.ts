import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { SnapshotInputs } from "./snapshot.model";

/** A guest's safety snapshots, taken before risky changes and deleted when their time is over. */
export class ProxmoxSnapshot extends DynamicResource {
  constructor(name: string, inputs: SnapshotInputs, options?: pulumi.CustomResourceOptions) {
    super("proxmox", "ProxmoxSnapshot", "proxmox-snapshot", name, { ...inputs }, options);
  }
}
