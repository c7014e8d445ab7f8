import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { PromotionInputs } from "./promotion.model";

/** A staged guest that becomes active in NetBox, after it was built and started. */
export class NetboxPromotion extends DynamicResource {
  constructor(name: string, inputs: PromotionInputs, options?: pulumi.CustomResourceOptions) {
    super("netbox", "NetboxPromotion", "netbox-promotion", name, { ...inputs }, options);
  }
}
