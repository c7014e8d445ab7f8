import { createHash } from "node:crypto";
import { die, parameterErrors } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";
import { type IpVersion, ipVersionOf } from "./addresses";

export interface FirewallAlias {
  name: string;
  cidr: string;
  comment?: string;
}

export interface FirewallSet {
  comment?: string;
  /** `cidr`, and `nomatch` and `comment` where they are set. */
  entries: Values[];
}

export interface FirewallGroup {
  comment?: string;
  rules: Values[];
}

/** What one firewall file holds: a guest's, a node's or the cluster's, which has groups too. */
export class FirewallFile {
  options: Values = {};
  rules: Values[] = [];
  /** By the name in small letters. */
  readonly aliases = new Map<string, FirewallAlias>();
  readonly sets = new Map<string, FirewallSet>();
  readonly groups = new Map<string, FirewallGroup>();

  /** Whether there is anything in it. */
  get isEmpty(): boolean {
    const counts = [Object.keys(this.options).length, this.rules.length, this.aliases.size, this.sets.size];
    return [...counts, this.groups.size].every((count) => count === 0);
  }

  set(name: string): FirewallSet {
    return this.sets.get(name) ?? die(`no such IPSet '${name}'`);
  }

  group(name: string): FirewallGroup {
    return this.groups.get(name) ?? die(`no such security group '${name}'`);
  }

  setOptions(known: string[], { delete: remove, digest: read, ...options }: Values): void {
    assertUnmodified(objectDigest(this.options), read);
    for (const key of words(remove)) {
      if (!known.includes(key)) parameterErrors({ delete: `no such option '${key}'` });
      delete this.options[key];
    }
    Object.assign(this.options, options);
  }

  copy(): FirewallFile {
    const copied = new FirewallFile();
    copied.options = { ...this.options };
    copied.rules = this.rules.map((rule) => ({ ...rule }));
    for (const [name, alias] of this.aliases) copied.aliases.set(name, { ...alias });
    for (const [name, { entries, ...set }] of this.sets)
      copied.sets.set(name, { ...set, entries: entries.map((entry) => ({ ...entry })) });
    return copied;
  }
}

/** @throws where somebody else has changed it since it was read; no digest, or an empty one, is not compared */
export function assertUnmodified(digest: string, read: Value | undefined): void {
  if (read !== undefined && read !== "" && read !== digest)
    die("detected modified configuration - file changed by other user? Try again.");
}

/** The digest of a list of rows, of those values in them that are no lists of errors. */
export function listDigest(rows: object[]): string {
  const hash = createHash("sha1");
  for (const row of rows)
    for (const [key, value] of Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))
      if (typeof value !== "object" && value !== undefined) hash.update(`${key}:${value}\n`);
  return hash.digest("hex");
}

export const objectDigest = (values: Values): string => listDigest([values]);

/** Rows, each with the digest of all. */
export function withDigest<T extends object>(rows: T[]): (T & { digest: string })[] {
  const digest = listDigest(rows);
  return rows.map((row) => ({ ...row, digest }));
}

/** An alias as answers show it. */
export const shownAlias = ({ comment, ...alias }: FirewallAlias): Values & { ipversion: IpVersion } => ({
  ...alias,
  ipversion: ipVersionOf(alias.cidr),
  ...(comment ? { comment } : {}),
});
