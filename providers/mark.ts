import { z } from "zod";
import { isRecord } from "./values";

/** Who made an object, as it stands in the object itself: the Pulumi stack, the NetBox, the guest's id there. */
export interface Mark {
  /** `project/stack`. */
  stack: string;
  netboxUrl: string;
  netboxId: number;
}

/** The guest's page in NetBox. */
export const guestUrl = ({ netboxUrl, netboxId }: Pick<Mark, "netboxUrl" | "netboxId">): string =>
  `${netboxUrl}/virtualization/virtual-machines/${netboxId}/`;

const page = /^(\S+) (\S+?)\/virtualization\/virtual-machines\/(\d+)\/$/;
const fields = z.object({ stack: z.string(), netboxUrl: z.string(), netboxId: z.number() });

/** A resource's mark: `STACK URL` among its properties, as one short text costs the engine less; by its parts in handlers. */
export const mark = z.union([
  fields,
  z.string().transform((text, context): Mark => {
    const [, stack, netboxUrl, id] = page.exec(text) ?? [];
    if (stack !== undefined && netboxUrl !== undefined) return { stack, netboxUrl, netboxId: Number(id) };
    context.addIssue({ code: "custom", message: "is no mark" });
    return z.NEVER;
  }),
]);

/** A resource's properties as the engine gets them. */
export function withMarkText(properties: Record<string, unknown>): Record<string, unknown> {
  const parsed = isRecord(properties.mark) ? fields.safeParse(properties.mark) : undefined;
  return parsed?.success ? { ...properties, mark: `${parsed.data.stack} ${guestUrl(parsed.data)}` } : properties;
}

const pattern = /^Managed by Pulumi stack (\S+) from (\S+?)\/virtualization\/virtual-machines\/(\d+)\/\s*$/m;

/** The line that ends the description of what is ours. */
export const printMark = (mark: Mark): string => `Managed by Pulumi stack ${mark.stack} from ${guestUrl(mark)}`;

/** The mark in a description, if there is one. */
export function findMark(description: string | undefined): Mark | undefined {
  const [, stack, netboxUrl, id] = pattern.exec(description ?? "") ?? [];
  return stack === undefined || netboxUrl === undefined ? undefined : { stack, netboxUrl, netboxId: Number(id) };
}

export const sameMark = (a: Mark, b: Mark | undefined): boolean =>
  b !== undefined && a.stack === b.stack && a.netboxUrl === b.netboxUrl && a.netboxId === b.netboxId;
