import type { Rrset, ZoneContent } from "./nameserver";

/** Milliseconds for which a zone's content is believed: others change it, too, which every write finds out for itself. */
const lifetime = 60_000;

/** What a zone holds: read once for all who ask, and kept up with this program's own changes. */
export class ZoneCache {
  private known?: { content: ZoneContent; at: number };
  private transfer?: Promise<ZoneContent>;
  /** Updates that were accepted while a transfer was under way, which may show them or not. */
  private meanwhile: string[] = [];

  constructor(private readonly read: () => Promise<ZoneContent>) {}

  get(): Promise<ZoneContent> {
    if (this.known && Date.now() - this.known.at < lifetime) return Promise.resolve(this.known.content);
    if (this.transfer) return this.transfer;
    this.meanwhile = [];
    const transfer = this.read().then(
      (content) => {
        apply(content, this.meanwhile);
        if (this.transfer === transfer) {
          this.known = { content, at: Date.now() };
          this.transfer = undefined;
        }
        return content;
      },
      (error: unknown) => {
        if (this.transfer === transfer) this.transfer = undefined;
        throw error;
      },
    );
    this.transfer = transfer;
    return transfer;
  }

  /** Takes over updates (lines of nsupdate) that the server accepted. */
  accepted(updates: string[]): void {
    if (this.known) apply(this.known.content, updates);
    this.meanwhile.push(...updates);
  }

  /** Somebody else changed the zone, or nobody knows whether a change was made: who asks next gets a new transfer. */
  forget(): void {
    this.known = undefined;
    this.transfer = undefined;
  }
}

/** Makes the changes of `update` lines, as they were sent, in a zone's content. Doing so twice changes nothing more. */
function apply(content: ZoneContent, updates: string[]): void {
  for (const line of updates) {
    const [, name, type] = /^update delete (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) {
      const types = content.get(name);
      types?.delete(type);
      if (types?.size === 0) content.delete(name);
      continue;
    }
    const [, added, ttl, kind, value] = /^update add (\S+) (\d+) (\S+) (.*)$/.exec(line) ?? [];
    if (added === undefined || kind === undefined || value === undefined) continue;
    const types = content.get(added) ?? new Map<string, Rrset>();
    const rrset = types.get(kind) ?? { ttl: Number(ttl), values: [] };
    if (!rrset.values.includes(value)) rrset.values.push(value);
    content.set(added, types.set(kind, rrset));
  }
}
