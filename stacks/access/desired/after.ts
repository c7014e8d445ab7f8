import { z } from "zod";
import { aclInputs, aclInView } from "../../../providers/proxmox/access/acl.model";
import { groupInputs, groupInView } from "../../../providers/proxmox/access/group.model";
import { roleInputs, roleInView } from "../../../providers/proxmox/access/role.model";
import { tokenInputs, tokenInView } from "../../../providers/proxmox/access/token.model";
import { userInputs, userInView } from "../../../providers/proxmox/access/user.model";
import type { AccessView, InView } from "../../../providers/proxmox/access/view";
import type { KnownResources } from "../../known";
import type { AccessCluster, ClusterObjects } from "./types";

/** What a kind of resource does to a cluster's view, by its type in the state. */
function kindOf<I extends { cluster: string }>(schema: z.ZodType<I>, { put, drop }: Pick<InView<I>, "put" | "drop">) {
  return {
    put: (view: AccessView, wanted: I, known: Record<string, unknown> | undefined) =>
      put(view, wanted, known === undefined ? undefined : schema.safeParse(known).data),
    /** Of one that is declared no more: what was there before it comes back. */
    leave(view: AccessView, cluster: string, properties: Record<string, unknown>): AccessView {
      const known = schema.safeParse(properties).data;
      const { made, before, adopted } = left.parse(properties);
      if (known?.cluster !== cluster || adopted === true) return view;
      if (made) return drop(view, known);
      const last = schema.safeParse({ ...known, ...before }).data;
      return last === undefined ? view : put(view, last, known);
    },
  };
}
const left = z.object({
  made: z.boolean().default(true),
  before: z.record(z.string(), z.unknown()).optional(),
  adopted: z.boolean().optional(),
});

const kinds = {
  ProxmoxRole: kindOf(roleInputs, roleInView),
  ProxmoxGroup: kindOf(groupInputs, groupInView),
  ProxmoxUser: kindOf(userInputs, userInView),
  ProxmoxToken: kindOf(tokenInputs, tokenInView),
  ProxmoxAcl: kindOf(aclInputs, aclInView),
};
const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/** What a cluster shows once everything is as it is wanted, and what is wanted no more is gone. */
export function viewAfter(
  { name, view: before }: Pick<AccessCluster, "name" | "view">,
  { roles, groups, users, acl, tokens }: ClusterObjects,
  known: KnownResources,
): AccessView {
  let view = before;
  const last = (resource: string) => known.get(resource)?.properties;
  for (const each of roles) view = kinds.ProxmoxRole.put(view, each.inputs, last(each.name));
  for (const each of groups) view = kinds.ProxmoxGroup.put(view, each.inputs, last(each.name));
  for (const each of users) view = kinds.ProxmoxUser.put(view, each.inputs, last(each.name));
  for (const each of tokens)
    if (each.inputs.adopted !== true) view = kinds.ProxmoxToken.put(view, each.inputs, last(each.name));
  for (const each of acl) view = kinds.ProxmoxAcl.put(view, each.inputs, last(each.name));
  const wanted = new Set([roles, groups, users, acl, tokens].flat().map((each) => each.name));
  for (const [resource, { type, properties }] of known) {
    const kind = kindNames.find((each) => each === type);
    if (kind !== undefined && !wanted.has(resource)) view = kinds[kind].leave(view, name, properties);
  }
  return view;
}
