import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { NetboxTokenInputs } from "./token.model";

/** An API token of NetBox; its secret is an output that the engine keeps encrypted. */
export class NetboxToken extends DynamicResource {
  declare readonly value: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string | undefined>;
  /** Seconds since 1970. */
  declare readonly madeAt: pulumi.Output<number>;

  constructor(name: string, inputs: NetboxTokenInputs, options?: pulumi.CustomResourceOptions) {
    super(
      "netbox",
      "NetboxToken",
      "netbox-token",
      name,
      { ...inputs },
      { ...options, additionalSecretOutputs: ["value"] },
      ["value", "key", "madeAt"],
    );
  }
}
