import { defineResource } from "../resource";
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
