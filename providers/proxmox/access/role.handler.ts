import { accessHandler } from "./handler";
import { proxmoxRole } from "./role";
import { roleInView } from "./role.model";

export const roleHandler = accessHandler(proxmoxRole, {
  noun: "role",
  name: ({ roleid }) => roleid,

  ...roleInView,

  async write(cluster, { roleid, privileges }, there) {
    const privs = privileges.join(",");
    if (there === undefined) await cluster.write("POST", "/access/roles", { roleid, privs });
    else await cluster.write("PUT", `/access/roles/${encodeURIComponent(roleid)}`, { privs });
    return {};
  },
  remove: (cluster, { roleid }) => cluster.write("DELETE", `/access/roles/${encodeURIComponent(roleid)}`, {}),
  visibility: () => undefined,
});
