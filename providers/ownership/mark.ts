import { z } from "zod";
import { pageOf } from "../page";
import { isRecord } from "../values";

/** Who made an object, as it stands in the object itself: the Pulumi stack, the NetBox, the guest's id there. */
export interface Mark {
  /** `project/stack`. */
  stack: string;
  netboxUrl: string;
  netboxId: number;
  /** Of a mark that was found on a guest: was the guest there before, and taken over? */
  adopted?: true;
}

/** The guest's page in NetBox. */
export const guestUrl = ({ netboxUrl, netboxId }: Pick<Mark, "netboxUrl" | "netboxId">): string =>
  pageOf(netboxUrl, "virtualization/virtual-machines", netboxId);

/** Of a part of NetBox's own containers (`postgresql`), which NetBox has no page for. */
export interface PartMark {
  stack: string;
  /** Of the NetBox that it is a part of. */
  netboxUrl: string;
  part: string;
}
export type AnyMark = Mark | PartMark;

/** Where a person reads of what carries a mark. */
export const markUrl = (mark: Omit<Mark, "stack"> | Omit<PartMark, "stack">): string =>
  "part" in mark ? `${mark.netboxUrl}/#${mark.part}` : guestUrl(mark);

/** A guest, or a part of NetBox's own, as messages name it: `web01 (URL)`. */
export const guestTitle = ({
  name,
  mark,
}: {
  name: string;
  mark: Omit<Mark, "stack"> | Omit<PartMark, "stack">;
}): string => `${name} (${markUrl(mark)})`;

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

const partFields = z.object({ stack: z.string(), netboxUrl: z.string(), part: z.string() });
const partPage = /^(\S+) (\S+?)\/#([a-z0-9-]+)$/;

/** The mark of a guest of either sort. */
export const anyMark = z.union([
  mark,
  partFields,
  z.string().transform((text, context): PartMark => {
    const [, stack, netboxUrl, part] = partPage.exec(text) ?? [];
    if (stack !== undefined && netboxUrl !== undefined && part !== undefined) return { stack, netboxUrl, part };
    context.addIssue({ code: "custom", message: "is no mark" });
    return z.NEVER;
  }),
]);

/** Do two resources carry different marks? What is unknown, or is no mark, says nothing. */
export function markChanged(state: Record<string, unknown>, inputs: Record<string, unknown>): boolean {
  const [before, after] = [anyMark.safeParse(state.mark), anyMark.safeParse(inputs.mark)];
  return before.success && after.success && !sameMark(before.data, after.data);
}

/** A resource's properties as the engine gets them. */
export function withMarkText(properties: Record<string, unknown>): Record<string, unknown> {
  const parsed = isRecord(properties.mark) ? z.union([fields, partFields]).safeParse(properties.mark) : undefined;
  return parsed?.success ? { ...properties, mark: `${parsed.data.stack} ${markUrl(parsed.data)}` } : properties;
}

const pattern =
  /^Managed by Pulumi stack (\S+) from (\S+?)\/virtualization\/virtual-machines\/(\d+)\/( \(adopted\))?\s*$/m;

/** The line that ends the description of what is ours. Marks of older versions never say `adopted`. */
export const printMark = (mark: AnyMark, adopted = false): string =>
  `Managed by Pulumi stack ${mark.stack} from ${markUrl(mark)}${adopted ? " (adopted)" : ""}`;

/** Notes without the mark in them. */
export const withoutMark = (description: string): string => description.replace(pattern, "").trim();

/** The mark in a description, if there is one. */
export function findMark(description: string | undefined): Mark | undefined {
  const [, stack, netboxUrl, id, adopted] = pattern.exec(description ?? "") ?? [];
  if (stack === undefined || netboxUrl === undefined) return undefined;
  return { stack, netboxUrl, netboxId: Number(id), ...(adopted === undefined ? {} : { adopted: true }) };
}

const partPattern = /^Managed by Pulumi stack (\S+) from (\S+?)\/#([a-z0-9-]+)\s*$/m;

/** The same, of a guest of either sort. */
export function findAnyMark(description: string | undefined): AnyMark | undefined {
  const [, stack, netboxUrl, part] = partPattern.exec(description ?? "") ?? [];
  if (stack === undefined || netboxUrl === undefined || part === undefined) return findMark(description);
  return { stack, netboxUrl, part };
}

export const sameMark = (a: AnyMark, b: AnyMark | undefined): boolean =>
  b !== undefined && a.stack === b.stack && markUrl(a) === markUrl(b);
