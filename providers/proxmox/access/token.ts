import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { TokenInputs } from "./token.model";

/** An API token; its secret is an output that the engine keeps encrypted. */
export class ProxmoxToken extends DynamicResource {
  declare readonly value: pulumi.Output<string>;
  /** Seconds since 1970. */
  declare readonly madeAt: pulumi.Output<number>;

  constructor(name: string, inputs: TokenInputs, options?: pulumi.CustomResourceOptions) {
    super(
      "proxmox",
      "ProxmoxToken",
      "proxmox-token",
      name,
      { ...inputs },
      { ...options, additionalSecretOutputs: ["value"] },
      ["value", "madeAt"],
    );
  }
}
