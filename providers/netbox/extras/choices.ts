import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { ChoicesInputs } from "./choices.model";

/** What a custom field of NetBox's offers because of this stack. */
export class NetboxChoices extends DynamicResource {
  constructor(name: string, inputs: ChoicesInputs, options?: pulumi.CustomResourceOptions) {
    super("netbox", "NetboxChoices", "netbox-choices", name, { ...inputs }, options);
  }
}
