import { defineResource } from "../../resource";
import { hasWork, snapshotInputs, snapshotState } from "./snapshot.model";

export const proxmoxSnapshot = defineResource({
  kind: "proxmox-snapshot",
  type: "proxmox:ProxmoxSnapshot",
  about: "A guest's safety snapshots, taken before risky changes and deleted when their time is over.",
  inputs: snapshotInputs,
  state: snapshotState,
  replaces: ["cluster", "vmid", "type"],
  diff: hasWork,
});
