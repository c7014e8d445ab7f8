import { createHash } from "node:crypto";
import { die, parameterErrors } from "./errors";
import type { Value, Values } from "./schema/parameters";
import { words } from "./schema/words";

interface Rules {
  options: Values;
  rules: Values[];
}

const digest = (value: Values | Values[]) =>
  createHash("sha1")
    .update(Object.keys(value).length === 0 ? "" : JSON.stringify(value))
    .digest("hex");

/** @throws where somebody else has changed it since it was read; no digest, or an empty one, is not compared */
function assertUnmodified(value: Values | Values[], read: Value | undefined): void {
  if (read !== undefined && read !== "" && read !== digest(value))
    die("detected modified configuration - file changed by other user? Try again.");
}

/** The guests' firewall options and rules, by vmid. */
export class Firewall {
  readonly guests = new Map<number, Rules>();

  private of(vmid: number): Rules {
    const found = this.guests.get(vmid) ?? { options: {}, rules: [] };
    this.guests.set(vmid, found);
    return found;
  }

  forget(vmid: number): void {
    this.guests.delete(vmid);
  }

  options(vmid: number): Values {
    const { options } = this.of(vmid);
    return { ...options, digest: digest(options) };
  }

  setOptions(vmid: number, { delete: remove, digest: read, ...options }: Values): void {
    const { options: kept } = this.of(vmid);
    assertUnmodified(kept, read);
    Object.assign(kept, options);
    for (const key of words(remove)) delete kept[key];
  }

  rules(vmid: number): Values[] {
    const { rules } = this.of(vmid);
    return rules.map((rule, pos) => ({ ...rule, pos, digest: digest(rules) }));
  }

  rule(vmid: number, pos: number): Values {
    return this.rules(vmid)[pos] ?? die(`no rule at position ${pos}`);
  }

  /** A new rule is the first. The call takes a position and a digest, and PVE looks at neither. */
  addRule(vmid: number, { pos: _pos, digest: _digest, ...rule }: Values): void {
    this.check(rule);
    this.of(vmid).rules.unshift(rule);
  }

  setRule(vmid: number, pos: number, { pos: _pos, moveto, delete: remove, digest: read, ...changes }: Values): void {
    const { rules } = this.of(vmid);
    assertUnmodified(rules, read);
    this.rule(vmid, pos);
    this.check(changes);
    const [rule = {}] = rules.splice(pos, 1);
    Object.assign(rule, changes);
    for (const key of words(remove)) delete rule[key];
    rules.splice(Number(moveto ?? pos), 0, rule);
  }

  deleteRule(vmid: number, pos: number, { digest: read }: Values): void {
    const { rules } = this.of(vmid);
    assertUnmodified(rules, read);
    this.rule(vmid, pos);
    rules.splice(pos, 1);
  }

  private check({ type, action }: Values): void {
    if (type !== "group" && action !== undefined && !["ACCEPT", "DROP", "REJECT"].includes(String(action)))
      parameterErrors({ action: `unknown action '${action}'` });
  }
}
