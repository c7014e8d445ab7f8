import type { Lab } from "../lab";
import type { Grant } from "../stacks/privileges";

/** A token of the lab's own user that may do what these grants say, and nothing else. @returns the token */
export function limitedToken(lab: Lab, grants: Grant[]): string {
  const [user, secret] = ["pulumi@pve", "1ab00000-0000-4000-8000-000000000003"];
  const id = `${user}!site`;
  for (const { cluster } of lab.proxmox.values()) {
    const { access } = cluster;
    access.addToken(id, secret, 1);
    access.forget(({ ugid }) => ugid === id);
    for (const { path, privileges } of grants) {
      const roleid = `site-${path}-${privileges.join()}`;
      access.roles.set(roleid, { privs: new Set(privileges), special: false });
      access.acl.push({ path, type: "token", ugid: id, roleid, propagate: 1 });
    }
  }
  return `${id}=${secret}`;
}
