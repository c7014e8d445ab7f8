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
