import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../resource";
import type { ServiceInputs } from "./service.model";

/** A service in a container. Its secrets stay secret in the state. */
export class ContainerService extends DynamicResource {
  /** Nothing of one that was never set up. */
  declare readonly observed: pulumi.Output<Record<string, string> | undefined>;

  constructor(
    name: string,
    { secrets, ...inputs }: Omit<ServiceInputs, "secrets"> & { secrets: Record<string, pulumi.Input<string>> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      "platform",
      "ContainerService",
      "container-service",
      name,
      { ...inputs, secrets: pulumi.secret(secrets) },
      options,
      ["observed"],
    );
  }
}
