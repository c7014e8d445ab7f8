import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { UserInputs } from "./user.model";

/** A user; its tokens are resources of their own. */
export class ProxmoxUser extends DynamicResource {
  /** Where it was generated: a secret. */
  declare readonly password: pulumi.Output<string | undefined>;

  constructor(name: string, inputs: UserInputs, options?: pulumi.CustomResourceOptions) {
    const outputs = inputs.generatePassword === true ? ["password"] : [];
    super(
      "proxmox",
      "ProxmoxUser",
      "proxmox-user",
      name,
      { ...inputs },
      { ...options, additionalSecretOutputs: ["password"] },
      outputs,
    );
  }
}
