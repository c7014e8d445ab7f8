import { randomUUID } from "node:crypto";
import { die, forbidden, PveError, parameterErrors } from "./errors";
import { builtinRoles, privileges } from "./privileges";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

/** Who calls: `authId` is the user or `user!token`. */
export interface ProxmoxCaller {
  authId: string;
  /** By a token, which may not do what needs a login. */
  byToken: boolean;
}

interface Token {
  secret: string;
  privsep: 0 | 1;
  expire: number;
  comment?: string;
}

export interface User {
  userid: string;
  password?: string;
  enable: 0 | 1;
  expire: number;
  groups: Set<string>;
  tokens: Map<string, Token>;
  /** comment, email, firstname, lastname, keys. */
  details: Values;
}

export interface Acl {
  path: string;
  type: "user" | "group" | "token";
  ugid: string;
  roleid: string;
  propagate: 0 | 1;
}

const aclPaths =
  /^\/(access(\/(groups|realm)(\/[^/]+)?)?|mapping(\/(dir|hwpci|pci|usb|notifications)(\/[^/]+)?)?|nodes(\/[^/]+)?|pool(\/[^/]+){0,4}|sdn(\/(zones|controllers|dns|ipams|fabrics|prefix-lists|route-maps)(\/[^/]+){0,3})?|storage(\/[^/]+)?|vms(\/[1-9]\d{2,})?)?$/;

/** The path without double or trailing slashes. */
const normalPath = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`;

/** Users, groups, roles, tokens, tickets and who may do what where. */
export class Access {
  readonly users = new Map<string, User>();
  readonly groups = new Map<string, { comment?: string }>();
  readonly roles = new Map<string, { privs: Set<string>; special: boolean }>(
    Object.entries(builtinRoles).map(([name, privs]) => [name, { privs: new Set(privs), special: true }]),
  );
  readonly acl: Acl[] = [];
  readonly realms: Values[] = [
    { realm: "pam", type: "pam", comment: "Linux PAM standard authentication" },
    { realm: "pve", type: "pve", comment: "Proxmox VE authentication server" },
  ];
  readonly tickets = new Map<string, { user: string; csrf: string; made: number }>();

  /** @param pools those that have a member, by its path, and the paths of all members; the rights on a pool count for them */
  constructor(
    private readonly pools: { of: (path: string) => string[]; members: () => string[] } = {
      of: () => [],
      members: () => [],
    },
    private readonly now: () => number = Date.now,
  ) {}

  // ---- who calls

  addUser(userid: string, password?: string, details: Values = {}): User {
    const user: User = { userid, password, enable: 1, expire: 0, groups: new Set(), tokens: new Map(), details };
    this.users.set(userid, user);
    return user;
  }

  /** @param id `user!name`; the user is made where it is missing */
  addToken(id: string, secret: string, privsep: 0 | 1 = 0): void {
    const [userid = "", name = ""] = id.split("!");
    (this.users.get(userid) ?? this.addUser(userid)).tokens.set(name, { secret, privsep, expire: 0 });
  }

  removeToken(id: string): void {
    const [userid = "", name = ""] = id.split("!");
    this.users.get(userid)?.tokens.delete(name);
  }

  private expired(expire: number): boolean {
    return expire !== 0 && expire * 1000 < this.now();
  }

  private active(userid: string): User | undefined {
    const user = this.users.get(userid);
    return user?.enable === 1 && !this.expired(user.expire) ? user : undefined;
  }

  /** POST /access/ticket: a refused login is the one 401 with a body. A valid ticket serves as the password too. */
  login({ username, password, realm }: Values): Record<string, unknown> {
    const userid = String(username).includes("@") || realm === undefined ? String(username) : `${username}@${realm}`;
    const user = this.active(userid);
    const known = user?.password !== undefined && user.password === password;
    if (user === undefined || !(known || this.ticketUser(String(password)) === userid))
      throw new PveError(401, "authentication failure");
    const stamp = Math.floor(this.now() / 1000)
      .toString(16)
      .toUpperCase()
      .padStart(8, "0");
    const sign = () => Buffer.from(randomUUID()).toString("base64url");
    const ticket = `PVE:${userid}:${stamp}::${sign()}`;
    const csrf = `${stamp}:${sign()}`;
    this.tickets.set(ticket, { user: userid, csrf, made: this.now() });
    return { username: userid, ticket, CSRFPreventionToken: csrf, cap: this.capabilities(userid) };
  }

  /** A ticket is good for two hours. */
  private ticketUser(ticket: string): string | undefined {
    const session = this.tickets.get(ticket);
    return session !== undefined && this.now() - session.made < 7_200_000 ? session.user : undefined;
  }

  /** Throws PVE's 401 (whose body the server leaves empty) for a caller that can't be told. */
  authenticate(headers: { authorization?: string; cookie?: string; csrf?: string }, write: boolean): ProxmoxCaller {
    const failed = () => {
      throw new PveError(401, "Authentication failed!");
    };
    if (headers.authorization?.startsWith("PVEAPIToken")) {
      const [, id = "", secret] = /^PVEAPIToken=([^=]+)=(.+)$/.exec(headers.authorization) ?? [];
      const [userid = "", name = ""] = id.split("!");
      const token = this.active(userid)?.tokens.get(name);
      if (token === undefined || token.secret !== secret || this.expired(token.expire)) return failed();
      return { authId: id, byToken: true };
    }
    const cookie = /(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(headers.cookie ?? "")?.[1];
    if (cookie === undefined) throw new PveError(401, "No ticket");
    const ticket = decodeURIComponent(cookie);
    const user = this.ticketUser(ticket);
    if (user === undefined || this.active(user) === undefined) return failed();
    if (write && headers.csrf !== this.tickets.get(ticket)?.csrf)
      throw new PveError(401, "Permission denied - invalid csrf token");
    return { authId: user, byToken: false };
  }

  // ---- what a caller may

  /** The roles of a user or token at a path: deeper entries win over inherited ones, a user's over its groups'. */
  private rolesAt(type: "user" | "token", ugid: string, path: string): Map<string, 0 | 1> {
    const levels = [
      "/",
      ...path
        .split("/")
        .filter(Boolean)
        .map((_, n, parts) => `/${parts.slice(0, n + 1).join("/")}`),
    ];
    let roles = new Map<string, 0 | 1>();
    const groups = type === "user" ? (this.users.get(ugid)?.groups ?? new Set<string>()) : new Set<string>();
    for (const level of new Set(levels)) {
      const here = this.acl.filter((entry) => entry.path === level && (level === path || entry.propagate === 1));
      const own = here.filter((entry) => entry.type === type && entry.ugid === ugid);
      const grouped = here.filter((entry) => entry.type === "group" && groups.has(entry.ugid));
      const found = own.length > 0 ? own : grouped;
      if (found.length === 0) continue;
      const denied = found.find(({ roleid }) => roleid === "NoAccess");
      roles = new Map((denied ? [denied] : found).map(({ roleid, propagate }) => [roleid, propagate]));
    }
    return roles;
  }

  /** The privileges of a caller at a path, each with whether it is inherited further down. */
  privilegesAt(authId: string, path: string): Map<string, 0 | 1> {
    const [userid = "", tokenName] = authId.split("!");
    if (tokenName !== undefined) {
      const token = this.users.get(userid)?.tokens.get(tokenName);
      const ofUser = this.privilegesAt(userid, path);
      if (token?.privsep !== 1) return ofUser;
      return new Map(
        [...this.granted("token", authId, path)]
          .filter(([name]) => ofUser.has(name))
          .map(([name, propagate]) => [name, propagate === 1 && ofUser.get(name) === 1 ? 1 : 0]),
      );
    }
    if (userid === "root@pam") return new Map(privileges.map((name) => [name, 1]));
    return this.active(userid) ? this.granted("user", userid, path) : new Map();
  }

  private granted(type: "user" | "token", ugid: string, path: string): Map<string, 0 | 1> {
    const own = this.rolesAt(type, ugid, path);
    const inherited = new Set(
      this.pools.of(path).flatMap((pool) => [...this.rolesAt(type, ugid, `/pool/${pool}`).keys()]),
    );
    // What comes from a pool is never handed down, and a pool's NoAccess outweighs all but the path's own.
    const roles =
      own.has("NoAccess") || !inherited.has("NoAccess")
        ? new Map<string, 0 | 1>([
            ...(own.has("NoAccess") ? [] : [...inherited].map((roleid) => [roleid, 0] as const)),
            ...own,
          ])
        : new Map<string, 0 | 1>();
    const found = new Map<string, 0 | 1>();
    for (const [roleid, propagate] of roles)
      for (const name of this.roles.get(roleid)?.privs ?? [])
        found.set(name, propagate === 1 || found.get(name) === 1 ? 1 : 0);
    return found;
  }

  may(authId: string, path: string, needed: readonly string[], any = false): boolean {
    const has = this.privilegesAt(authId, normalPath(path));
    return any ? needed.some((name) => has.has(name)) : needed.every((name) => has.has(name));
  }

  /** @throws PVE's 403 that names the path and the first privilege that is missing */
  require(authId: string, path: string, needed: readonly string[], any = false): void {
    if (this.may(authId, path, needed, any)) return;
    const lacking = any ? needed.join("|") : needed.find((name) => !this.may(authId, path, [name]));
    forbidden(`${path}, ${lacking}`);
  }

  /** `GET /access/permissions`: privileges by path, of the usual paths and of those that the ACL and the pools name. */
  permissions(authId: string, path?: string): Record<string, Values> {
    const usual = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
    const paths =
      path === undefined ? [...usual, ...this.acl.map((entry) => entry.path), ...this.pools.members()] : [path];
    const all = [...new Set(paths)].map((one) => [one, Object.fromEntries(this.privilegesAt(authId, one))] as const);
    return Object.fromEntries(path === undefined ? all.filter(([, privs]) => Object.keys(privs).length > 0) : all);
  }

  private capabilities(userid: string): Record<string, Values> {
    const areas: Record<string, [paths: RegExp, names: RegExp]> = {
      vms: [/^\/vms/, /^(VM\.|Permissions\.Modify)/],
      storage: [/^\/storage/, /^(Datastore\.|Permissions\.Modify)/],
      access: [/^\/access/, /^(User\.Modify|Group\.Allocate|Permissions\.Modify)/],
      nodes: [/^\/nodes/, /^(Sys\.|Permissions\.Modify)/],
      sdn: [/^\/sdn/, /^(SDN\.|Permissions\.Modify)/],
      mapping: [/^\/mapping/, /^(Mapping\.|Permissions\.Modify)/],
      dc: [/^\/$/, /^(SDN\.|Sys\.Audit|Sys\.Modify)/],
    };
    const paths = [
      ...Object.keys(areas).map((name) => (name === "dc" ? "/" : `/${name}`)),
      ...this.acl.map((a) => a.path),
    ];
    return Object.fromEntries(
      Object.entries(areas).map(([area, [at, names]]) => {
        const held = paths
          .filter((path) => at.test(path))
          .flatMap((path) => [...this.privilegesAt(userid, path).keys()]);
        return [area, Object.fromEntries(held.filter((name) => names.test(name)).map((name) => [name, 1]))];
      }),
    );
  }

  // ---- the ACL

  updateAcl({ path, roles, users, groups, tokens, propagate = 1, delete: remove }: Values): void {
    const at = normalPath(String(path));
    if (!aclPaths.test(at)) parameterErrors({ path: `invalid ACL path '${path}'` });
    const subjects = [
      ...words(groups).map((ugid) => ({ type: "group", ugid }) as const),
      ...words(users).map((ugid) => ({ type: "user", ugid }) as const),
      ...words(tokens).map((ugid) => ({ type: "token", ugid }) as const),
    ];
    if (subjects.length === 0) {
      const missing = "either 'users', 'groups' or 'tokens' is required.";
      parameterErrors({ users: missing, groups: missing, tokens: missing });
    }
    const failed = (why: string) => die(`ACL update failed: ${why}`);
    for (const roleid of words(roles)) {
      if (!this.roles.has(roleid)) failed(`role '${roleid}' does not exist`);
      for (const { type, ugid } of subjects) {
        if (remove !== 1) this.checkSubject(type, ugid, failed);
        const same = (entry: Acl) =>
          entry.path === at && entry.type === type && entry.ugid === ugid && entry.roleid === roleid;
        const found = this.acl.findIndex(same);
        if (found >= 0) this.acl.splice(found, 1);
        if (remove !== 1) this.acl.push({ path: at, type, ugid, roleid, propagate: propagate === 0 ? 0 : 1 });
      }
    }
  }

  private checkSubject(type: Acl["type"], ugid: string, failed: (why: string) => never): void {
    const [userid = "", name = ""] = ugid.split("!");
    if (type === "group" && !this.groups.has(ugid)) failed(`group '${ugid}' does not exist`);
    if (type === "user" && !this.users.has(ugid)) failed(`user '${ugid}' does not exist`);
    if (type === "token" && !this.users.get(userid)?.tokens.has(name))
      failed(`no such token '${name}' for user '${userid}'`);
  }

  /** Takes back what was granted to someone who is deleted. */
  forget(wanted: (entry: Acl) => boolean): void {
    for (let n = this.acl.length - 1; n >= 0; n--) {
      const entry = this.acl[n];
      if (entry !== undefined && wanted(entry)) this.acl.splice(n, 1);
    }
  }
}
