import { createHash } from "node:crypto";
import { die } from "./errors";
import type { Guest } from "./guest";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

const sidOf = (guest: Guest) => `${guest.type === "qemu" ? "vm" : "ct"}:${guest.vmid}`;

/** HA resources: the lab keeps the list and queues requests, it has no manager that acts on them. */
export class Ha {
  readonly resources = new Map<string, Values>();

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
    this.resources.delete(sidOf(guest));
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
  }

  delete(text: string, guests: Map<number, Guest>): void {
    const id = this.sid(text, guests);
    if (!this.resources.delete(id)) die(`cannot delete service '${id}', not HA managed!`);
  }
}
