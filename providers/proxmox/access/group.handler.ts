import { proxmoxGroup } from "./group";
import { groupInView } from "./group.model";
import { accessHandler } from "./handler";

export const groupHandler = accessHandler(proxmoxGroup, {
  noun: "group",
  name: ({ groupid }) => groupid,

  ...groupInView,

  async write(cluster, { groupid, comment }, there) {
    if (there === undefined)
      await cluster.write("POST", "/access/groups", { groupid, ...(comment === undefined ? {} : { comment }) });
    else if (comment !== undefined && comment !== there.comment)
      await cluster.write("PUT", `/access/groups/${encodeURIComponent(groupid)}`, { comment });
    return {};
  },
  remove: (cluster, { groupid }) => cluster.write("DELETE", `/access/groups/${encodeURIComponent(groupid)}`, {}),
  visibility: ({ groupid }) => ({
    paths: ["/access/groups", `/access/groups/${groupid}`],
    privileges: ["Group.Allocate", "User.Modify", "Sys.Audit"],
  }),
});
