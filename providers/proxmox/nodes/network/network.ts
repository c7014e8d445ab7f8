import { defineResource } from "../../../resource";
import { networkInputs, networkSettled, networkState } from "./network.model";

export const proxmoxNetwork = defineResource({
  kind: "proxmox-network",
  type: "proxmox:ProxmoxNetwork",
  about: "A bridge of the nodes, or a vnet: found, or made and applied.",
  inputs: networkInputs,
  state: networkState,
  replaces: networkSettled,
});
