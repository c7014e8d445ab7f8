import { type AccessView, splitAuthId } from "./view";

// What PVE lets a user or token do at a path (PVE::AccessControl, PVE::RPCEnvironment), from what its lists show.

/** `/vms/100` and what is above it, outermost first. */
const levelsOf = (path: string): string[] => {
  const parts = path.split("/").filter(Boolean);
  return ["/", ...parts.map((_, n) => `/${parts.slice(0, n + 1).join("/")}`)];
};

/** The roles of one at a path: deeper entries win over inherited ones, a user's own over its groups'. */
function rolesAt(view: AccessView, type: "user" | "token", ugid: string, path: string): string[] {
  const groups = type === "user" ? (view.users.get(ugid)?.groups ?? []) : [];
  let roles: string[] = [];
  let inherited: string[] = [];
  for (const level of levelsOf(path)) {
    const here = view.acl.filter((entry) => entry.path === level && (level === path || entry.propagate));
    const own = here.filter((entry) => entry.type === type && entry.ugid === ugid);
    const grouped = here.filter((entry) => entry.type === "group" && groups.includes(entry.ugid));
    const found = (own.length > 0 ? own : grouped).map(({ roleid }) => roleid);
    if (found.length > 0) inherited = found.includes("NoAccess") ? ["NoAccess"] : found;
    roles = inherited;
  }
  return roles;
}

/** A user's or token's privileges at a path; none of one that is not there, is switched off or has expired. */
export function privilegesAt(view: AccessView, authId: string, path: string, now = Date.now()): Set<string> {
  const { userid, tokenid } = splitAuthId(authId);
  const user = view.users.get(userid);
  const isOver = (expire: number) => expire !== 0 && expire * 1000 <= now;
  if (user === undefined || !user.enable || isOver(user.expire)) return new Set();
  const granted = (type: "user" | "token", ugid: string) =>
    new Set(rolesAt(view, type, ugid, path).flatMap((roleid) => view.roles.get(roleid)?.privileges ?? []));
  const ofUser =
    userid === "root@pam" ? new Set(view.roles.get("Administrator")?.privileges ?? []) : granted("user", userid);
  if (tokenid === undefined) return ofUser;
  const token = user.tokens.get(tokenid);
  if (token === undefined || isOver(token.expire)) return new Set();
  if (!token.privsep) return ofUser;
  return new Set([...granted("token", authId)].filter((privilege) => ofUser.has(privilege)));
}

/** Privileges at a path. */
export interface AtPath {
  path: string;
  privileges: string[];
}

/** Each privilege at the outermost paths only, sorted: a path that just passes on what another has is left out. */
export function outermost(all: Iterable<readonly [path: string, privileges: Iterable<string>]>): AtPath[] {
  const found: AtPath[] = [];
  for (const [path, privileges] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const above = found.filter((each) => each.path === "/" || path.startsWith(`${each.path}/`));
    const told = new Set(above.flatMap((each) => each.privileges));
    const here = [...privileges].filter((each) => !told.has(each)).sort();
    if (here.length > 0) found.push({ path, privileges: here });
  }
  return found;
}

/** What somebody would lose. */
export function losses(before: AccessView, after: AccessView, authId: string): AtPath[] {
  const paths = [...new Set(["/", ...before.acl.map(({ path }) => path)])];
  return outermost(
    paths.map((path) => {
      const kept = privilegesAt(after, authId, path);
      return [path, [...privilegesAt(before, authId, path)].filter((each) => !kept.has(each))] as const;
    }),
  );
}

/** `VM.Audit, VM.Clone and 12 more on /vms`. */
export const printLosses = (all: AtPath[]): string =>
  all
    .map(({ path, privileges }) => {
      const shown = privileges.length <= 4 ? privileges : privileges.slice(0, 3);
      const rest = privileges.length - shown.length;
      return `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""} on ${path}`;
    })
    .join("; ");
