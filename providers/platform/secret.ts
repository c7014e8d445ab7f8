import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../resource";
import { secretInputs, secretState } from "./secret.model";

export const generatedSecret = defineResource({
  kind: "generated-secret",
  type: "platform:GeneratedSecret",
  about: "A secret that nobody ever sees: made once, kept in the state.",
  inputs: secretInputs,
  state: secretState,
  outputs: ["value"],
  secrets: ["value"],
});

/** A secret that is made once. */
export class GeneratedSecret extends DynamicResource {
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, bytes = 32, options?: pulumi.CustomResourceOptions) {
    super(generatedSecret, name, { bytes, generation: 0 }, options);
  }
}
