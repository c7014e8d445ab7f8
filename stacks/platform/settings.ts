import { z } from "zod";

export const platformSchema = z.strictObject({
  /** The file with NetBox's own platform. */
  file: z.string().min(1).default("platform.yml"),
});
