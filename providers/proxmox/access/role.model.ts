import { z } from "zod";
import { type InView, withEntry } from "./view";

export const roleInputs = z.object({
  cluster: z.string(),
  roleid: z.string(),
  /** Sorted. */
  privileges: z.array(z.string()),
});
export type RoleInputs = z.infer<typeof roleInputs>;

/** Where it stands in a cluster's view. */
export const roleInView: InView<RoleInputs> = {
  find(view, { cluster, roleid }) {
    const role = view.roles.get(roleid);
    return role === undefined ? undefined : { cluster, roleid, privileges: role.privileges };
  },
  put: (view, { roleid, privileges }) => ({
    ...view,
    roles: withEntry(view.roles, roleid, { privileges, isBuiltIn: false }),
  }),
  drop: (view, { roleid }) => ({
    ...view,
    roles: withEntry(view.roles, roleid, undefined),
    acl: view.acl.filter((entry) => entry.roleid !== roleid),
  }),
};
