import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../resource";

/** A secret that is made once. */
export class GeneratedSecret extends DynamicResource {
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, bytes = 32, options: pulumi.CustomResourceOptions = {}) {
    const secret = { ...options, additionalSecretOutputs: ["value"] };
    super("platform", "GeneratedSecret", "generated-secret", name, { bytes, generation: 0 }, secret, ["value"]);
  }
}
