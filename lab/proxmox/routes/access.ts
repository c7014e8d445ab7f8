import { randomUUID } from "node:crypto";
import type { Acl, User } from "../access";
import { die, forbidden, parameterErrors } from "../errors";
import { privilegesOf } from "../privileges";
import { requirePoolMembers } from "../rights";
import * as schema from "../schema/access";
import { none } from "../schema/cluster";
import type { Values } from "../schema/parameters";
import { words } from "../schema/words";
import { poolMembers } from "../views";
import { anybody, either, perm, type RightsCheck, type Route, type RouteCall, route } from "./route";

// ---- needs

const userOf = ({ cluster, raw }: Pick<RouteCall, "cluster" | "raw">): User =>
  cluster.access.users.get(raw.userid ?? "") ?? die(`no such user ('${raw.userid}')`);

/** A right on the groups of a user that is there, or on all groups. */
const onUser =
  (...privileges: string[]): RightsCheck =>
  (call) => {
    const { cluster, caller } = call;
    const { groups } = userOf(call);
    const inGroup = [...groups].some((group) =>
      cluster.access.may(caller.authId, `/access/groups/${group}`, privileges, true),
    );
    if (!inGroup) cluster.access.require(caller.authId, "/access/groups", privileges, true);
  };
const self: RightsCheck = ({ raw, caller }) => {
  if (caller.authId.split("!")[0] !== raw.userid) forbidden();
};
const onRealm: RightsCheck = ({ raw, cluster, caller }) => {
  const realm = /^[^\s:/]+@([A-Za-z][\w.-]+)$/.exec(raw.userid ?? "")?.[1];
  if (realm === undefined) die(`value '${raw.userid}' does not look like a valid user name`);
  cluster.access.require(caller.authId, `/access/realm/${realm}`, ["Realm.AllocateUser"]);
};
const onToken = either(self, onUser("User.Modify"));

// ---- shapes

const tokensOf = ({ tokens }: User) =>
  tokens.size === 0
    ? null
    : [...tokens].map(([tokenid, { privsep, expire, comment }]) => ({
        tokenid,
        privsep,
        expire,
        ...(comment === undefined ? {} : { comment }),
      }));

function listed({ cluster }: RouteCall, user: User, full: boolean) {
  const realm = cluster.access.realms.find((known) => known.realm === user.userid.split("@")[1]);
  return {
    userid: user.userid,
    enable: user.enable,
    expire: user.expire,
    ...user.details,
    ...(realm === undefined ? {} : { "realm-type": realm.type }),
    ...(full ? { groups: [...user.groups].join(","), tokens: tokensOf(user) } : {}),
  };
}

function setUser(call: RouteCall, user: User, failed: (why: string) => never): void {
  const { groups, append, enable, expire, userid: _userid, password: _password, ...details } = call.params;
  if (groups !== undefined) {
    const wanted = words(groups);
    for (const group of wanted) if (!call.cluster.access.groups.has(group)) failed(`no such group '${group}'`);
    if (append !== 1) user.groups.clear();
    for (const group of wanted) user.groups.add(group);
  }
  if (enable !== undefined) user.enable = enable === 0 ? 0 : 1;
  if (expire !== undefined) user.expire = Number(expire);
  for (const [key, value] of Object.entries(details))
    if (value === "") delete user.details[key];
    else user.details[key] = value;
}

const tokenOf = (call: RouteCall) =>
  userOf(call).tokens.get(String(call.params.tokenid)) ??
  die(`no such token '${call.params.tokenid}' for user '${call.params.userid}'`);
const idOf = ({ params }: RouteCall) => `${params.userid}!${params.tokenid}`;
/** A token's settings as the answer to a change repeats them: what was sent comes back as text. */
const asSent = ({ comment, expire, privsep }: Values) =>
  Object.fromEntries(
    Object.entries({ comment, expire, privsep })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, String(value)]),
  );

function writeToken(call: RouteCall): unknown {
  const { cluster, params } = call;
  const tokens = userOf(call).tokens;
  const name = String(params.tokenid);
  if (tokens.has(name)) parameterErrors({ tokenid: "Token already exists." });
  const secret = randomUUID();
  tokens.set(name, {
    secret,
    privsep: params.privsep === 0 ? 0 : 1,
    expire: Number(params.expire ?? 0),
    ...(params.comment === undefined ? {} : { comment: String(params.comment) }),
  });
  cluster.access.forget(({ type, ugid }) => type === "token" && ugid === idOf(call));
  return { "full-tokenid": idOf(call), info: { privsep: "1", ...asSent(params) }, value: secret };
}

function changeToken(call: RouteCall): unknown {
  const token = tokenOf(call);
  const { comment, expire, privsep, regenerate } = call.params;
  if (regenerate !== undefined && majorOf(call.cluster) < 9)
    parameterErrors({
      regenerate: "property is not defined in schema and the schema does not allow additional properties",
    });
  if (comment !== undefined) token.comment = String(comment);
  if (expire !== undefined) token.expire = Number(expire);
  if (privsep !== undefined) token.privsep = privsep === 0 ? 0 : 1;
  for (const key of words(call.params.delete)) if (key === "comment") token.comment = undefined;
  const { secret: _secret, ...shown } = token;
  if (regenerate !== 1) return { ...shown, ...asSent(call.params) };
  token.secret = randomUUID();
  return { ...shown, "full-tokenid": idOf(call), value: token.secret };
}

const poolShown = (call: RouteCall, poolid: string, type?: unknown) => {
  const pool = call.cluster.pools.get(poolid);
  const members = poolMembers(call.cluster, pool).filter((member) => type === undefined || member.type === type);
  return { poolid, ...(pool.comment === undefined ? {} : { comment: pool.comment }), members };
};

/** The privileges of a role that this release has. */
function privilegesIn({ cluster, params }: RouteCall): string[] {
  const names = words(params.privs);
  const known = privilegesOf(majorOf(cluster));
  for (const name of names)
    if (!known.includes(name)) parameterErrors({ privs: `invalid format - invalid privilege '${name}'\n` });
  return names;
}
const majorOf = ({ version }: RouteCall["cluster"]): number => Number(version.version.split(".")[0]);

const onGroups = perm("/access/groups", "Group.Allocate");
const onRoles = perm("/access", "Sys.Modify");
const onPool = perm("/pool/{poolid}", "Pool.Allocate");

export const accessRoutes: Route[] = [
  route(
    "POST",
    "/access/ticket",
    schema.loginParameters,
    anybody,
    ({ cluster, params }) => ({
      ...cluster.access.login(params),
      ...(cluster.nodes.size > 1 ? { clustername: cluster.name } : {}),
    }),
    {
      byToken: false,
      open: true,
    },
  ),
  route("GET", "/access/ticket", none, anybody, () => null, { open: true }),
  route(
    "PUT",
    "/access/password",
    schema.passwordParameters,
    either(self, onUser("User.Modify")),
    (call) => {
      userOf(call).password = String(call.params.password);
      return null;
    },
    { byToken: false },
  ),
  route("GET", "/access/permissions", schema.permissionsParameters, anybody, ({ cluster, caller, params }) => {
    const authId = params.userid === undefined ? caller.authId : String(params.userid);
    if (authId !== caller.authId && authId.split("!")[0] !== caller.authId)
      cluster.access.require(caller.authId, "/access", ["Sys.Audit"]);
    return cluster.access.permissions(authId, params.path === undefined ? undefined : String(params.path));
  }),
  route("GET", "/access/domains", none, anybody, ({ cluster }) => cluster.access.realms, { open: true }),

  // ---- roles
  route("GET", "/access/roles", none, anybody, ({ cluster }) =>
    [...cluster.access.roles].map(([roleid, { privs, special }]) => ({
      roleid,
      privs: [...privs].sort().join(","),
      special: special ? 1 : 0,
    })),
  ),
  route("POST", "/access/roles", schema.roleCreateParameters, onRoles, (call) => {
    const { cluster, params } = call;
    const privs = new Set(privilegesIn(call));
    const roleid = String(params.roleid);
    if (/^pve/i.test(roleid))
      parameterErrors({ roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" });
    if (cluster.access.roles.has(roleid)) die(`create role failed: role '${roleid}' already exists`);
    cluster.access.roles.set(roleid, { privs, special: false });
    return null;
  }),
  route("GET", "/access/roles/{roleid}", schema.roleParameters, anybody, ({ cluster, params }) => {
    const role = cluster.access.roles.get(String(params.roleid)) ?? die(`role '${params.roleid}' does not exist`);
    return Object.fromEntries([...role.privs].map((name) => [name, 1]));
  }),
  route("PUT", "/access/roles/{roleid}", schema.roleUpdateParameters, onRoles, (call) => {
    const { cluster, params } = call;
    const privs = privilegesIn(call);
    const role =
      cluster.access.roles.get(String(params.roleid)) ??
      die(`update role failed: role '${params.roleid}' does not exist`);
    if (role.special) die(`auto-generated role '${params.roleid}' cannot be modified`);
    if (params.append !== 1) role.privs.clear();
    for (const name of privs) role.privs.add(name);
    return null;
  }),
  route("DELETE", "/access/roles/{roleid}", schema.roleParameters, onRoles, ({ cluster, params }) => {
    const roleid = String(params.roleid);
    const role = cluster.access.roles.get(roleid) ?? die(`delete role failed: role '${roleid}' does not exist`);
    if (role.special) die(`auto-generated role '${roleid}' cannot be deleted`);
    cluster.access.roles.delete(roleid);
    cluster.access.forget((entry) => entry.roleid === roleid);
    return null;
  }),

  // ---- users
  route("GET", "/access/users", schema.userListParameters, anybody, (call) => {
    const { cluster, caller, params } = call;
    const may = (user: User) =>
      ["/access/groups", ...[...user.groups].map((group) => `/access/groups/${group}`)].some((path) =>
        cluster.access.may(caller.authId, path, ["User.Modify", "Sys.Audit"], true),
      );
    return [...cluster.access.users.values()]
      .filter((user) => may(user) || user.userid === caller.authId)
      .filter((user) => params.enabled === undefined || user.enable === params.enabled)
      .map((user) => listed(call, user, params.full === 1));
  }),
  route(
    "POST",
    "/access/users",
    schema.userCreateParameters,
    (call) => {
      onRealm(call);
      const groups = words(call.raw.groups);
      for (const path of groups.length > 0 ? groups.map((group) => `/access/groups/${group}`) : ["/access/groups"])
        call.cluster.access.require(call.caller.authId, path, ["User.Modify"]);
    },
    (call) => {
      const { access } = call.cluster;
      const userid = String(call.params.userid);
      if (access.users.has(userid)) die(`create user failed: user '${userid}' already exists`);
      const { password } = call.params;
      const user = access.addUser(userid, password === undefined ? undefined : String(password));
      setUser(call, user, (why) => {
        access.users.delete(userid);
        return die(`create user failed: ${why}`);
      });
      return null;
    },
  ),
  route("GET", "/access/users/{userid}", schema.userParameters, onUser("User.Modify", "Sys.Audit"), (call) => {
    const { enable, expire, details, groups, tokens } = userOf(call);
    const shown = Object.fromEntries((tokensOf(userOf(call)) ?? []).map(({ tokenid, ...token }) => [tokenid, token]));
    return { enable, expire, ...details, groups: [...groups], tokens: tokens.size === 0 ? null : shown };
  }),
  route("PUT", "/access/users/{userid}", schema.userUpdateParameters, onUser("User.Modify"), (call) => {
    setUser(call, userOf(call), (why) => die(`update user failed: ${why}`));
    return null;
  }),
  route(
    "DELETE",
    "/access/users/{userid}",
    schema.userParameters,
    (call) => {
      onRealm(call);
      onUser("User.Modify")(call);
    },
    (call) => {
      const { access } = call.cluster;
      const { userid } = userOf(call);
      access.users.delete(userid);
      access.forget(
        ({ type, ugid }) => (type === "user" && ugid === userid) || (type === "token" && ugid.startsWith(`${userid}!`)),
      );
      return null;
    },
  ),

  // ---- tokens
  route("GET", "/access/users/{userid}/token", schema.userParameters, onToken, (call) => tokensOf(userOf(call)) ?? []),
  route("GET", "/access/users/{userid}/token/{tokenid}", schema.tokenParameters, onToken, (call) => {
    const { secret: _secret, ...token } = tokenOf(call);
    return token;
  }),
  route("POST", "/access/users/{userid}/token/{tokenid}", schema.tokenCreateParameters, onToken, writeToken),
  route("PUT", "/access/users/{userid}/token/{tokenid}", schema.tokenUpdateParameters, onToken, changeToken),
  route("DELETE", "/access/users/{userid}/token/{tokenid}", schema.tokenParameters, onToken, (call) => {
    tokenOf(call);
    userOf(call).tokens.delete(String(call.params.tokenid));
    call.cluster.access.forget(({ type, ugid }) => type === "token" && ugid === idOf(call));
    return null;
  }),

  // ---- groups
  route("GET", "/access/groups", none, anybody, ({ cluster, caller }) =>
    [...cluster.access.groups]
      .filter(([groupid]) =>
        cluster.access.may(
          caller.authId,
          `/access/groups/${groupid}`,
          ["User.Modify", "Sys.Audit", "Group.Allocate"],
          true,
        ),
      )
      .map(([groupid, group]) => ({
        groupid,
        ...group,
        users: [...cluster.access.users.values()]
          .filter((user) => user.groups.has(groupid))
          .map((user) => user.userid)
          .join(","),
      })),
  ),
  route("POST", "/access/groups", schema.groupWriteParameters, onGroups, ({ cluster, params }) => {
    const groupid = String(params.groupid);
    if (cluster.access.groups.has(groupid)) die(`create group failed: group '${groupid}' already exists`);
    cluster.access.groups.set(groupid, params.comment === undefined ? {} : { comment: String(params.comment) });
    return null;
  }),
  route(
    "GET",
    "/access/groups/{groupid}",
    schema.groupParameters,
    (call) => call.cluster.access.require(call.caller.authId, "/access/groups", ["Sys.Audit", "Group.Allocate"], true),
    ({ cluster, params }) => {
      const groupid = String(params.groupid);
      const group = cluster.access.groups.get(groupid) ?? die(`group '${groupid}' does not exist`);
      const members = [...cluster.access.users.values()].filter((user) => user.groups.has(groupid));
      return { ...group, members: members.map((user) => user.userid) };
    },
  ),
  route("PUT", "/access/groups/{groupid}", schema.groupWriteParameters, onGroups, ({ cluster, params }) => {
    const group =
      cluster.access.groups.get(String(params.groupid)) ??
      die(`update group failed: group '${params.groupid}' does not exist`);
    if (params.comment !== undefined) group.comment = String(params.comment);
    return null;
  }),
  route("DELETE", "/access/groups/{groupid}", schema.groupParameters, onGroups, ({ cluster, params }) => {
    const groupid = String(params.groupid);
    if (!cluster.access.groups.delete(groupid)) die(`delete group failed: group '${groupid}' does not exist`);
    for (const user of cluster.access.users.values()) user.groups.delete(groupid);
    cluster.access.forget(({ type, ugid }) => type === "group" && ugid === groupid);
    return null;
  }),

  // ---- ACL
  route("GET", "/access/acl", none, anybody, ({ cluster, caller }) =>
    cluster.access.acl.filter(({ path }: Acl) => cluster.access.may(caller.authId, path, ["Permissions.Modify"])),
  ),
  route(
    "PUT",
    "/access/acl",
    schema.aclUpdateParameters,
    perm("{path}", "Permissions.Modify"),
    ({ cluster, params }) => {
      cluster.access.updateAcl(params);
      return null;
    },
  ),

  // ---- pools
  route("GET", "/pools", schema.poolListParameters, anybody, (call) => {
    const { cluster, caller, params } = call;
    if (params.poolid !== undefined) {
      // Proxmox VE asks for Pool.Audit here and goes on without it.
      return [poolShown(call, String(params.poolid), params.type)];
    }
    return [...cluster.pools.all.values()]
      .sort((a, b) => (a.poolid < b.poolid ? -1 : 1))
      .filter(({ poolid }) => cluster.access.may(caller.authId, `/pool/${poolid}`, ["Pool.Audit"]))
      .map(({ poolid, comment }) => ({ poolid, ...(comment === undefined ? {} : { comment }) }));
  }),
  route("POST", "/pools", schema.poolCreateParameters, onPool, ({ cluster, params }) => {
    cluster.pools.create(params);
    return null;
  }),
  route("GET", "/pools/{poolid}", schema.poolGetParameters, perm("/pool/{poolid}", "Pool.Audit"), (call) =>
    poolShown(call, String(call.params.poolid), call.params.type),
  ),
  ...["/pools", "/pools/{poolid}"].flatMap((path) => [
    route("PUT", path, schema.poolUpdateParameters, onPool, ({ cluster, caller, params }) => {
      requirePoolMembers(cluster, caller, params);
      cluster.pools.update(params, (poolid) =>
        cluster.access.require(caller.authId, `/pool/${poolid}`, ["Pool.Allocate"]),
      );
      return null;
    }),
    route("DELETE", path, schema.poolParameters, onPool, ({ cluster, params }) => {
      const poolid = String(params.poolid);
      cluster.pools.delete(poolid, {
        guest: (vmid) => cluster.guests.has(vmid),
        storage: (id) => cluster.storages.configs.has(id),
      });
      cluster.access.forget(({ path }) => path === `/pool/${poolid}`);
      return null;
    }),
  ]),
];
