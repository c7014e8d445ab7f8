import { defineResource } from "../../resource";
import { type MachineInputs, machineDiffers, machineInputs, machineState } from "./machine.model";
import { type ObjectArgs, planType } from "./object";
import { isRenewed } from "./object.model";

export type MachineArgs = ObjectArgs<MachineInputs["type"]> &
  Partial<Pick<MachineInputs, "interfaces" | "disks" | "primary">>;

export const netboxMachine = defineResource({
  kind: "netbox-machine",
  type: { all: machineInputs.shape.type.options.map(planType), of: ({ type }) => planType(String(type)) },
  about: "A virtual machine or a device in NetBox with its parts: interfaces with MACs and addresses, virtual disks.",
  inputs: machineInputs,
  state: machineState,
  diff: (state, inputs) => isRenewed(state, inputs) || machineDiffers(state, inputs),
});
