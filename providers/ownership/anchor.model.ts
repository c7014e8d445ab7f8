import { z } from "zod";

/** What an interrupted run left: a resource that no state knows, by kind, id and the state it would have. */
export const leftover = z.object({
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
export const anchorInputs = z.object({ leftovers: z.array(leftover) });

export type Leftover = z.infer<typeof leftover>;
export type AnchorInputs = z.infer<typeof anchorInputs>;
