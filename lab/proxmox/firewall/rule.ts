import { parameterErrors } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";
import { aliasPattern, type IpVersion, ipVersionOf, readAddressList } from "./addresses";
import type { FirewallFile } from "./file";
import { hasPorts, isIcmp, isIcmpType, isProtocol, macros } from "./names";
import { checkPorts } from "./ports";

/** Whose rules they are: it decides which types and interfaces they may have. */
export type RuleEnvironment = "vm" | "ct" | "group" | "cluster" | "host" | "vnet";

const types: Record<RuleEnvironment, string[]> = {
  vm: ["in", "out", "group"],
  ct: ["in", "out", "group"],
  group: ["in", "out", "forward"],
  cluster: ["in", "out", "forward", "group"],
  host: ["in", "out", "forward", "group"],
  vnet: ["forward", "group"],
};

/** Where a rule's aliases and sets are looked for. */
export interface RuleScope {
  environment: RuleEnvironment;
  cluster: FirewallFile;
  /** The file that the rule stands in, where that is not the cluster's. */
  own?: FirewallFile;
}

const kept = words("type action macro iface source dest proto enable log sport dport comment icmp-type");

/** What a request says of a rule; an empty text or a dash takes a value away. */
export function mergeRule(rule: Values, changes: Values): Values {
  const merged = { ...rule };
  for (const key of kept) {
    const value = changes[key];
    if (value === "" || value === "-") delete merged[key];
    else if (value !== undefined) merged[key] = value;
  }
  return merged;
}

export function withoutProperties(rule: Values, names: Value | undefined): Values {
  const rest = { ...rule };
  for (const name of words(names)) {
    if (![...kept, "pos", "digest"].includes(name)) parameterErrors({ delete: `no such property ('${name}')` });
    if (name === "type" || name === "action")
      parameterErrors({ delete: `unable to delete required property '${name}'` });
    delete rest[name];
  }
  return rest;
}

/** A rule as its file keeps it: one that stands for a group has no conditions. */
export function stored(rule: Values): Values {
  const { type, action, iface, enable, comment, macro } = rule;
  const name = macros.find((known) => known.toLowerCase() === String(macro).toLowerCase());
  const all =
    type === "group" ? { type, action, iface, enable, comment } : { ...rule, ...(name ? { macro: name } : {}) };
  const isOn = Number(enable ?? 1) === 0 ? 0 : 1;
  return Object.fromEntries(
    Object.entries({ ...all, enable: isOn }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

interface Findings {
  errors: Record<string, string>;
  family?: IpVersion;
}

/** What is wrong with a rule, and the family of the addresses that it names. */
export function inspectRule(rule: Values, scope: RuleScope): Findings {
  const found: Findings = { errors: {} };
  const wrong = (key: string, message: string) => {
    found.errors[key] ??= message;
  };
  const setFamily = (family: IpVersion | undefined) => {
    if (family !== undefined && found.family !== undefined && family !== found.family)
      throw new Error("detected mixed ipv4/ipv6 addresses in rule");
    found.family ??= family;
  };
  /** What throws is wrong with this key. */
  const tried = (key: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      wrong(key, error instanceof Error ? error.message : String(error));
    }
  };
  checkHead(rule, scope.environment, wrong);
  const { macro, proto, "icmp-type": icmpType } = rule;
  if (macro !== undefined && !macros.some((known) => known.toLowerCase() === String(macro).toLowerCase()))
    wrong("macro", `unknown macro '${macro}'`);
  const protocol = proto === undefined ? undefined : String(proto);
  const icmp = protocol !== undefined && isIcmp(protocol);
  if (protocol !== undefined) {
    if (!isProtocol(protocol)) wrong("proto", `unknown protocol '${protocol}'`);
    if (icmp) setFamily(protocol === "icmp" ? 4 : 6);
  }
  for (const key of ["dport", "sport"] as const) {
    if (key === "sport" && icmpType !== undefined) checkIcmpType(String(icmpType), rule, wrong);
    const value = rule[key];
    if (value === undefined) continue;
    const asType = key === "dport" && icmp;
    tried(key, () => checkPorts(String(value), asType));
    if (protocol === undefined) wrong("proto", `missing property - '${key}' requires this property`);
    else if (!hasPorts(protocol) && !asType) wrong(key, `protocol '${protocol}' does not support ports`);
  }
  for (const key of ["source", "dest"] as const) {
    const value = rule[key];
    if (value === undefined) continue;
    tried(key, () => setFamily(readAddressList(String(value))));
    tried(key, () => setFamily(checkReference(String(value), scope)));
  }
  return found;
}

type Wrong = (key: string, message: string) => void;

function checkHead({ type, action, iface }: Values, environment: RuleEnvironment, wrong: Wrong): void {
  if (!types[environment].includes(String(type)))
    wrong("type", `invalid rule type '${type}' for rule_env '${environment}'`);
  if (type !== "group") {
    if (type === "forward" && action === "REJECT") wrong("action", "cannot define REJECT rules on forward chain");
    if (!/^(ACCEPT|DROP|REJECT)$/.test(String(action))) wrong("action", `unknown action '${action}'`);
  }
  if (iface === undefined) return;
  if (environment === "group" || environment === "vnet") wrong("type", "parameter -i not allowed for this rule type");
  if (!/^[a-z][a-z0-9_]{1,20}([:.]\d+)?$/i.test(String(iface)))
    wrong("iface", `invalid network interface name '${iface}'`);
  else if (/^(vm|ct)$/.test(environment) && !/^net\d+$/.test(String(iface)))
    wrong("iface", "value does not match the regex pattern 'net\\d+'");
}

function checkIcmpType(type: string, { proto, dport }: Values, wrong: Wrong): void {
  const protocol = String(proto);
  if (proto === undefined || !isIcmp(protocol)) wrong("proto", "missing property - 'icmp-type' requires this property");
  if (dport !== undefined) wrong("icmp-type", "'icmp-type' cannot be specified together with 'dport'");
  if (isIcmp(protocol) && !isIcmpType(type, protocol))
    wrong("icmp-type", `invalid icmp-type '${type}' for proto '${protocol}'`);
}

/** The family of an alias that a rule names. @throws where an alias or a set is not there */
function checkReference(value: string, { cluster, own }: RuleScope): IpVersion | undefined {
  if (value.startsWith("+")) {
    const name = /^\+(?:guest\/|dc\/|sdn\/)?([A-Za-z][A-Za-z0-9\-_]+)$/.exec(value)?.[1];
    if (name === undefined) throw new Error(`invalid ipset name '${value}'`);
    if (!cluster.sets.has(name) && !own?.sets.has(name)) throw new Error(`no such ipset '${name}'`);
    return undefined;
  }
  const [, place = "", name] = aliasPattern.exec(value) ?? [];
  if (name === undefined) return undefined;
  const key = name.toLowerCase();
  if (!cluster.aliases.has(key) && !own?.aliases.has(key)) throw new Error(`no such alias '${value}'`);
  const found =
    (place === "dc/" ? undefined : own?.aliases.get(key)) ??
    (place === "guest/" ? undefined : cluster.aliases.get(key));
  return found === undefined ? undefined : ipVersionOf(found.cidr);
}

/** A new or changed rule. @throws PVE's 400 with what is wrong first */
export function checkRule(rule: Values, scope: RuleScope): void {
  const [first] = Object.entries(inspectRule(rule, scope).errors);
  if (first !== undefined) parameterErrors({ [first[0]]: first[1] });
}

/** A rule as a list shows it: with the family of its addresses, and with what it names that is no longer there. */
export function shownRule(rule: Values, scope: RuleScope): Record<string, unknown> {
  const { errors, family } = inspectRule(rule, scope);
  return {
    ...rule,
    ...(family === undefined ? {} : { ipversion: family }),
    ...(Object.keys(errors).length === 0 ? {} : { errors }),
  };
}
