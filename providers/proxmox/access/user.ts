import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type UserInputs, userInputs, userState } from "./user.model";

export const proxmoxUser = defineResource({
  kind: "proxmox-user",
  type: "proxmox:ProxmoxUser",
  about: "A user of Proxmox VE. Its tokens are resources of their own.",
  inputs: userInputs,
  state: userState,
  outputs: ({ generatePassword }) => (generatePassword === true ? ["password"] : []),
  secrets: ["password"],
  replaces: ["cluster", "userid"],
});

/** A user; its tokens are resources of their own. */
export class ProxmoxUser extends DynamicResource {
  /** Where it was generated: a secret. */
  declare readonly password: pulumi.Output<string | undefined>;

  constructor(name: string, inputs: UserInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxUser, name, inputs, options);
  }
}
