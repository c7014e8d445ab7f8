import * as f from "./formats";
import { choice, each, flag, formatted, integer, type MethodParameters, required, text } from "./parameters";

const userid = formatted(f.userId, { maxLength: 64 });
const roleid = formatted(f.roleId);
const groupid = formatted(f.groupId);
const poolid = formatted(f.poolId);
const privs = formatted(f.listOf(f.privilegeName));
const tokenid = text({ pattern: /[A-Za-z][A-Za-z0-9.\-_]+/ });

export const loginParameters: MethodParameters = {
  username: required(text({ maxLength: 64 })),
  password: required(text()),
  "new-format": flag,
  otp: text(),
  path: text({ maxLength: 64, requires: "privs" }),
  privs: { ...privs, maxLength: 64, requires: "path" },
  realm: text({ maxLength: 32 }),
  "tfa-challenge": text(),
};
export const passwordParameters: MethodParameters = {
  userid: required(userid),
  password: required(text({ minLength: 8, maxLength: 64 })),
  "confirmation-password": text({ minLength: 5, maxLength: 64 }),
};
export const permissionsParameters: MethodParameters = {
  path: text(),
  userid: text({ pattern: /[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+(![A-Za-z][A-Za-z0-9.\-_]+)?/ }),
};

export const roleParameters: MethodParameters = { roleid: required(roleid) };
export const roleCreateParameters: MethodParameters = { roleid: required(roleid), privs };
export const roleUpdateParameters: MethodParameters = {
  ...roleCreateParameters,
  append: { ...flag, requires: "privs" },
};

const person: MethodParameters = {
  comment: text({ maxLength: 2048 }),
  email: formatted(f.email, { maxLength: 254 }),
  enable: flag,
  expire: integer(0),
  ...each("firstname lastname", text({ maxLength: 1024 })),
  groups: formatted(f.listOf(f.groupId)),
  keys: text({ pattern: /[0-9a-zA-Z!=]{0,4096}/ }),
};
export const userParameters: MethodParameters = { userid: required(userid) };
export const userListParameters: MethodParameters = each("enabled full", flag);
export const userCreateParameters: MethodParameters = {
  ...person,
  userid: required(userid),
  password: text({ minLength: 8, maxLength: 64 }),
};
export const userUpdateParameters: MethodParameters = {
  ...person,
  userid: required(userid),
  append: { ...flag, requires: "groups" },
};

export const groupParameters: MethodParameters = { groupid: required(groupid) };
export const groupWriteParameters: MethodParameters = { groupid: required(groupid), comment: text() };

export const tokenParameters: MethodParameters = { userid: required(userid), tokenid: required(tokenid) };
export const tokenCreateParameters: MethodParameters = {
  ...tokenParameters,
  comment: text(),
  expire: integer(0),
  privsep: flag,
};
export const tokenUpdateParameters: MethodParameters = {
  ...tokenCreateParameters,
  regenerate: flag,
  delete: formatted(f.listOf(f.configId)),
};

export const aclUpdateParameters: MethodParameters = {
  path: required(text()),
  roles: required(formatted(f.listOf(f.roleId))),
  users: formatted(f.listOf(f.userId)),
  groups: formatted(f.listOf(f.groupId)),
  tokens: formatted(f.listOf(f.tokenId)),
  ...each("delete propagate", flag),
};

export const poolParameters: MethodParameters = { poolid: required(poolid) };
const members = choice("qemu lxc storage");
export const poolListParameters: MethodParameters = { poolid, type: { ...members, requires: "poolid" } };
export const poolGetParameters: MethodParameters = { poolid: required(poolid), type: members };
export const poolCreateParameters: MethodParameters = { poolid: required(poolid), comment: text() };
export const poolUpdateParameters: MethodParameters = {
  poolid: required(poolid),
  comment: text(),
  ...each("allow-move delete", flag),
  storage: formatted(f.listOf(f.storageId)),
  vms: formatted(f.listOf(f.guestId)),
};
