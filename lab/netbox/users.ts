import { randomBytes } from "node:crypto";
import { administrator } from "./changelog";
import type { Database } from "./database";
import { detail, invalid } from "./errors";
import { has } from "./releases";
import type { LabRow } from "./rows";

/** Who calls: by one of the lab's own tokens a superuser, else a user with object permissions. */
export interface NetboxCaller {
  id: number;
  username: string;
  /** `ipam.add_ipaddress`; undefined of a superuser. */
  held: Set<string> | undefined;
  mayWrite: boolean;
}

interface Secret {
  key: string | null;
  secret: string;
  lastUsed: string | null;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const random = (length: number) => [...randomBytes(length)].map((byte) => letters[byte % letters.length]).join("");

/** NetBox's users, tokens and object permissions; of a permission's constraints only equal values are looked at. */
export class Users {
  /** By the ids of their tokens. */
  readonly secrets = new Map<number, Secret>();
  /** Tokens that come with the lab: superusers'. */
  readonly own = { v1: new Set<string>(), v2: new Set<string>() };

  constructor(private readonly database: Database) {}

  /** The superuser whose they are: the first user that there is. */
  open(): void {
    this.database.create("user", { ...administrator.user, password: "Administrator-1" });
  }

  /** @throws NetBox's 403 */
  caller(header: string | undefined): NetboxCaller {
    if (header === undefined) detail(403, "Authentication credentials were not provided.");
    const [keyword = "", text = ""] = String(header).split(" ");
    const knowsV2 = has(this.database.release, "tokensV2");
    if (!(knowsV2 ? /^(token|bearer)$/i : /^token$/i).test(keyword))
      detail(403, "Authentication credentials were not provided.");
    // By its form, whatever the keyword.
    const version = knowsV2 && text.startsWith("nbt_") ? 2 : 1;
    if (this.own[`v${version}`].has(text)) {
      return { ...administrator.user, held: undefined, mayWrite: true };
    }
    const found = [...this.secrets].find(
      ([, { key, secret }]) => text === (key === null ? secret : `nbt_${key}.${secret}`),
    );
    const token = this.database.find("token", found?.[0]);
    if (found === undefined || token === undefined || (found[1].key === null) !== (version === 1))
      return detail(403, knowsV2 ? `Invalid v${version} token` : "Invalid token");
    if (token.enabled === false) detail(403, "Token disabled");
    if (token.expires !== null && new Date(String(token.expires)).getTime() <= Date.now()) detail(403, "Token expired");
    const user = this.database.find("user", token.user);
    if (user?.is_active !== true) return detail(403, "User inactive");
    found[1].lastUsed = new Date().toISOString();
    return {
      id: user.id,
      username: String(user.username),
      held: this.held(user),
      mayWrite: token.write_enabled === true,
    };
  }

  private held(user: LabRow): Set<string> {
    const has = (value: unknown, id: unknown) => Array.isArray(value) && value.includes(id);
    const groups = Array.isArray(user.groups) ? user.groups : [];
    const permissions = this.database
      .rows("objectPermission")
      .filter((each) => each.enabled === true)
      .filter((each) => has(each.users, user.id) || groups.some((group) => has(each.groups, group)));
    const names = permissions.flatMap(({ object_types: types, actions }) =>
      (Array.isArray(types) ? types : []).flatMap((type: unknown) =>
        (Array.isArray(actions) ? actions : []).map((action: unknown) =>
          String(type).replace(".", `.${String(action)}_`),
        ),
      ),
    );
    return new Set(names);
  }

  // ---- rules over a whole object

  clean(next: LabRow): void {
    if (next.expires !== null && new Date(String(next.expires)).getTime() <= Date.now())
      invalid({ expires: ["Expiration time must be in the future."] });
  }

  cleanUser(next: LabRow, before: LabRow | undefined): void {
    if (next.password === before?.password) return;
    const password = String(next.password);
    const wrong = [
      ...(password.length < 12 ? ["This password is too short. It must contain at least 12 characters."] : []),
      ...(/\d/.test(password) ? [] : ["Password must have at least one numeral."]),
      ...(/[A-Z]/.test(password) ? [] : ["Password must have at least one uppercase letter."]),
      ...(/[a-z]/.test(password) ? [] : ["Password must have at least one lowercase letter."]),
    ];
    if (wrong.length > 0) invalid({ __all__: wrong });
  }

  /** @param given the secret that the caller chose; NetBox 4.7 takes none */
  made(token: LabRow, given: { key?: unknown; token?: unknown }): void {
    const knowsV2 = has(this.database.release, "tokensV2");
    const chosen = has(this.database.release, "secretsOwn") ? undefined : knowsV2 ? given.token : given.key;
    const secret = typeof chosen === "string" && chosen !== "" ? chosen : random(40);
    const key = !knowsV2 || Number(token.version) === 1 ? null : random(12);
    this.secrets.set(token.id, { key, secret, lastUsed: null });
  }

  /** What a token shows beside its fields. @param isNew only then it shows its secret, and in 4.3 and 4.4 not even then */
  shown(token: LabRow, isNew: boolean): Record<string, unknown> {
    const { release } = this.database;
    const { key = null, secret = "", lastUsed = null } = this.secrets.get(token.id) ?? {};
    if (!has(release, "tokensV2"))
      return { last_used: lastUsed, ...(has(release, "tokensHidden") ? {} : { key: secret }) };
    return { version: Number(token.version), key, last_used: lastUsed, token: isNew ? secret : null };
  }

  display(token: LabRow): string {
    const { key, secret = "" } = this.secrets.get(token.id) ?? {};
    return key ?? secret.slice(-7).padStart(40, "*");
  }
}
