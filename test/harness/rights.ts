import { randomBytes } from "node:crypto";
import type { Lab } from "../../lab";
import type { Grant, ObjectPermission } from "../../stacks/access/privileges";
import type { SystemClients } from "../../tools/systemclients";

/** A token of the lab's own user that may do what these grants say, and nothing else. @returns the token */
export function limitedToken(lab: Lab, grants: Grant[], name = "site"): string {
  const [user, secret] = ["pulumi@pve", "1ab00000-0000-4000-8000-000000000003"];
  const id = `${user}!${name}`;
  for (const { cluster } of lab.proxmox.values()) {
    const { access } = cluster;
    access.addToken(id, secret, 1);
    access.forget(({ ugid }) => ugid === id);
    for (const { path, privileges, propagate = true } of grants) {
      const roleid = `${name}-${path}-${privileges.join()}`;
      access.roles.set(roleid, { privs: new Set(privileges), special: false });
      access.acl.push({ path, type: "token", ugid: id, roleid, propagate: propagate ? 1 : 0 });
    }
  }
  return `${id}=${secret}`;
}

/**
 * A NetBox token whose user has these object permissions, and no other.
 * @returns the token; nothing where the user is there already, whose token then has these instead
 */
export async function limitedNetboxToken(
  clients: SystemClients,
  permissions: ObjectPermission[],
  username = "site",
): Promise<string> {
  const made = <T>(path: string, body: object) => clients.netbox("POST", path, body) as Promise<T>;
  const [known] = await clients.all<{ id: number }>("users/users", `&username=${username}`);
  const user = known?.id ?? (await made<{ id: number }>("users/users/", { username, password: "Limited-lab-1" })).id;
  for (const { id } of await clients.all<{ id: number }>("users/permissions", `&user_id=${user}`))
    await clients.netbox("DELETE", `users/permissions/${id}/`);
  for (const [n, { objectTypes, actions }] of permissions.entries())
    await made("users/permissions/", { name: `${username} ${n}`, object_types: objectTypes, actions, users: [user] });
  if (known !== undefined) return "";
  // Before 4.5 there are only v1 tokens, and who makes one chooses it.
  const chosen = randomBytes(20).toString("hex");
  const { key, token } = await made<{ key?: string; token?: string }>("users/tokens/", {
    user,
    version: 2,
    key: chosen,
  });
  return token === undefined ? chosen : `nbt_${key}.${token}`;
}
