import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { MachineInputs } from "./machine.model";
import { className, type ObjectArgs } from "./object";

export type MachineArgs = ObjectArgs<MachineInputs["type"]> &
  Partial<Pick<MachineInputs, "interfaces" | "disks" | "primary">>;

/** A virtual machine or a device in NetBox with its parts: interfaces with MACs and addresses, virtual disks. */
export class NetboxMachine extends DynamicResource {
  constructor(name: string, inputs: MachineArgs, options?: pulumi.CustomResourceOptions) {
    super("netbox", className(inputs.type), "netbox-machine", name, inputs, options);
  }
}
