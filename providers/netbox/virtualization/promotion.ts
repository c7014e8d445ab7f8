import type * as pulumi from "@pulumi/pulumi";
import { markChanged } from "../../ownership/mark";
import { DynamicResource, defineResource } from "../../resource";
import { type PromotionInputs, promotionInputs } from "./promotion.model";

export const netboxPromotion = defineResource({
  kind: "netbox-promotion",
  type: "netbox:NetboxPromotion",
  about: "A staged guest that becomes active in NetBox, after it was built and started.",
  inputs: promotionInputs,
  state: promotionInputs,
  diff: markChanged,
});

/** A staged guest that becomes active in NetBox, after it was built and started. */
export class NetboxPromotion extends DynamicResource {
  constructor(name: string, inputs: PromotionInputs, options?: pulumi.CustomResourceOptions) {
    super(netboxPromotion, name, inputs, options);
  }
}
