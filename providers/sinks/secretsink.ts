import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../resource";
import type { Destination } from "./secretsink.model";

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
    const { outcome, credential } = inputs;
    super(
      "sinks",
      "SecretSink",
      "secret-sink",
      name,
      { ...inputs, outcome: pulumi.secret(outcome), credential: pulumi.secret(credential) },
      { ...options, additionalSecretOutputs: ["outcome", "credential"] },
    );
  }
}
