import { z } from "zod";

export const templatesSchema = z.strictObject({
  /** The file with the templates that are wanted. */
  file: z.string().min(1).default("templates.yml"),
});
