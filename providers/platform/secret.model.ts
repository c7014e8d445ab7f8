import { z } from "zod";

/** A secret that is made once. */
export const secretInputs = z.object({
  /** Bytes of randomness. */
  bytes: z.number(),
  /** Another number makes another secret. */
  generation: z.number(),
});

export const secretState = secretInputs.extend({
  /** Letters and digits. */
  value: z.string(),
});
