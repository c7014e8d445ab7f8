import { proxmoxAcl } from "./acl";
import { type AclInputs, aclInView, aclPrivileges, printAcl } from "./acl.model";
import { accessHandler } from "./handler";

const sent = ({ path, type, ugid, roleid }: AclInputs) => ({ path, roles: roleid, [`${type}s`]: ugid });

export const aclHandler = accessHandler(proxmoxAcl, {
  noun: "ACL entry",
  name: printAcl,

  ...aclInView,

  async write(cluster, wanted, there) {
    if (there?.propagate !== wanted.propagate)
      await cluster.write("PUT", "/access/acl", { ...sent(wanted), propagate: wanted.propagate ? 1 : 0 });
    return {};
  },
  remove: (cluster, known) => cluster.write("PUT", "/access/acl", { ...sent(known), delete: 1 }),
  visibility: ({ path }) => ({ paths: [path], privileges: aclPrivileges(path) }),
});
