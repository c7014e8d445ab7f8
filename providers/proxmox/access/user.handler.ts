import { randomBytes } from "node:crypto";
import { context } from "../../context";
import { UserError } from "../../errors";
import { keepSecret } from "../../http/redact";
import { sameValue } from "../../values";
import type { ProxmoxCluster } from "../client";
import { accessHandler } from "./handler";
import { proxmoxUser } from "./user";
import { detailsTo, groupsOf, type UserInputs, userInView } from "./user.model";

export const userHandler = accessHandler(proxmoxUser, {
  noun: "user",
  name: ({ userid }) => userid,

  ...userInView,

  async write(cluster, wanted, there, known, view) {
    const { userid } = wanted;
    if (there === undefined) {
      const password = passwordOf(wanted);
      const form = { ...detailsTo(wanted), ...(wanted.groups.length > 0 ? { groups: wanted.groups.join(",") } : {}) };
      await cluster.write("POST", "/access/users", { userid, ...form, ...(password ? { password } : {}) });
      return wanted.generatePassword === true ? { password } : {};
    }
    const { groups = [] } = view.users.get(userid) ?? {};
    const next = groupsOf(groups, wanted.groups, known?.groups);
    const form = {
      ...detailsTo(wanted, there),
      ...(sameValue(next, groups, { sets: true }) ? {} : { groups: next.join(",") }),
    };
    if (Object.keys(form).length > 0) await cluster.write("PUT", `/access/users/${encodeURIComponent(userid)}`, form);
    if (wanted.passwordVersion !== known?.passwordVersion) await setPassword(cluster, wanted);
    return {};
  },
  remove: (cluster, { userid }) => cluster.write("DELETE", `/access/users/${encodeURIComponent(userid)}`, {}),
  visibility: ({ groups }) => ({
    paths: ["/access/groups", ...groups.map((group) => `/access/groups/${group}`)],
    privileges: ["User.Modify", "Sys.Audit"],
  }),
});

/** The password of a user that is made, if it is to have one. */
function passwordOf({ passwordName, generatePassword }: UserInputs): string | undefined {
  if (passwordName !== undefined) return context().password(passwordName);
  if (generatePassword !== true) return undefined;
  const password = randomBytes(24).toString("base64url");
  keepSecret(password);
  return password;
}

async function setPassword(cluster: ProxmoxCluster, { userid, passwordName }: UserInputs): Promise<void> {
  if (passwordName === undefined) return; // PVE has no way to take one away
  if (cluster.isByToken)
    throw new UserError(
      `the password of ${userid} can't be changed on ${cluster.name} with an API token: work there with a login (netbox-proxmox:proxmox["${cluster.name}"].user and .password) for this run`,
    );
  await cluster.write("PUT", "/access/password", { userid, password: context().password(passwordName) });
}
