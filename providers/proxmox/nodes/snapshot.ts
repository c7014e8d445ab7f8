import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { hasWork, type SnapshotInputs, snapshotInputs, snapshotState } from "./snapshot.model";

export const proxmoxSnapshot = defineResource({
  kind: "proxmox-snapshot",
  type: "proxmox:ProxmoxSnapshot",
  about: "A guest's safety snapshots, taken before risky changes and deleted when their time is over.",
  inputs: snapshotInputs,
  state: snapshotState,
  replaces: ["cluster", "vmid", "type"],
  diff: hasWork,
});

/** A guest's safety snapshots, taken before risky changes and deleted when their time is over. */
export class ProxmoxSnapshot extends DynamicResource {
  constructor(name: string, inputs: SnapshotInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxSnapshot, name, inputs, options);
  }
}
