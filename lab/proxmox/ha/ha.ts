import { createHash } from "node:crypto";
import { die } from "../errors";
import type { Guest } from "../guest";
import type { Values } from "../schema/parameters";
import { words } from "../schema/words";
import { HaRules } from "./rules";

export const sidOf = (guest: Guest) => `${guest.type === "qemu" ? "vm" : "ct"}:${guest.vmid}`;
const isStart = (state: unknown) => /^(started|enabled)$/.test(String(state));

/** Brings guests to the state and the node that are asked for. */
export interface HaManager {
  bring: (guest: Guest, state: "started" | "stopped") => void;
  move: (guest: Guest, node: string) => void;
}

/** Which nodes there are, and which of them HA may use. */
export interface HaNodes {
  all: () => string[];
  online: () => string[];
}

/** HA resources and rules. A manager, where the cluster has one, brings guests to the state that is asked for. */
export class Ha {
  readonly resources = new Map<string, Values>();
  private readonly placement: HaRules;
  /** Nobody manages on a recorded node that is alone. */
  manager?: HaManager;
  /** Disarmed: no resource is managed, and no node fenced. */
  disarmed?: "freeze" | "ignore";

  /** The node that a guest left for the node's maintenance. */
  private readonly left = new Map<string, string>();

  constructor(
    private readonly guests: ReadonlyMap<number, Guest>,
    private readonly nodes: HaNodes,
  ) {
    this.placement = new HaRules((sid) => this.resources.has(sid), nodes.all);
  }

  get rules(): HaRules {
    return this.placement;
  }

  awayFrom(guest: Guest): string | undefined {
    return this.left.get(sidOf(guest));
  }

  /** Notes where a guest is to come back to, or that it has come. */
  leave(guest: Guest, node: string | undefined): void {
    if (node === undefined) this.left.delete(sidOf(guest));
    else if (!this.left.has(sidOf(guest))) this.left.set(sidOf(guest), node);
  }

  isAskedToStart(guest: Guest): boolean {
    return isStart(this.resources.get(sidOf(guest))?.state);
  }

  private guestOf(id: string): Guest | undefined {
    return this.guests.get(Number(id.split(":")[1]));
  }

  /** Tells the manager what a resource asks for. */
  private manage(id: string): void {
    const guest = this.guestOf(id);
    const state = String(this.resources.get(id)?.state ?? "started");
    if (guest === undefined || state === "ignored" || this.disarmed !== undefined) return;
    this.manager?.bring(guest, isStart(state) ? "started" : "stopped");
    if (isStart(state)) this.settle(id, guest);
  }

  /** A started resource goes to where its rule wants it. */
  private settle(id: string, guest: Guest): void {
    const wanted = this.placement.preferred(id, this.nodes.online());
    if (wanted === undefined || wanted.nodes.length === 0 || wanted.nodes.includes(guest.node)) return;
    const [best] = wanted.nodes;
    if (best !== undefined && (wanted.strict || this.resources.get(id)?.failback !== 0))
      this.manager?.move(guest, best);
  }

  /** A start or stop of a managed guest only changes what its resource asks for. */
  request(guest: Guest, state: "started" | "stopped"): void {
    const resource = this.resources.get(sidOf(guest));
    if (resource === undefined || this.manager === undefined) return;
    resource.state = state;
    this.manage(sidOf(guest));
  }

  /** Which resources go to a node with this one, and which keep it from there. */
  motion(id: string, node: string): { comigrated: string[]; blocking: string[] } {
    const isManaged = (sid: string) => {
      const state = this.resources.get(sid)?.state;
      return this.resources.has(sid) && state !== "ignored";
    };
    if (!isManaged(id)) return { comigrated: [], blocking: [] };
    return {
      comigrated: this.placement.relatives(id, "positive").filter(isManaged),
      blocking: this.placement
        .relatives(id, "negative")
        .filter((sid) => isManaged(sid) && this.guestOf(sid)?.node === node),
    };
  }

  /** `…/resources/{sid}/migrate` and `…/relocate`: whatever the node is, it is asked for. */
  migrate(text: string, node: string): Record<string, unknown> {
    const id = this.sid(text);
    if (!this.resources.has(id) || this.resources.get(id)?.state === "ignored")
      die(`resource '${id}' is not HA managed`);
    const { comigrated, blocking } = this.motion(id, node);
    if (blocking.length === 0) for (const sid of [id, ...comigrated]) this.moveTo(sid, node);
    return {
      sid: id,
      "requested-node": node,
      ...(comigrated.length === 0 ? {} : { "comigrated-resources": comigrated }),
      ...(blocking.length === 0
        ? {}
        : { "blocking-resources": blocking.map((sid) => ({ sid, cause: "resource-affinity" })) }),
    };
  }

  private moveTo(id: string, node: string): void {
    const guest = this.guestOf(id);
    if (guest === undefined || this.disarmed !== undefined || !this.nodes.online().includes(node)) return;
    this.manager?.move(guest, node);
    if (this.isAskedToStart(guest)) this.settle(id, guest);
  }

  // ---- resources

  private digest(): string {
    return createHash("sha1")
      .update(JSON.stringify([...this.resources]))
      .digest("hex");
  }

  /** Whether a guest has a resource, also one that HA ignores. */
  has(guest: Guest): boolean {
    return this.resources.has(sidOf(guest));
  }

  /** Whether HA takes care of a guest. */
  manages(guest: Guest): boolean {
    return this.has(guest) && this.resources.get(sidOf(guest))?.state !== "ignored";
  }

  /** What the manager has made of a guest; nothing where there is none. */
  stateOf(guest: Guest): string | undefined {
    if (this.manager === undefined || !this.manages(guest)) return undefined;
    if (!this.isAskedToStart(guest)) return "stopped";
    return guest.running ? "started" : "error";
  }

  /** `ha` of a guest's current status. */
  of(guest: Guest): Record<string, unknown> {
    return this.manages(guest) ? { managed: 1, state: this.stateOf(guest) ?? null } : { managed: 0 };
  }

  /** Takes a guest's resource away. @returns whether there was one */
  remove(guest: Guest): boolean {
    const had = this.resources.delete(sidOf(guest));
    if (had) this.placement.forget(sidOf(guest));
    return had;
  }

  /** The id with its type, which `sid` may leave out. */
  private sid(text: string): string {
    if (text.includes(":")) return text;
    const guest = this.guests.get(Number(text));
    return guest ? sidOf(guest) : die(`unable to detect SID from VMID - VM/CT ${text} does not exist`);
  }

  create({ sid, type, state, ...more }: Values): void {
    const id = this.sid(String(sid));
    const [kind = "", name = ""] = id.split(":");
    if (type !== undefined && type !== kind) die("types does not match");
    const guest = this.guestOf(id) ?? die(`resource '${id}' does not exist in cluster`);
    if (sidOf(guest) !== id)
      die(`resource '${id}' - guest with ID ${name} is not a ${kind === "vm" ? "VM" : "container"}`);
    if (this.resources.has(id)) die(`create resource failed: resource ID '${id}' already defined`);
    this.resources.set(id, { sid: id, type: kind, state: state ?? "started", ...more });
    this.manage(id);
  }

  get(text: string): Values {
    const id = this.sid(text);
    const found = this.resources.get(id) ?? die(`no such resource '${id}'`);
    return { ...found, digest: this.digest() };
  }

  list(type?: string): Values[] {
    return [...this.resources.values()]
      .filter((resource) => type === undefined || resource.type === type)
      .map((resource) => ({ ...resource, digest: this.digest() }));
  }

  update({ sid, delete: remove, digest, ...more }: Values): void {
    const id = this.sid(String(sid));
    const failed = (why: string) => die(`update resources config failed: ${why}`);
    if (digest !== undefined && digest !== "" && digest !== this.digest())
      failed("detected modified configuration - file changed by other user? Try again.");
    const found = this.resources.get(id) ?? failed(`no such resource '${id}'`);
    Object.assign(found, more);
    for (const key of words(remove)) delete found[key];
    this.manage(id);
  }

  /** @param purge whether it leaves its rules, too */
  delete(text: string, purge: boolean): void {
    const id = this.sid(text);
    if (!this.resources.delete(id)) die(`cannot delete service '${id}', not HA managed!`);
    if (purge) this.placement.forget(id);
  }
}
