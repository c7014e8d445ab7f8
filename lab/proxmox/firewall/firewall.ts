import { die, parameterErrors } from "../errors";
import type { Values } from "../schema/parameters";
import { aliasPattern, cleanCidr } from "./addresses";
import {
  assertUnmodified,
  type FirewallAlias,
  FirewallFile,
  type FirewallGroup,
  listDigest,
  shownAlias,
  withDigest,
} from "./file";
import {
  checkRule,
  mergeRule,
  type RuleEnvironment,
  type RuleScope,
  shownRule,
  stored,
  withoutProperties,
} from "./rule";

/** The firewall files of a cluster. A guest's is there without the guest, as it is made when it is first written. */
export class Firewall {
  readonly cluster = new FirewallFile();
  readonly guests = new Map<number, FirewallFile>();
  readonly nodes = new Map<string, FirewallFile>();
  readonly vnets = new Map<string, FirewallFile>();

  guest(vmid: number): FirewallFile {
    return fileIn(this.guests, vmid);
  }

  node(name: string): FirewallFile {
    return fileIn(this.nodes, name);
  }

  vnet(name: string): FirewallFile {
    return fileIn(this.vnets, name);
  }

  forget(vmid: number): void {
    this.guests.delete(vmid);
  }

  /** A clone takes its source's rules over, with all that they name. */
  cloned(from: number, to: number): void {
    const source = this.guests.get(from);
    if (source === undefined) this.guests.delete(to);
    else this.guests.set(to, source.copy());
  }

  /** Gives a group another name or comment; the rules that stand for it go with it. */
  renameGroup(from: string, to: string, comment: string | undefined): void {
    const { groups } = this.cluster;
    const found = groups.get(from) ?? parameterErrors({ group: `Security group '${from}' does not exist` });
    if (groups.has(to) && from !== to) parameterErrors({ group: `Security group '${to}' does already exist` });
    groups.delete(from);
    groups.set(to, { ...found, ...(comment === undefined ? {} : { comment }) });
    for (const { rules } of [this.cluster, ...this.nodes.values(), ...this.guests.values()])
      for (const rule of rules) if (rule.type === "group" && rule.action === from) rule.action = to;
  }
}

function fileIn<K>(files: Map<K, FirewallFile>, key: K): FirewallFile {
  const found = files.get(key) ?? new FirewallFile();
  files.set(key, found);
  return found;
}

/** One list of rules: a file's own, or a group's. */
export class RuleList {
  private readonly scope: RuleScope;

  constructor(
    private readonly holder: FirewallFile | FirewallGroup,
    environment: RuleEnvironment,
    cluster: FirewallFile,
  ) {
    this.scope = {
      environment,
      cluster,
      ...(holder instanceof FirewallFile && holder !== cluster ? { own: holder } : {}),
    };
  }

  private get shown(): Record<string, unknown>[] {
    return this.holder.rules.map((rule) => shownRule(rule, this.scope));
  }

  list(): Record<string, unknown>[] {
    return withDigest(this.shown).map((rule, pos) => ({ ...rule, pos }));
  }

  /** @param pos as it came in the path: it is repeated so */
  get(pos: string): Record<string, unknown> {
    return { ...this.list()[this.need(pos)], pos };
  }

  private need(pos: string): number {
    return Number(pos) < this.holder.rules.length ? Number(pos) : die(`no rule at position ${pos}`);
  }

  /** A new rule is the first and off. The call takes a position and a digest, and PVE looks at neither. */
  add(params: Values): void {
    const rule = mergeRule({}, params);
    checkRule(rule, this.scope);
    this.holder.rules.unshift(stored({ ...rule, enable: params.enable ?? 0 }));
  }

  /** Moves a rule before the one at `moveto`, or changes it. */
  change(pos: string, { moveto, delete: remove, digest, ...changes }: Values): void {
    assertUnmodified(listDigest(this.shown), digest);
    const at = this.need(pos);
    const { rules } = this.holder;
    const rule = rules[at] ?? {};
    if (moveto !== undefined && Number(moveto) !== at) {
      const to = Math.min(Number(moveto), rules.length);
      rules.splice(at, 1);
      rules.splice(to > at ? to - 1 : to, 0, rule);
      return;
    }
    const changed = withoutProperties(mergeRule(rule, changes), remove);
    checkRule(changed, this.scope);
    rules[at] = stored(changed);
  }

  delete(pos: string, digest: Values[string] | undefined): void {
    assertUnmodified(listDigest(this.shown), digest);
    this.holder.rules.splice(this.need(pos), 1);
  }
}

/** The aliases of a file. */
export class Aliases {
  constructor(private readonly file: FirewallFile) {}

  private get rows(): Values[] {
    return [...this.file.aliases].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, alias]) => shownAlias(alias));
  }

  list(): object[] {
    return withDigest(this.rows);
  }

  get(name: string): Values {
    return shownAlias(this.need(name));
  }

  private need(name: string): FirewallAlias {
    return this.file.aliases.get(name.toLowerCase()) ?? parameterErrors({ name: "no such alias" });
  }

  add({ name, cidr, comment }: Values): void {
    const key = String(name).toLowerCase();
    if (this.file.aliases.has(key)) parameterErrors({ name: `alias '${name}' already exists` });
    this.file.aliases.set(key, aliasOf(name, cidr, comment));
  }

  change({ name, cidr, comment, rename, digest }: Values): void {
    assertUnmodified(listDigest(this.rows), digest);
    const key = String(name).toLowerCase();
    this.need(key);
    const to = String(rename ?? name).toLowerCase();
    if (to !== key && this.file.aliases.has(to)) parameterErrors({ name: `alias '${rename}' already exists` });
    this.file.aliases.delete(key);
    this.file.aliases.set(to, aliasOf(to === key ? name : rename, cidr, comment));
  }

  delete({ name, digest }: Values): void {
    assertUnmodified(listDigest(this.rows), digest);
    this.file.aliases.delete(String(name).toLowerCase());
  }
}

const aliasOf = (name: unknown, cidr: unknown, comment: unknown): FirewallAlias => ({
  name: String(name),
  cidr: hostOf(String(cidr)),
  ...(comment === undefined ? {} : { comment: String(comment) }),
});
/** A prefix that leaves one host says nothing. */
const hostOf = (cidr: string): string => cidr.replace(cidr.includes(":") ? /\/128$/ : /\/32$/, "");

/** The sets of addresses of a file. */
export class AddressSets {
  constructor(
    private readonly file: FirewallFile,
    private readonly cluster: FirewallFile,
  ) {}

  private get rows(): Values[] {
    return [...this.file.sets]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { comment }]) => ({ name, ...(comment ? { comment } : {}) }));
  }

  list(): object[] {
    return withDigest(this.rows);
  }

  create({ name, comment, rename, digest }: Values): void {
    const { sets } = this.file;
    const to = String(name);
    const said = comment === undefined ? {} : { comment: String(comment) };
    if (rename === undefined) {
      if (sets.has(to)) parameterErrors({ name: `IPSet '${to}' already exists` });
      sets.set(to.toLowerCase(), { ...said, entries: [] });
      return;
    }
    assertUnmodified(listDigest(this.rows), digest);
    const found = sets.get(String(rename)) ?? parameterErrors({ name: `IPSet '${rename}' does not exist` });
    if (sets.has(to) && to !== rename) parameterErrors({ name: `IPSet '${to}' does already exist` });
    sets.delete(String(rename));
    sets.set(to.toLowerCase(), { ...found, ...said });
  }

  delete({ name, force }: Values): void {
    const { entries } = this.file.set(String(name));
    if (entries.length > 0 && force !== 1) die(`IPSet '${name}' is not empty`);
    this.file.sets.delete(String(name));
  }

  entries(name: string): object[] {
    return withDigest(
      this.file.set(name).entries.map((entry) => {
        const missing = this.missingAlias(String(entry.cidr));
        return { ...entry, ...(missing === undefined ? {} : { errors: { cidr: missing } }) };
      }),
    );
  }

  private missingAlias(cidr: string): string | undefined {
    const [, place = "", name] = aliasPattern.exec(cidr) ?? [];
    if (name === undefined) return undefined;
    const key = name.toLowerCase();
    const isOwn = place !== "dc/" && this.file !== this.cluster && this.file.aliases.has(key);
    const isKnown = isOwn || (place !== "guest/" && this.cluster.aliases.has(key));
    return isKnown ? undefined : `no such alias '${name}'`;
  }

  entry(name: string, cidr: string): object {
    return (
      this.entries(name).find((entry) => "cidr" in entry && entry.cidr === cidr) ??
      parameterErrors({ cidr: "no such IP/Network" })
    );
  }

  add({ name, cidr, nomatch, comment }: Values): void {
    const { entries } = this.file.set(String(name));
    const missing = this.missingAlias(String(cidr));
    if (missing !== undefined) die(missing);
    const kept = aliasPattern.test(String(cidr)) ? String(cidr) : cleanCidr(String(cidr));
    if (entries.some((entry) => entry.cidr === kept)) parameterErrors({ cidr: `address '${kept}' already exists` });
    if (/\/0+$/.test(kept)) parameterErrors({ cidr: "a zero prefix is not allowed in ipset entries" });
    entries.push({ cidr: kept, ...(nomatch === 1 ? { nomatch: 1 } : {}), ...(comment ? { comment } : {}) });
    entries.sort((a, b) => (String(a.cidr) < String(b.cidr) ? -1 : 1));
  }

  change({ name, cidr, nomatch, comment, digest }: Values): void {
    const { entries } = this.file.set(String(name));
    assertUnmodified(listDigest(this.entries(String(name))), digest);
    const at = entries.findIndex((entry) => entry.cidr === cidr);
    if (at < 0) parameterErrors({ cidr: "no such IP/Network" });
    entries[at] = { cidr: String(cidr), ...(nomatch === 1 ? { nomatch: 1 } : {}), ...(comment ? { comment } : {}) };
  }

  deleteEntry({ name, cidr, digest }: Values): void {
    const set = this.file.set(String(name));
    assertUnmodified(listDigest(this.entries(String(name))), digest);
    set.entries = set.entries.filter((entry) => entry.cidr !== cidr);
  }
}

/** What a rule's source and destination may name. */
export function references(file: FirewallFile, scope: "dc" | "guest", type: unknown): Values[] {
  const sets = [...file.sets].map(([name, { comment }]) => ({
    ...{ type: "ipset", name, ref: `+${name}`, scope },
    ...(comment ? { comment } : {}),
  }));
  const aliases = [...file.aliases].map(([name, { comment }]) => ({
    ...{ type: "alias", name, ref: name, scope },
    ...(comment ? { comment } : {}),
  }));
  return [...sets, ...aliases].filter((reference) => type === undefined || reference.type === type);
}
