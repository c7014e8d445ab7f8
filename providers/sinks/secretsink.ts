import { defineResource } from "../resource";
import { secretSinkInputs, sinkDiff } from "./secretsink.model";

export const secretSink = defineResource({
  kind: "secret-sink",
  type: "sinks:SecretSink",
  about: "A place outside of the state where a token's secret is put: a file, Vault, another stack's configuration.",
  inputs: secretSinkInputs,
  state: secretSinkInputs,
  secrets: ["outcome", "credential"],
  diff: sinkDiff,
});
