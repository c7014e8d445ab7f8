import type { ObjectRow } from "../../../providers/netbox/objects/object.model";
import { lostBy } from "../../../providers/netbox/users/rights.model";
import { type NetboxTokenInputs, netboxTokenState } from "../../../providers/netbox/users/token.model";
import { pageOf } from "../../../providers/page";
import { sameValue, withoutUndefined } from "../../../providers/values";
import type { DeclaredNetboxObject } from "../../netbox/declared";
import { type NetboxTokenEntry, programNames } from "./file";
import { permissionsOf, programNetboxUser } from "./programs";
import { planTurns, turnInputs } from "./tokens";
import type { AccessFacts, PlannedToken, TokenRow } from "./types";

type Path = readonly PropertyKey[];
type Kind = "user" | "userGroup" | "permission";
const roomOf: Record<Kind, string> = { user: "user", userGroup: "group", permission: "permission" };
export const netboxName = (kind: Kind | "token", name: string): string =>
  `netbox/${kind === "token" ? "token" : roomOf[kind]}/${name}`;

/** Without its secret, which the plan never looks at. */
const knownToken = netboxTokenState.omit({ value: true });

/** What a file wants of NetBox's users, groups, permissions and tokens. */
export class NetboxPlan {
  readonly objects: DeclaredNetboxObject[] = [];
  readonly tokens: PlannedToken<NetboxTokenInputs>[] = [];
  readonly rows: TokenRow[] = [];
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  private readonly wanted = new Map<string, { fields: Record<string, unknown>; path: Path }>();
  private readonly tokenNames = new Map<string, Path>();

  constructor(private readonly facts: AccessFacts) {}

  read(): this {
    const { netbox, programs } = this.facts.file;
    for (const [name, { description }] of Object.entries(netbox.groups))
      this.object("userGroup", name, withoutUndefined({ name, description }), [], ["netbox", "groups", name]);
    for (const [username, user] of Object.entries(netbox.users))
      this.user(username, user, ["netbox", "users", username]);
    for (const name of programNames) {
      const program = programs[name];
      if (!program?.netbox) continue;
      const path = ["programs", name];
      const username = programNetboxUser(name, program);
      if (!this.isWanted("user", username)) this.user(username, {}, path);
      for (const [permission, { objectTypes, actions }] of permissionsOf(name, program, this.facts.netbox.plugins))
        this.permission(permission, { objectTypes, actions, users: [username], groups: [] }, path);
      const { expire, rotateAfter, overlap, rotation, netboxSinks: sinks } = program;
      const turns = { expire, rotateAfter, overlap, rotation, sinks };
      const token = { description: `netbox-proxmox: ${name}`, writeEnabled: name !== "plan", allowedIps: [] };
      this.token({ name, user: username, version: 2, ...token, ...turns }, path, "netboxSinks");
    }
    for (const [name, permission] of Object.entries(netbox.permissions))
      this.permission(name, permission, ["netbox", "permissions", name]);
    for (const [n, token] of netbox.tokens.entries()) this.token(token, ["netbox", "tokens", n], "sinks");
    this.checkLockOut();
    return this;
  }

  /** Does the file say anything of NetBox? */
  get isEmpty(): boolean {
    return this.objects.length === 0 && this.tokens.length === 0;
  }

  private problem(path: Path, text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${text}`);
  }

  private isWanted(kind: Kind, name: string): boolean {
    return this.wanted.has(netboxName(kind, name));
  }

  private object(kind: Kind, name: string, fields: Record<string, unknown>, after: string[], path: Path): void {
    const { netbox, stack } = this.facts;
    const key = netboxName(kind, name);
    const before = this.wanted.get(key);
    if (before !== undefined) {
      if (!sameValue(before.fields, fields))
        this.problem(
          path,
          `${roomOf[kind]} ${name} is wanted otherwise at ${this.facts.placeOf(before.path)}; make the two agree, or drop one`,
        );
      return;
    }
    this.wanted.set(key, { fields, path });
    const args = { netboxUrl: netbox.url, stack, overwrite: true, type: kind, fields };
    this.objects.push({ kind: "object", name: key, after, args });
  }

  private user(username: string, user: { groups?: string[] | undefined; [field: string]: unknown }, path: Path): void {
    const groups = user.groups === undefined ? undefined : [...new Set(user.groups)].sort();
    const after = this.referred("userGroup", groups ?? [], path);
    this.object("user", username, withoutUndefined({ username, ...user, groups }), after, path);
  }

  private permission(
    name: string,
    wanted: { objectTypes: string[]; actions: string[]; users: string[]; groups: string[]; [field: string]: unknown },
    path: Path,
  ): void {
    const same = this.facts.netbox.permissions.filter((each) => each.name === name);
    if (same.length > 1)
      this.problem(
        path,
        `NetBox has ${same.length} object permissions ${name} (${pageOf(this.facts.netbox.url, "users/permissions")}); rename or remove the others`,
      );
    const { objectTypes, actions, users, groups, ...rest } = wanted;
    const after = [...this.referred("user", users, path), ...this.referred("userGroup", groups, path)];
    const lists = {
      objectTypes: sorted(objectTypes),
      actions: sorted(actions),
      users: sorted(users),
      groups: sorted(groups),
    };
    this.object("permission", name, withoutUndefined({ name, ...lists, ...rest }), after, path);
  }

  /** Others by name: declared here, or there already. @returns the logical names to wait for */
  private referred(kind: "user" | "userGroup", names: string[], path: Path): string[] {
    const { netbox } = this.facts;
    const rows = kind === "user" ? netbox.users : netbox.groups;
    const key = kind === "user" ? "username" : "name";
    return names.flatMap((name) => {
      if (this.isWanted(kind, name)) return [netboxName(kind, name)];
      if (!rows.some((row) => row[key] === name))
        this.problem(path, `NetBox has no ${roomOf[kind]} ${name}; declare it below netbox.${roomOf[kind]}s`);
      return [];
    });
  }

  // ---- tokens

  private token(entry: NetboxTokenEntry, path: Path, sinkKey: string): void {
    const { name, user: username, version } = entry;
    const { netbox, stack, known } = this.facts;
    const title = `NetBox/${username}/${name}`;
    const before = this.tokenNames.get(title);
    if (before !== undefined) {
      this.problem(path, `token ${name} of ${username} is there already at ${this.facts.placeOf(before)}; rename one`);
      return;
    }
    this.tokenNames.set(title, path);
    const after = this.referred("user", [username], path);
    const permissions = this.objects
      .filter(({ args }) => args.type === "permission" && list(args.fields?.users).includes(username))
      .map((each) => each.name);
    const { tokens, warnings } = planTurns(
      this.facts,
      { prefix: `NetBox/${username}/`, name, entry },
      (id) => netboxName("token", `${username}/${id}`),
      // Several of a name can be there: what others made is nothing to this.
      () => false,
      (place, text) => this.problem([...path, ...place.map((each) => (each === "sinks" ? sinkKey : each))], text),
    );
    for (const { turn, id, planned, row } of tokens) {
      const last = knownToken.safeParse(known.get(planned.name)?.properties).data;
      const { adopted: _adopted, ...own } = turnInputs(turn);
      const kept = last && !planned.isCurrent ? last : entry;
      const settings = { description: kept.description, writeEnabled: kept.writeEnabled, allowedIps: kept.allowedIps };
      const inputs = { netboxUrl: netbox.url, stack, name: id, username, version, ...settings, ...own };
      this.tokens.push({ ...planned, inputs: withoutUndefined(inputs), after: [...after, ...permissions] });
      this.rows.push(row);
    }
    this.warnings.push(...warnings);
  }

  // ---- the whole

  /** Nothing that the token in use has its rights from may lose them. */
  private checkLockOut(): void {
    const { netbox, known } = this.facts;
    const refuse = (lost: string | undefined, where: string) => {
      if (lost === undefined || (lost !== "its user" && netbox.isSuperuser)) return;
      this.problems.push(
        `${where}${netbox.self.username}, as whom this stack works in NetBox, would lose ${lost}; work with another user's token (netbox-proxmox:netbox.token or NETBOX_API_TOKEN), or leave it its rights`,
      );
    };
    const rows: Record<Kind, ObjectRow[]> = {
      user: netbox.users,
      userGroup: netbox.groups,
      permission: netbox.permissions,
    };
    for (const { name, args } of this.objects) {
      if (!isKind(args.type)) continue;
      const key = args.type === "user" ? "username" : "name";
      const before = rows[args.type].find((row) => row[key] === args.fields?.[key]);
      if (before === undefined) continue;
      const path = this.wanted.get(name)?.path ?? [];
      const after = this.rowAfter(args.type, before, args.fields ?? {});
      refuse(lostBy(args.type, netbox.self, before, after), `${this.facts.placeOf(path)}: `);
    }
    for (const [name, { properties }] of known) {
      const { type, netboxId, made } = properties;
      if (!isKind(type) || made !== true || this.wanted.has(name)) continue;
      const before = rows[type].find((row) => row.id === netboxId);
      if (before) refuse(lostBy(type, netbox.self, before, undefined), "");
    }
  }

  /** A row as it would be, as far as rights go. Of users and groups that are not there yet nobody has any. */
  private rowAfter(kind: Kind, before: ObjectRow, fields: Record<string, unknown>): ObjectRow {
    const { users, groups } = this.facts.netbox;
    const ids = (rows: ObjectRow[], key: string, names: unknown) =>
      list(names).flatMap((name) => rows.find((row) => row[key] === name)?.id ?? []);
    const given = (name: string, wire: string, value: unknown) => (name in fields ? { [wire]: value } : {});
    const common = given("groups", "groups", ids(groups, "name", fields.groups));
    if (kind === "user") return { ...before, ...common, ...given("isActive", "is_active", fields.isActive) };
    if (kind === "userGroup") return before;
    return {
      ...before,
      ...common,
      ...given("users", "users", ids(users, "username", fields.users)),
      ...given("enabled", "enabled", fields.enabled),
      ...given("constraints", "constraints", fields.constraints),
      object_types: fields.objectTypes,
      actions: fields.actions,
    };
  }
}

const isKind = (type: unknown): type is Kind => type === "user" || type === "userGroup" || type === "permission";
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const sorted = (values: string[]): string[] => [...new Set(values)].sort();
