import { z } from "zod";
import { printRecord } from "../../ownership/netbox";
import type { Diff } from "../../resource";

/** A record of a guest in netbox-dns, for sites that keep their zones there. */
export const dnsRecordInputs = z.object({
  stack: z.string(),
  netboxUrl: z.string(),
  /** Names it among the stack's records; part of its mark. */
  key: z.string(),
  zoneId: z.number(),
  /** The zone's name, for messages. */
  zone: z.string(),
  /** Below the zone: `web01`, or `@`. */
  name: z.string(),
  type: z.enum(["A", "AAAA", "CNAME", "TXT"]),
  /** Without prefix length. */
  value: z.string(),
  /** NetBox ids of its guests that were adopted. */
  adoptedGuests: z.array(z.number()).optional(),
});

export const dnsRecordState = dnsRecordInputs.extend({
  /** NetBox's id of the record. */
  recordId: z.number().optional(),
  /** Was it there before us, with the same value? */
  kept: z.boolean().optional(),
});

export type DnsRecordInputs = z.infer<typeof dnsRecordInputs>;
export type DnsRecordState = z.infer<typeof dnsRecordState>;

export const dnsRecordDiff = (state: Record<string, unknown>, inputs: Record<string, unknown>): Diff => ({
  changes: ["stack", "netboxUrl", "zoneId", "name", "type", "value"].some((key) => state[key] !== inputs[key]),
});

/** The body of a POST or PATCH. */
export const pluginRecordBody = (wanted: DnsRecordInputs) => ({
  zone: wanted.zoneId,
  name: wanted.name,
  type: wanted.type,
  value: wanted.value,
  description: printRecord(wanted),
});
