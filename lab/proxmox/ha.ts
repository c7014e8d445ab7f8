import { createHash } from "node:crypto";
import { die } from "./errors";
import type { Guest } from "./guest";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

const sidOf = (guest: Guest) => `${guest.type === "qemu" ? "vm" : "ct"}:${guest.vmid}`;

/** HA resources and rules. A manager, where the cluster has one, brings guests to the state that is asked for. */
export class Ha {
  readonly resources = new Map<string, Values>();
  readonly rules = new Map<string, Values>();
  /** Starts or stops a guest as its resource says; nobody does on a recorded node. */
  manager?: (guest: Guest, state: "started" | "stopped") => void;

  /** The node that a guest left for the node's maintenance. */
  private readonly left = new Map<string, string>();

  awayFrom(guest: Guest): string | undefined {
    return this.left.get(sidOf(guest));
  }

  /** Notes where a guest is to come back to, or that it has come. */
  leave(guest: Guest, node: string | undefined): void {
    if (node === undefined) this.left.delete(sidOf(guest));
    else if (!this.left.has(sidOf(guest))) this.left.set(sidOf(guest), node);
  }

  isAskedToStart(guest: Guest): boolean {
    return /^(started|enabled)$/.test(String(this.resources.get(sidOf(guest))?.state));
  }

  /** Tells the manager what a resource asks for. */
  private manage(id: string, guests: Map<number, Guest>): void {
    const guest = guests.get(Number(id.split(":")[1]));
    const state = String(this.resources.get(id)?.state);
    if (guest === undefined || state === "ignored") return;
    this.manager?.(guest, /^(started|enabled)$/.test(state) ? "started" : "stopped");
  }

  /** A start or stop of a managed guest only changes what its resource asks for. */
  request(guest: Guest, state: "started" | "stopped"): void {
    const resource = this.resources.get(sidOf(guest));
    if (resource === undefined || this.manager === undefined) return;
    resource.state = state;
    this.manager(guest, state);
  }

  // ---- rules

  rule(name: string): Values {
    const found = this.rules.get(name) ?? die(`no such ha rule '${name}'`);
    return { ...found, digest: this.digest() };
  }

  listRules(type?: string): Values[] {
    return [...this.rules.values()]
      .filter((rule) => type === undefined || rule.type === type)
      .map((rule) => ({ ...rule, digest: this.digest() }));
  }

  createRule({ rule, ...more }: Values): void {
    const name = String(rule);
    if (this.rules.has(name)) die(`HA rule '${name}' is already defined`);
    this.checkRule(more);
    this.rules.set(name, { rule: name, ...more });
  }

  updateRule({ rule, type, delete: remove, digest, ...more }: Values): void {
    const name = String(rule);
    const found = this.rules.get(name) ?? die(`HA rule '${name}' does not exist`);
    if (found.type !== type) die(`cannot change type of HA rule '${name}'`);
    if (digest !== undefined && digest !== this.digest())
      die("detected modified configuration - file changed by other user? Try again.");
    this.checkRule(more);
    Object.assign(found, more);
    for (const key of words(remove)) delete found[key];
  }

  deleteRule(name: string): void {
    if (!this.rules.delete(name)) die(`HA rule '${name}' does not exist`);
  }

  private checkRule({ resources }: Values): void {
    for (const sid of words(resources))
      if (!this.resources.has(sid)) die(`rule references the unmanaged resource '${sid}'`);
  }

  /** A resource that goes leaves its rules, and a rule that holds nothing else goes with it. */
  private leaveRules(sid: string): void {
    for (const [name, rule] of this.rules) {
      const rest = words(rule.resources).filter((each) => each !== sid);
      if (rest.length === 0) this.rules.delete(name);
      else rule.resources = rest.join(",");
    }
  }

  // ---- resources

  private digest(): string {
    return createHash("sha1")
      .update(JSON.stringify([...this.resources]))
      .digest("hex");
  }

  has(guest: Guest): boolean {
    return this.resources.has(sidOf(guest));
  }

  /** `ha` of a guest's current status. */
  of(guest: Guest): Record<string, unknown> {
    return this.has(guest) ? { managed: 1, state: null } : { managed: 0 };
  }

  remove(guest: Guest): void {
    if (this.resources.delete(sidOf(guest))) this.leaveRules(sidOf(guest));
  }

  /** The id with its type, which `sid` may leave out. */
  private sid(text: string, guests: Map<number, Guest>): string {
    if (text.includes(":")) return text;
    const guest = guests.get(Number(text));
    return guest ? sidOf(guest) : `vm:${text}`;
  }

  create({ sid, type: _type, state = "started", ...more }: Values, guests: Map<number, Guest>): void {
    const id = this.sid(String(sid), guests);
    const guest = guests.get(Number(id.split(":")[1]));
    if (guest === undefined || sidOf(guest) !== id) die(`resource '${id}' does not exist in cluster`);
    if (this.resources.has(id)) die(`create resource failed: resource ID '${id}' already defined`);
    this.resources.set(id, { sid: id, type: id.split(":")[0] ?? "", state, ...more });
    this.manage(id, guests);
  }

  get(text: string, guests: Map<number, Guest>): Values {
    const id = this.sid(text, guests);
    const found = this.resources.get(id) ?? die(`no such resource '${id}'`);
    return { ...found, digest: this.digest() };
  }

  list(type?: string): Values[] {
    return [...this.resources.values()]
      .filter((resource) => type === undefined || resource.type === type)
      .map((resource) => ({ ...resource, digest: this.digest() }));
  }

  update({ sid, delete: remove, digest: _digest, ...more }: Values, guests: Map<number, Guest>): void {
    const id = this.sid(String(sid), guests);
    const found = this.resources.get(id) ?? die(`update resource failed: no such resource '${id}'`);
    Object.assign(found, more);
    for (const key of words(remove)) delete found[key];
    this.manage(id, guests);
  }

  delete(text: string, guests: Map<number, Guest>): void {
    const id = this.sid(text, guests);
    if (!this.resources.delete(id)) die(`cannot delete service '${id}', not HA managed!`);
    this.leaveRules(id);
  }
}
