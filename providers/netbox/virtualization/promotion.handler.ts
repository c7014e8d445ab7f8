import { handle } from "../../resource";
import { changeGuest, findGuest } from "./guest.handler";
import { netboxPromotion } from "./promotion";
import { mayPromote, type PromotionInputs, promotionPatch } from "./promotion.model";

/** Sets a guest to active once everything that it depends on is there. Done once, it stays in state and does nothing more. */
export const promotionHandler = handle(netboxPromotion, {
  async create(wanted) {
    await promote(wanted);
    return { id: String(wanted.mark.netboxId), state: wanted };
  },

  read: async (known) => ((await findGuest(known.mark)) === undefined ? undefined : known),
  update: async (_known, wanted) => wanted,
  delete: async () => {},
});

async function promote({ mark }: PromotionInputs): Promise<void> {
  await changeGuest(mark, ({ status }) => (mayPromote(status) ? promotionPatch : undefined));
}
