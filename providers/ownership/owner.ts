import { type AnyMark, markUrl } from "./mark";

// Whose is it? Ours, another stack's, or nobody's: everything that reads a mark asks here.

/** Names under which a stack, and the NetBox that it works from, were known before. */
export interface Former {
  /** `project/stack`. */
  stacks: readonly string[];
  urls: readonly string[];
}
export const noFormer: Former = { stacks: [], urls: [] };

/** Whom an object belongs to. `renewed`: to this stack under another name than the one that it is asked by. */
export type MarkOwner =
  | { of: "us" }
  | { of: "renewed"; stack: string }
  | { of: "other"; stack: string }
  | { of: "nobody" };

/** What is said of an object with the mark of today's stack, where the state is from before the stack was renamed. */
export const renewedText = (today: string, former: string): string =>
  `it carries the mark of Pulumi stack ${today}, and the state still has the former name ${former}: run \`pulumi up\` first`;

/** Where the mark doesn't tell what was adopted from what was made. @param guests as messages name them */
export const undecidedText = (guests: string): string =>
  `${guests} may have been adopted by an earlier version, whose marks don't say so: set netbox-proxmox:site.destroyAdopted to true to have it deleted, or to false to have it released (its mark taken away, everything left). Nothing was changed.`;

/**
 * Whose a mark is, as seen from a name of this stack's.
 * @param stack today's name, or, where only a state is at hand, the name that stands there
 */
export function ownerOf(stack: string, found: { stack: string } | undefined, former: Former): MarkOwner {
  if (found === undefined || found.stack === "") return { of: "nobody" };
  if (found.stack === stack || former.stacks.includes(found.stack)) return { of: "us" };
  // A state under a former name doesn't say today's: a mark that was written anew looks like another stack's.
  return { of: former.stacks.includes(stack) ? "renewed" : "other", stack: found.stack };
}

export const isOurs = (stack: string, found: { stack: string } | undefined, former: Former): boolean =>
  ownerOf(stack, found, former).of === "us";

/** Are these the same NetBox? @param url today's */
export const sameNetbox = (a: string, b: string, url: string, { urls }: Former): boolean =>
  a === b || [a, b].every((each) => each === url || urls.includes(each));

/** The same of what carries a whole mark: another object's mark is another owner's, too. @param url NetBox's of today */
export function markOwner(
  mark: AnyMark,
  found: AnyMark | undefined,
  url: string | undefined,
  former: Former,
): MarkOwner {
  const owner = ownerOf(mark.stack, found, former);
  if (found === undefined || owner.of === "nobody" || owner.of === "other") return owner;
  const moved = { ...found, netboxUrl: mark.netboxUrl };
  const isSame =
    markUrl(moved) === markUrl(mark) && sameNetbox(mark.netboxUrl, found.netboxUrl, url ?? mark.netboxUrl, former);
  return isSame ? owner : { of: "other", stack: found.stack };
}

/** This stack and its NetBox by today's names and the former ones: what a plan asks. */
export class Self {
  constructor(
    readonly stack: string,
    readonly netboxUrl: string,
    readonly former: Former = noFormer,
  ) {}

  /** Does it carry our mark, under whatever name of ours? */
  isOurs(mark: AnyMark | undefined): boolean {
    return mark !== undefined && this.owns(mark.stack) && this.isHere(mark.netboxUrl);
  }

  owns(stack: string): boolean {
    return isOurs(this.stack, { stack }, this.former);
  }

  isHere(netboxUrl: string): boolean {
    return sameNetbox(this.netboxUrl, netboxUrl, this.netboxUrl, this.former);
  }

  /** A mark by today's names where it is ours, and another's as it is. */
  renewed<M extends AnyMark>(mark: M): M {
    return this.isOurs(mark) ? { ...mark, stack: this.stack, netboxUrl: this.netboxUrl } : mark;
  }
}
