import { defineResource } from "../../../resource";
import { guestProblems } from "../guest.model";
import { protectionProblem } from "../order";
import { bootProblem, vmDiff, vmInputs, vmSettledProblem, vmState } from "./vm.model";

export const proxmoxVm = defineResource({
  kind: "proxmox-vm",
  type: "proxmox:ProxmoxVm",
  about: "A QEMU guest of a Proxmox VE cluster, cloned from a cloud-init template.",
  inputs: vmInputs,
  state: vmState,
  outputs: ["pending"],
  problems: guestProblems(vmInputs, vmState, (state, wanted) => [
    { property: "disks", reason: vmSettledProblem(state, wanted) ?? bootProblem(state, wanted) },
    { property: "disks", reason: protectionProblem("qemu", state, wanted) },
  ]),
  diff: vmDiff,
});
