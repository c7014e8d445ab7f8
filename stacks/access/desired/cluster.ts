import type { AclInputs } from "../../../providers/proxmox/access/acl.model";
import type { GroupInputs } from "../../../providers/proxmox/access/group.model";
import { losses, printLosses } from "../../../providers/proxmox/access/rights.model";
import type { RoleInputs } from "../../../providers/proxmox/access/role.model";
import { fullTokenId, type TokenInputs, tokenState } from "../../../providers/proxmox/access/token.model";
import type { UserInputs } from "../../../providers/proxmox/access/user.model";
import { sameValue, withoutUndefined } from "../../../providers/values";
import { viewAfter } from "./after";
import {
  type AclFileEntry,
  type ProgramEntry,
  type ProgramName,
  programNames,
  type TokenEntry,
  type UserEntry,
} from "./file";
import { narrowerThanAll, privilegeProblem } from "./privileges";
import { partsOf, programUser, rolesOf } from "./programs";
import { expiryFrom } from "./rotation";
import { planTurns, slotNames, turnInputs } from "./tokens";
import type { AccessCluster, AccessFacts, ClusterObjects, PlannedToken, TokenRow } from "./types";

type Path = readonly PropertyKey[];
interface Placed<I> {
  inputs: I;
  path: Path;
}

export const logicalNames = {
  role: (cluster: string, roleid: string) => `${cluster}/role/${roleid}`,
  group: (cluster: string, groupid: string) => `${cluster}/group/${groupid}`,
  user: (cluster: string, userid: string) => `${cluster}/user/${userid}`,
  acl: (cluster: string, { path, roleid, type, ugid }: Omit<AclInputs, "cluster" | "propagate">) =>
    `${cluster}/acl${path === "/" ? "" : path}/${roleid}/${type}/${ugid}`,
  token: (cluster: string, userid: string, tokenid: string) => `${cluster}/token/${userid}!${tokenid}`,
};

/** What a file wants of one cluster. */
export class ClusterPlan {
  private readonly roles = new Map<string, Placed<RoleInputs>>();
  private readonly groups = new Map<string, Placed<GroupInputs>>();
  private readonly users = new Map<string, Placed<UserInputs>>();
  private readonly acl = new Map<string, Placed<AclInputs>>();
  private readonly tokens: PlannedToken<TokenInputs>[] = [];
  readonly rows: TokenRow[] = [];
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  private readonly cluster: string;
  private readonly known: ReadonlySet<string>;
  /** The entry of each token's name. */
  private readonly slots = new Map<string, string>();
  private readonly entries = new Map<string, Placed<Omit<TokenEntry, "role" | "privileges" | "paths" | "clusters">>>();

  constructor(
    private readonly facts: AccessFacts,
    private readonly there: AccessCluster,
  ) {
    this.cluster = there.name;
    // The role that has all of them, on every release.
    this.known = new Set(there.view.roles.get("Administrator")?.privileges ?? []);
  }

  /** Takes up everything in the file that is meant for this cluster. */
  read(): this {
    const { file } = this.facts;
    const isHere = ({ clusters }: { clusters?: string[] | undefined }) =>
      clusters === undefined || clusters.includes(this.cluster);
    for (const [roleid, role] of Object.entries(file.roles))
      if (isHere(role)) this.role(roleid, role.privileges, ["roles", roleid]);
    for (const [groupid, group] of Object.entries(file.groups))
      if (isHere(group))
        this.add(
          this.groups,
          groupid,
          withoutUndefined({ cluster: this.cluster, groupid, comment: group.comment }),
          ["groups", groupid],
          "group",
        );
    for (const [userid, user] of Object.entries(file.users))
      if (isHere(user)) this.user(userid, user, ["users", userid]);
    for (const name of programNames) {
      const program = file.programs[name];
      if (program?.proxmox && isHere(program)) this.program(name, program, ["programs", name]);
    }
    for (const [n, entry] of file.token_setup.entries()) if (isHere(entry)) this.token(entry, ["token_setup", n]);
    for (const [n, entry] of file.acl.entries()) if (isHere(entry)) this.aclEntry(entry, ["acl", n]);
    this.checkSubjects();
    this.checkLockOut();
    return this;
  }

  private problem(path: Path, text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${text}`);
  }

  /** What is wanted twice has to be the same. */
  private add<I>(all: Map<string, Placed<I>>, key: string, inputs: I, path: Path, what: string): void {
    const before = all.get(key);
    if (before === undefined) all.set(key, { inputs, path });
    else if (!sameValue(before.inputs, inputs))
      this.problem(
        path,
        `${what} ${key} is wanted otherwise at ${this.facts.placeOf(before.path)}; make the two agree, or drop one`,
      );
  }

  // ---- single objects

  private role(roleid: string, privileges: string[], path: Path): void {
    const there = this.there.view.roles.get(roleid);
    if (there?.isBuiltIn)
      this.problem(
        path,
        `${roleid} is built in, and can't be changed; grant it as it is, without privileges, or choose another name`,
      );
    else if (/^pve/i.test(roleid))
      this.problem(
        path,
        `a role's name can't begin with PVE, which Proxmox VE keeps for its own; choose another name, like Netbox${roleid.slice(3)}`,
      );
    for (const [n, privilege] of privileges.entries()) {
      const wrong = privilegeProblem(privilege, this.known, this.there.version);
      if (wrong !== undefined) this.problem([...path, "privileges", n], `${wrong} (role ${roleid} on ${this.cluster})`);
    }
    const inputs = { cluster: this.cluster, roleid, privileges: [...new Set(privileges)].sort() };
    this.add(this.roles, roleid, inputs, path, "role");
  }

  private user(userid: string, user: UserEntry, path: Path): void {
    this.checkRealm(userid, path);
    const { password, generatePassword, groups = [], expire, clusters: _clusters, ...details } = user;
    const until = expire === undefined ? undefined : expiryFrom(expire);
    if (until !== undefined && "after" in until)
      this.problem([...path, "expire"], `a user expires at a date; write one like 2027-01-31, or 0 for never`);
    if (until !== undefined && "at" in until && until.at !== 0 && until.at <= this.facts.now)
      this.problem(
        [...path, "expire"],
        `expire is in the past; write a later date, or enable: false to lock ${userid} out`,
      );
    if (password !== undefined && generatePassword === true)
      this.problem(path, `${userid} has password and generatePassword; keep one of them`);
    this.checkPassword(userid, user, path);
    const inputs = withoutUndefined({
      cluster: this.cluster,
      userid,
      ...details,
      groups: [...new Set(groups)].sort(),
      expire: until !== undefined && "at" in until ? until.at : undefined,
      passwordName: password,
      passwordVersion: password === undefined ? undefined : this.facts.passwordVersions[password],
      generatePassword,
    });
    this.add(this.users, userid, inputs, path, "user");
  }

  private checkRealm(userid: string, path: Path): void {
    const realm = userid.slice(userid.lastIndexOf("@") + 1);
    const { realms } = this.there.view;
    if (!realms.has(realm))
      this.problem(
        path,
        `${this.cluster} has no realm ${realm} (it has ${[...realms.keys()].join(", ")}); correct ${userid}, or add the realm`,
      );
  }

  private checkPassword(userid: string, { password, generatePassword }: UserEntry, path: Path): void {
    if (password === undefined && generatePassword !== true) return;
    const type = this.there.view.realms.get(userid.slice(userid.lastIndexOf("@") + 1));
    if (type !== undefined && type !== "pve" && type !== "pam")
      this.problem(path, `the passwords of realm type ${type} are kept elsewhere; leave out ${userid}'s password here`);
    if (password === undefined) return;
    if (!(password in this.facts.passwordVersions)) {
      this.problem(
        [...path, "password"],
        `there is no password ${password}; set it with \`pulumi config set --secret --path 'netbox-proxmox:passwords["${password}"]'\``,
      );
      return;
    }
    const last = this.facts.known.get(logicalNames.user(this.cluster, userid))?.properties.passwordVersion;
    const isThere = this.there.view.users.has(userid);
    if (isThere && this.there.isByToken && last !== this.facts.passwordVersions[password])
      this.problem(
        [...path, "password"],
        `the password of ${userid}, who is there already, can't be set on ${this.cluster} with an API token; give netbox-proxmox:proxmox["${this.cluster}"] a user and a password in its place, or leave this one out`,
      );
  }

  private grant(entry: Omit<AclInputs, "cluster">, place: Path): void {
    const { path, roleid, type, ugid } = entry;
    this.add(this.acl, logicalNames.acl(this.cluster, entry), { cluster: this.cluster, ...entry }, place, "ACL entry");
    const privileges = this.roles.get(roleid)?.inputs.privileges ?? this.there.view.roles.get(roleid)?.privileges ?? [];
    if (path !== "/" || type === "token") return;
    const narrower = [...narrowerThanAll(privileges)].filter(([room]) => room !== "/");
    if (narrower.length === 0) return;
    const choice = narrower.map(
      ([room, names]) => `${room} (${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""})`,
    );
    this.warnings.push(
      `${this.facts.placeOf(place)}: ${roleid} for ${ugid} on / reaches all of ${this.cluster}; ${choice.join(" and ")} would do: name them as paths, or a single pool, guest or storage below them.`,
    );
  }

  private aclEntry({ path, role: roleid, user, group, token, propagate }: AclFileEntry, place: Path): void {
    const given = { path, roleid, propagate };
    if (user !== undefined) this.grant({ ...given, type: "user", ugid: user }, place);
    if (group !== undefined) this.grant({ ...given, type: "group", ugid: group }, place);
    if (token === undefined) return;
    // Of two that take turns, whoever is there has it.
    const turns = this.tokens.filter((each) => each.entry === `${this.cluster}/${token}` && !each.inputs.adopted);
    for (const ugid of turns.length === 0 ? [token] : turns.map(({ inputs }) => fullTokenId(inputs)))
      this.grant({ ...given, type: "token", ugid }, place);
  }

  // ---- tokens

  private program(name: ProgramName, entry: ProgramEntry, path: Path): void {
    const parts = partsOf(name);
    for (const each of entry.uses.filter((one) => !parts.includes(one)))
      this.problem(
        [...path, "uses"],
        `the ${name} program has no part ${each}${parts.length === 0 ? "" : ` (it has ${parts.join(", ")})`}; correct it`,
      );
    const roles = rolesOf(name, entry, this.known);
    if (roles.length === 0) return;
    const userid = programUser(name, entry);
    if (!this.users.has(userid)) this.user(userid, { comment: `netbox-proxmox: ${name}` }, path);
    for (const { roleid, privileges, paths, propagate } of roles) {
      this.role(roleid, privileges, path);
      for (const each of paths) this.grant({ path: each, roleid, type: "user", ugid: userid, propagate }, path);
    }
    const { expire, rotateAfter, overlap, rotation, sinks } = entry;
    const turns = { expire, rotateAfter, overlap, rotation, sinks };
    this.turns({ name, ugid: userid, comment: `netbox-proxmox: ${name}`, privsep: false, ...turns }, path, () => {});
  }

  private token(entry: TokenEntry, path: Path): void {
    const { role, privileges, paths = ["/"], clusters: _clusters, ...token } = entry;
    const { ugid, privsep } = token;
    if (!this.users.has(ugid)) this.user(ugid, {}, [...path, "ugid"]);
    if (role === undefined && privileges !== undefined)
      this.problem(path, "privileges are a role's; name it, or leave them out");
    if (role !== undefined && privileges !== undefined) this.role(role, privileges, path);
    this.turns(token, path, (tokenid) => {
      if (role === undefined) return;
      for (const each of paths) {
        if (tokenid === undefined) this.grant({ path: each, roleid: role, type: "user", ugid, propagate: true }, path);
        else if (privsep)
          this.grant(
            { path: each, roleid: role, type: "token", ugid: fullTokenId({ userid: ugid, tokenid }), propagate: true },
            path,
          );
      }
    });
  }

  /** Declares an entry's tokens. @param grant what their user gets (no token's name), and each of them */
  private turns(
    entry: Omit<TokenEntry, "role" | "privileges" | "paths" | "clusters">,
    path: Path,
    grant: (tokenid: string | undefined) => void,
  ): void {
    const { name, ugid: userid, comment, privsep } = entry;
    grant(undefined);
    const title = `${this.cluster}/${userid}!${name}`;
    const isKnown = this.entries.has(title);
    this.add(this.entries, title, entry, path, "token");
    for (const id of slotNames(name)) {
      const other = this.slots.get(`${userid}!${id}`) ?? title;
      this.slots.set(`${userid}!${id}`, title);
      if (other !== title)
        this.problem(path, `${id} is one of the two names of ${other}, which take turns; choose another name`);
    }
    const isThere = (id: string) => this.there.view.users.get(userid)?.tokens.has(id) ?? false;
    const { tokens, warnings } = planTurns(
      this.facts,
      { prefix: `${this.cluster}/${userid}!`, name, entry },
      (id) => logicalNames.token(this.cluster, userid, id),
      isThere,
      (place, text) => this.problem([...path, ...place], text),
    );
    for (const { turn, id: tokenid, planned, row } of tokens) {
      if (turn.adopted !== true) grant(tokenid);
      if (isKnown) continue; // the same token with one more role
      const last = tokenState.safeParse(this.facts.known.get(planned.name)?.properties).data;
      // The one that goes stays as it was made.
      const own = last && !planned.isCurrent ? { comment: last.comment, privsep: last.privsep } : { comment, privsep };
      const takeOver = planned.isCurrent && isThere(tokenid) && last === undefined ? true : undefined;
      const inputs = { cluster: this.cluster, userid, tokenid, ...own, ...turnInputs(turn), takeOver };
      const after = [logicalNames.user(this.cluster, userid)];
      this.tokens.push({ ...planned, inputs: withoutUndefined(inputs), after });
      this.rows.push(row);
      if (last?.generation === turn.generation && !isThere(tokenid))
        this.warnings.push(
          `${title}: ${tokenid} was deleted on ${this.cluster}; run with --refresh, which makes the next one.`,
        );
    }
    if (!isKnown) this.warnings.push(...warnings);
  }

  // ---- the whole

  /** Roles, users, groups and tokens of ACL entries and users have to be there, or declared. */
  private checkSubjects(): void {
    const { view } = this.there;
    const tokens = new Set(this.tokens.map(({ inputs }) => fullTokenId(inputs)));
    const isThere = ({ type, ugid }: AclInputs): boolean => {
      if (type === "group") return this.groups.has(ugid) || view.groups.has(ugid);
      if (type === "user") return this.users.has(ugid) || view.users.has(ugid);
      const [userid = "", tokenid = ""] = ugid.split("!");
      return tokens.has(ugid) || (view.users.get(userid)?.tokens.has(tokenid) ?? false);
    };
    for (const { inputs, path } of this.acl.values()) {
      if (!this.roles.has(inputs.roleid) && !view.roles.has(inputs.roleid))
        this.problem(
          path,
          `${this.cluster} has no role ${inputs.roleid}; declare it below roles, or give its privileges`,
        );
      if (!isThere(inputs))
        this.problem(
          path,
          `${this.cluster} has no ${inputs.type} ${inputs.ugid}; declare it here, or correct the name`,
        );
    }
    for (const { inputs, path } of this.users.values())
      for (const group of inputs.groups)
        if (!this.groups.has(group) && !view.groups.has(group))
          this.problem(path, `${this.cluster} has no group ${group} for ${inputs.userid}; declare it below groups`);
  }

  private checkLockOut(): void {
    const { view, authId, name } = this.there;
    const lost = losses(view, viewAfter(this.there, this.planned(), this.facts.known), authId);
    if (lost.length > 0)
      this.problems.push(
        `${authId}, with which this stack works on ${name}, would lose ${printLosses(lost)}; work with another credential (netbox-proxmox:proxmox["${name}"].token or PROXMOX_VE_API_TOKEN), or leave it its rights`,
      );
  }

  /** Everything by its logical name, each after what it needs. */
  planned(): ClusterObjects {
    const named = <I>(all: Map<string, Placed<I>>, nameOf: (inputs: I) => string, after: (inputs: I) => string[]) =>
      [...all.values()].map(({ inputs }) => ({ name: nameOf(inputs), inputs, after: after(inputs) }));
    const { cluster } = this;
    const subject = ({ type, ugid }: AclInputs): string => {
      if (type === "token") return `${cluster}/token/${ugid}`;
      return type === "user" ? logicalNames.user(cluster, ugid) : logicalNames.group(cluster, ugid);
    };
    return {
      roles: named(
        this.roles,
        ({ roleid }) => logicalNames.role(cluster, roleid),
        () => [],
      ),
      groups: named(
        this.groups,
        ({ groupid }) => logicalNames.group(cluster, groupid),
        () => [],
      ),
      users: named(
        this.users,
        ({ userid }) => logicalNames.user(cluster, userid),
        ({ groups }) => groups.map((group) => logicalNames.group(cluster, group)),
      ),
      acl: named(
        this.acl,
        (inputs) => logicalNames.acl(cluster, inputs),
        (inputs) => [logicalNames.role(cluster, inputs.roleid), subject(inputs)],
      ),
      tokens: this.tokens,
    };
  }
}
