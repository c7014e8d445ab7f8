import { markChanged } from "../../ownership/mark";
import type { Handler } from "../../resource";
import { changeGuest, findGuest } from "./guest.handler";
import { type PromotionInputs, promotes, promotionInputs, promotionPatch } from "./promotion.model";

/** Sets a guest to active once everything that it depends on is there. Done once, it stays in state and does nothing more. */
export const promotionHandler: Handler = {
  diff: (state, inputs) => ({ changes: markChanged(state, inputs) }),

  async create(raw) {
    const wanted = promotionInputs.parse(raw);
    await promote(wanted);
    return { id: String(wanted.mark.netboxId), state: wanted };
  },

  async read(id, raw) {
    const known = promotionInputs.parse(raw);
    return (await findGuest(known.mark)) === undefined ? undefined : { id, state: known, inputs: known };
  },

  async update(_id, _state, raw) {
    return promotionInputs.parse(raw);
  },

  delete: async () => {},
};

async function promote({ mark }: PromotionInputs): Promise<void> {
  await changeGuest(mark, ({ status }) => (promotes(status) ? promotionPatch : undefined));
}
