import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../resource";
import { type Destination, secretSinkInputs, sinkDiff } from "./secretsink.model";

export const secretSink = defineResource({
  kind: "secret-sink",
  type: "sinks:SecretSink",
  about: "A place outside of the state where a token's secret is put: a file, Vault, another stack's configuration.",
  inputs: secretSinkInputs,
  state: secretSinkInputs,
  secrets: ["outcome", "credential"],
  diff: sinkDiff,
});

interface SecretSinkArgs {
  destination: Destination;
  title: string;
  generation: number;
  outcome: pulumi.Output<string>;
  credential: pulumi.Output<string>;
}

/** A place outside of the state where a token's secret is put, for who works with it. */
export class SecretSink extends DynamicResource {
  constructor(name: string, inputs: SecretSinkArgs, options?: pulumi.CustomResourceOptions) {
    super(secretSink, name, inputs, options);
  }
}
