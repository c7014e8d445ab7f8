import { z } from "zod";
import { duration } from "../duration";

export const accessSchema = z.strictObject({
  /** Who may do what: YAML, or the JSON of token_setup. */
  file: z.string().min(1).default("access.yml"),
  /** How long a token goes on after the next one took over. */
  overlap: duration.default("7d"),
  /** HashiCorp Vault, for secrets that go there. VAULT_ADDR, VAULT_NAMESPACE and VAULT_CACERT come first; VAULT_TOKEN opens it. */
  vault: z
    .strictObject({
      address: z
        .string()
        .regex(/^https?:\/\/[^\s/]+$/, "write a URL, like https://vault.example.com:8200")
        .optional(),
      namespace: z.string().min(1).optional(),
      caFile: z.string().min(1).optional(),
    })
    .prefault({}),
});
