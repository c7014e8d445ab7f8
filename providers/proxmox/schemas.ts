import { z } from "zod";

// Proxmox VE's API as far as it is used, by its own names.
// Source: the API's schema of pve-manager 9.2 (/usr/share/pve-docs/api-viewer).

export const data = <T>(inner: z.ZodType<T>) => z.object({ data: inner }).transform((body) => body.data as T);

export const version = z.object({ version: z.string() });

export const clusterStatus = z.array(z.object({ type: z.string(), name: z.string(), local: z.number().optional() }));

/** A guest of …/cluster/resources?type=vm. Its status is up to ten seconds old. */
export const guestResource = z
  .object({
    vmid: z.number(),
    type: z.enum(["qemu", "lxc"]),
    node: z.string(),
    name: z.string().optional(),
    status: z.string(),
    template: z.number().optional(),
    pool: z.string().optional(),
  })
  .transform((guest) => ({ ...guest, name: guest.name ?? "", template: guest.template === 1 }));

/** A guest of …/nodes/{node}/qemu. Its status is of this moment. */
export const qemuStatus = z.object({ vmid: z.number(), status: z.string() });

/** …/qemu/{vmid}/status/current: `qmpstatus` tells a paused guest from a running one. */
export const currentStatus = z
  .object({ status: z.string(), qmpstatus: z.string().optional() })
  .transform(({ status, qmpstatus }) =>
    status !== "running" ? ("stopped" as const) : qmpstatus === "paused" ? ("paused" as const) : ("running" as const),
  );

/** …/qemu/{vmid}/config: values are texts or numbers. */
export const config = z.record(z.string(), z.union([z.string(), z.number()]));

export const taskStatus = z.object({ status: z.string(), exitstatus: z.string().optional() });
export const taskLog = z.array(z.object({ t: z.string() }));
export const taskRow = z.object({ upid: z.string(), type: z.string(), user: z.string() });

export type GuestResource = z.infer<typeof guestResource>;
export type GuestConfig = z.infer<typeof config>;
