import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../resource";
import { type ServiceInputs, serviceDiffers, serviceInputs, serviceSettled, serviceState } from "./service.model";

export const containerService = defineResource({
  kind: "container-service",
  type: "platform:ContainerService",
  about: "A service in a container: PostgreSQL, Valkey, NetBox or nginx. It goes with its container.",
  inputs: serviceInputs,
  state: serviceState,
  outputs: ["observed"],
  secrets: ["secrets"],
  replaces: serviceSettled,
  diff: serviceDiffers,
});

/** A service in a container. Its secrets stay secret in the state. */
export class ContainerService extends DynamicResource {
  /** Nothing of one that was never set up. */
  declare readonly observed: pulumi.Output<Record<string, string> | undefined>;

  constructor(
    name: string,
    inputs: Omit<ServiceInputs, "secrets"> & { secrets: Record<string, pulumi.Input<string>> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(containerService, name, inputs, options);
  }
}
