import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { isTokenChanged, type TokenInputs, tokenInputs, tokenKey, tokenState } from "./token.model";

export const proxmoxToken = defineResource({
  kind: "proxmox-token",
  type: "proxmox:ProxmoxToken",
  about: "An API token of Proxmox VE.",
  inputs: tokenInputs,
  state: tokenState,
  outputs: ["value", "madeAt"],
  secrets: ["value"],
  replaces: tokenKey,
  diff: isTokenChanged,
});

/** An API token; its secret is an output that the engine keeps encrypted. */
export class ProxmoxToken extends DynamicResource {
  declare readonly value: pulumi.Output<string>;
  /** Seconds since 1970. */
  declare readonly madeAt: pulumi.Output<number>;

  constructor(name: string, inputs: TokenInputs, options?: pulumi.CustomResourceOptions) {
    super(proxmoxToken, name, inputs, options);
  }
}
