import { z } from "zod";
import { mark } from "../../ownership/mark";

/** A staged guest that is to be active once it runs. */
export const promotionInputs = z.object({
  mark,
  /** For messages. */
  name: z.string(),
});

export type PromotionInputs = z.infer<typeof promotionInputs>;

/** Only a staged guest is promoted: whatever else a person set it to meanwhile stays. */
export const mayPromote = (status: string): boolean => status === "staged";

export const promotionPatch = { status: "active", changelog_message: "Built and started by netbox-proxmox" };
