import { z } from "zod";
import { type InView, withEntry } from "./view";

export const groupInputs = z.object({
  cluster: z.string(),
  groupid: z.string(),
  /** Left out, it is other people's. */
  comment: z.string().optional(),
});
export type GroupInputs = z.infer<typeof groupInputs>;

/** Where it stands in a cluster's view. */
export const groupInView: InView<GroupInputs> = {
  find(view, { cluster, groupid, comment }) {
    const group = view.groups.get(groupid);
    if (group === undefined) return undefined;
    return { cluster, groupid, ...(comment === undefined ? {} : { comment: group.comment ?? "" }) };
  },
  put: (view, { groupid, comment }) => ({ ...view, groups: withEntry(view.groups, groupid, { comment }) }),
  drop: (view, { groupid }) => ({
    ...view,
    groups: withEntry(view.groups, groupid, undefined),
    users: new Map(
      [...view.users].map(([userid, user]) => [
        userid,
        { ...user, groups: user.groups.filter((each) => each !== groupid) },
      ]),
    ),
    acl: view.acl.filter(({ type, ugid }) => type !== "group" || ugid !== groupid),
  }),
};
