import { markChanged } from "../../ownership/mark";
import { defineResource } from "../../resource";
import { promotionInputs } from "./promotion.model";

export const netboxPromotion = defineResource({
  kind: "netbox-promotion",
  type: "netbox:NetboxPromotion",
  about: "A staged guest that becomes active in NetBox, after it was built and started.",
  inputs: promotionInputs,
  state: promotionInputs,
  diff: markChanged,
});
