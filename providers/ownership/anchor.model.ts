import { z } from "zod";

/** What an interrupted run left: a resource that no state knows, by kind, id and the state it would have. */
export const orphan = z.object({
  kind: z.enum([
    "bind9-record",
    "netbox-dns-record",
    "proxmox-vm",
    "proxmox-container",
    "netbox-ip-allocation",
    "netbox-guest",
  ]),
  id: z.string(),
  state: z.record(z.string(), z.unknown()),
});
/** The key is what states have. */
export const anchorInputs = z.object({ leftovers: z.array(orphan) });

export type Orphan = z.infer<typeof orphan>;
export type AnchorInputs = z.infer<typeof anchorInputs>;
