import { defineResource } from "../../../resource";
import { guestProblems } from "../guest.model";
import { protectionProblem } from "../order";
import { containerDiff, containerInputs, containerSettledProblem, containerState } from "./container.model";

export const proxmoxContainer = defineResource({
  kind: "proxmox-container",
  type: "proxmox:ProxmoxContainer",
  about: "An LXC container of a Proxmox VE cluster.",
  inputs: containerInputs,
  state: containerState,
  outputs: ["pending"],
  problems: guestProblems(containerInputs, containerState, (state, wanted) => [
    { property: "unprivileged", reason: containerSettledProblem(state, wanted) },
    { property: "disks", reason: protectionProblem("lxc", state, wanted) },
  ]),
  diff: containerDiff,
});
