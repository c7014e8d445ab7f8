import { accessHandler } from "./handler";
import { roleInputs, roleInView } from "./role.model";

export const roleHandler = accessHandler({
  noun: "role",
  inputs: roleInputs,
  key: ["cluster", "roleid"],
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
