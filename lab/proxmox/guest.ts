import { createHash } from "node:crypto";
import { die } from "./errors";
import type { TagStyle } from "./options";
import type { Value, Values } from "./schema/parameters";

export interface GuestSnapshot {
  config: Map<string, Value>;
  /** Unix seconds. */
  snaptime: number;
  description: string;
  parent?: string;
  vmstate: 0 | 1;
}

/** What QEMU guests and containers have in common: a configuration file, what waits for a restart, snapshots, power. */
export abstract class Guest {
  abstract readonly type: "qemu" | "lxc";
  /** As PVE's texts call it. */
  abstract readonly noun: "VM" | "CT";
  readonly config = new Map<string, Value>();
  /** An option's next value, or null where it will be deleted. */
  readonly pending = new Map<string, Value | null>();
  readonly snapshots = new Map<string, GuestSnapshot>();
  /** The snapshot that the present state comes from. */
  parent?: string;
  running = false;
  paused = false;
  /** Milliseconds of the clock. */
  startedAt = 0;
  createdAt = 0;
  pid = 0;

  constructor(
    readonly vmid: number,
    public node: string,
  ) {}

  abstract get name(): string;

  get template(): boolean {
    return this.config.get("template") === 1;
  }

  get lock(): string | undefined {
    const lock = this.config.get("lock");
    return lock === undefined ? undefined : String(lock);
  }

  text(key: string): string | undefined {
    const value = this.config.get(key);
    return value === undefined ? undefined : String(value);
  }

  digest(): string {
    const hash = createHash("sha1");
    for (const map of [this.config, this.pending])
      for (const key of [...map.keys()].sort()) hash.update(`${key}: ${map.get(key)}\n`);
    for (const [name, { description }] of this.snapshots) hash.update(`[${name}] ${description}\n`);
    return hash.update(this.parent ?? "").digest("hex");
  }

  protected masked(values: Map<string, Value>): Values {
    return {
      ...Object.fromEntries(values),
      ...(values.has("cipassword") ? { cipassword: "**********" } : {}),
    };
  }

  /** What `…/config` answers: pending values shown as if in force, unless the current ones are asked for. */
  shown(current: boolean): Values {
    const merged = new Map(this.config);
    if (!current)
      for (const [key, value] of this.pending) {
        if (value === null) merged.delete(key);
        else merged.set(key, value);
      }
    return {
      ...this.masked(merged),
      ...(this.parent === undefined ? {} : { parent: this.parent }),
      digest: this.digest(),
    };
  }

  /** Does a snapshot hold the volume of a slot? */
  isSnapshotted(slot: string, volid: string): boolean {
    return [...this.snapshots.values()].some(({ config }) => String(config.get(slot) ?? "").includes(volid));
  }

  snapshot(name: string): GuestSnapshot {
    return this.snapshots.get(name) ?? die(`snapshot '${name}' does not exist`);
  }

  shownSnapshot(name: string): Values {
    const { config, snaptime, description, parent } = this.snapshot(name);
    return {
      ...this.masked(config),
      snaptime,
      ...(description === "" ? {} : { description }),
      ...(parent === undefined ? {} : { parent }),
    };
  }

  /** A snapshot's configuration as `…/config` answers it: with the file's digest. */
  shownAt(name: string): Values {
    return { ...this.shownSnapshot(name), digest: this.digest() };
  }

  /** `…/pending`: every option with its value, and its next one where it has to wait. */
  shownPending(): Record<string, Value>[] {
    // Whatever is a plain value of the configuration, the digest and the snapshot's name among them (PVE::GuestHelpers).
    const now: Values = {
      ...this.masked(this.config),
      ...(this.parent === undefined ? {} : { parent: this.parent }),
      digest: this.digest(),
    };
    const keys = new Set([...Object.keys(now), ...this.pending.keys()]);
    return [...keys].map((key) => {
      const next = this.pending.get(key);
      const value = now[key];
      return {
        key,
        ...(value === undefined ? {} : { value }),
        ...(next === undefined ? {} : next === null ? { delete: 1 } : { pending: next }),
      };
    });
  }

  checkLock(): void {
    if (this.lock !== undefined) die(`${this.noun} is locked (${this.lock})`);
  }

  /** A volume that is detached stays with its guest. */
  keepUnused(volid: string): void {
    let n = 0;
    while (this.config.has(`unused${n}`)) n++;
    this.config.set(`unused${n}`, volid);
  }
}

/** Tags sorted, lower-cased and once each, unless the cluster's style says otherwise; none read back as one space. */
export function normalizeTags(text: string, { asGiven, caseSensitive }: TagStyle): string {
  const tags = text.split(/[;, ]+/).filter((tag) => tag !== "");
  const once = [...new Set(caseSensitive ? tags : tags.map((tag) => tag.toLowerCase()))];
  return (asGiven ? once : once.sort()).join(";") || " ";
}
