import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type ChoicesInputs, choicesInputs, choicesState } from "./choices.model";

export const netboxChoices = defineResource({
  kind: "netbox-choices",
  type: "netbox:NetboxChoices",
  about: "What a custom field of NetBox's offers because of this stack. The choice set itself stays.",
  inputs: choicesInputs,
  state: choicesState,
  replaces: ["set"],
});

/** What a custom field of NetBox's offers because of this stack. */
export class NetboxChoices extends DynamicResource {
  constructor(name: string, inputs: ChoicesInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxChoices, name, inputs, options);
  }
}
