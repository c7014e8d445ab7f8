import { z } from "zod";

export const intentSchema = z.strictObject({
  /** The file with the guests that are wanted. */
  file: z.string().min(1).default("vms.yml"),
});
