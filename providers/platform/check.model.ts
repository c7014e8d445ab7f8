import { z } from "zod";
import { differs, type Given } from "../resource";

/** What NetBox's container should be able to do. */
export const platformCheckInputs = z.object({
  cluster: z.string(),
  node: z.string(),
  /** NetBox's container, from which it is tried. */
  vmid: z.number(),
  /** NetBox itself, through nginx, with the plugins that it should have. */
  netbox: z.object({
    url: z.string(),
    /** Where it is reached, whatever its name resolves to. */
    address: z.string(),
    /** PEM of what its certificate is verified with; the system's own where it is left out. */
    certificate: z.string().optional(),
    version: z.string(),
    /** By module, with the version. */
    plugins: z.record(z.string(), z.string()),
  }),
  /** Proxmox VE clusters that it should reach, by their names: with the tokens that this program has. */
  proxmox: z.array(z.string()),
  /** NetBox's. Secret. */
  token: z.string(),
});
export type CheckInputs = z.infer<typeof platformCheckInputs>;

export const platformCheckState = platformCheckInputs.extend({ failed: z.array(z.string()) });

/** What failed the last time is tried again. */
export const checkDiffers = (state: Given<z.infer<typeof platformCheckState>>, inputs: Given<CheckInputs>): boolean =>
  differs(["node", "netbox", "proxmox", "token"], state, inputs) ||
  (Array.isArray(state.failed) && state.failed.length > 0);
