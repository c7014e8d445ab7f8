import { z } from "zod";
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
  changes: ["zoneId", "name", "type", "value"].some((key) => state[key] !== inputs[key]),
});

const start = (stack: string) => `Managed by Pulumi stack ${stack} (record `;

/** The mark of a record of ours: its description. */
export const recordMark = ({ stack, key }: Pick<DnsRecordInputs, "stack" | "key">): string => `${start(stack)}${key})`;

/** The key in a record's mark, where it is this stack's. */
export const recordKey = (stack: string, description: string): string | undefined =>
  isRecordOf(stack, description) && description.endsWith(")") ? description.slice(start(stack).length, -1) : undefined;

/** Is a record of netbox-dns one of this stack's? */
export const isRecordOf = (stack: string, description: string): boolean => description.startsWith(start(stack));

/** The body of a POST or PATCH. */
export const toApi = (wanted: DnsRecordInputs) => ({
  zone: wanted.zoneId,
  name: wanted.name,
  type: wanted.type,
  value: wanted.value,
  description: recordMark(wanted),
});
