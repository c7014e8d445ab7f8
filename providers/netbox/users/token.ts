import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import {
  type NetboxTokenInputs,
  netboxTokenChanges,
  netboxTokenInputs,
  netboxTokenKey,
  netboxTokenState,
} from "./token.model";

export const netboxToken = defineResource({
  kind: "netbox-token",
  type: "netbox:NetboxToken",
  about: "An API token of NetBox.",
  inputs: netboxTokenInputs,
  state: netboxTokenState,
  outputs: ["value", "key", "madeAt"],
  secrets: ["value"],
  replaces: netboxTokenKey,
  diff: netboxTokenChanges,
});

/** An API token of NetBox; its secret is an output that the engine keeps encrypted. */
export class NetboxToken extends DynamicResource {
  declare readonly value: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string | undefined>;
  /** Seconds since 1970. */
  declare readonly madeAt: pulumi.Output<number>;

  constructor(name: string, inputs: NetboxTokenInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxToken, name, inputs, options);
  }
}
