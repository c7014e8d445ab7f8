import * as f from "./formats";
import { choice, each, flag, formatted, integer, type Parameters, required, text } from "./parameters";

const userid = formatted(f.userId, { maxLength: 64 });
const roleid = formatted(f.roleId);
const groupid = formatted(f.groupId);
const poolid = formatted(f.poolId);
const privs = formatted(f.listOf(f.privilege));
const tokenid = text({ pattern: /[A-Za-z][A-Za-z0-9.\-_]+/ });

export const login: Parameters = {
  username: required(text({ maxLength: 64 })),
  password: required(text()),
  "new-format": flag,
  otp: text(),
  path: text({ maxLength: 64, requires: "privs" }),
  privs: { ...privs, maxLength: 64, requires: "path" },
  realm: text({ maxLength: 32 }),
  "tfa-challenge": text(),
};
export const password: Parameters = {
  userid: required(userid),
  password: required(text({ minLength: 8, maxLength: 64 })),
  "confirmation-password": text({ minLength: 5, maxLength: 64 }),
};
export const permissions: Parameters = {
  path: text(),
  userid: text({ pattern: /[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+(![A-Za-z][A-Za-z0-9.\-_]+)?/ }),
};

export const role: Parameters = { roleid: required(roleid) };
export const roleCreate: Parameters = { roleid: required(roleid), privs };
export const roleUpdate: Parameters = { ...roleCreate, append: { ...flag, requires: "privs" } };

const person: Parameters = {
  comment: text({ maxLength: 2048 }),
  email: formatted(f.email, { maxLength: 254 }),
  enable: flag,
  expire: integer(0),
  ...each("firstname lastname", text({ maxLength: 1024 })),
  groups: formatted(f.listOf(f.groupId)),
  keys: text({ pattern: /[0-9a-zA-Z!=]{0,4096}/ }),
};
export const user: Parameters = { userid: required(userid) };
export const userList: Parameters = each("enabled full", flag);
export const userCreate: Parameters = {
  ...person,
  userid: required(userid),
  password: text({ minLength: 8, maxLength: 64 }),
};
export const userUpdate: Parameters = { ...person, userid: required(userid), append: { ...flag, requires: "groups" } };

export const group: Parameters = { groupid: required(groupid) };
export const groupWrite: Parameters = { groupid: required(groupid), comment: text() };

export const token: Parameters = { userid: required(userid), tokenid: required(tokenid) };
export const tokenCreate: Parameters = { ...token, comment: text(), expire: integer(0), privsep: flag };
export const tokenUpdate: Parameters = { ...tokenCreate, regenerate: flag, delete: formatted(f.listOf(f.configId)) };

export const aclUpdate: Parameters = {
  path: required(text()),
  roles: required(formatted(f.listOf(f.roleId))),
  users: formatted(f.listOf(f.userId)),
  groups: formatted(f.listOf(f.groupId)),
  tokens: formatted(f.listOf(f.tokenId)),
  ...each("delete propagate", flag),
};

export const pool: Parameters = { poolid: required(poolid) };
const members = choice("qemu lxc storage");
export const poolList: Parameters = { poolid, type: { ...members, requires: "poolid" } };
export const poolGet: Parameters = { poolid: required(poolid), type: members };
export const poolCreate: Parameters = { poolid: required(poolid), comment: text() };
export const poolUpdate: Parameters = {
  poolid: required(poolid),
  comment: text(),
  ...each("allow-move delete", flag),
  storage: formatted(f.listOf(f.storageId)),
  vms: formatted(f.listOf(f.vmid)),
};
