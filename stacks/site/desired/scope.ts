import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { guestTitle } from "../../../providers/ownership/mark";
import { listedNames } from "../../plan/listed";
import type { Scope } from "../settings";
import type { Problem } from "./types";

/** What of a guest decides which stack it belongs to. */
export type Scoped = Pick<NetboxVirtualMachine, "id" | "name" | "clusterName" | "site" | "tenant" | "tags">;

/** Another stack of this project, as its file says. */
export interface OtherStack {
  stack: string;
  file: string;
  /** Left out where the environment says it. */
  netboxUrl?: string;
  /** The NetBox clusters that it has connections to. */
  clusters: string[];
  scope: Scope;
}

const holds = (values: string[] | undefined, value: string | undefined) =>
  values === undefined || (value !== undefined && values.includes(value));

/** Is a guest a stack's: one of the values of each dimension that the scope names? */
export const isInScope = (guest: Scoped, { clusters, sites, tenants, tags }: Scope): boolean =>
  holds(clusters, guest.clusterName) &&
  holds(sites, guest.site) &&
  holds(tenants, guest.tenant) &&
  (tags === undefined || tags.some((tag) => guest.tags.includes(tag)));

/** `site ber and tag web`, for messages. */
export const printScope = (scope: Scope): string =>
  Object.entries(scope)
    .map(([dimension, values]) => `${dimension.replace(/s$/, "")} ${values.join(" or ")}`)
    .join(" and ");

/** Guests that another stack has in its scope, too: two stacks would build, change and remove the same ones. */
export function overlaps(guests: Scoped[], netboxUrl: string, otherStacks: OtherStack[]): Problem[] {
  return otherStacks
    .filter((other) => other.netboxUrl === undefined || other.netboxUrl === netboxUrl)
    .flatMap(({ stack, file, clusters, scope }) => {
      const both = guests.filter((guest) => clusters.includes(guest.clusterName ?? "") && isInScope(guest, scope));
      if (both.length === 0) return [];
      const names = both.map(({ id, name }) => guestTitle({ name, mark: { netboxUrl, netboxId: id } }));
      const theirs = Object.keys(scope).length === 0 ? "every guest of its clusters" : printScope(scope);
      return [
        `${listedNames(names)} ${both.length === 1 ? "is" : "are"} in the scope of stack ${stack} (${file}: ${theirs}), too: narrow netbox-proxmox:site.scope of one of the two, or remove that file if the stack is no more`,
      ];
    });
}
