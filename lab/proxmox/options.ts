import { die } from "./errors";
import { datacenterKeys } from "./schema/options";
import type { PropertyFormat, Value, Values } from "./schema/parameters";
import { parseProperties } from "./schema/properties";
import { words } from "./schema/words";

/** How tags are kept. */
export interface TagStyle {
  /** As they were given, not by name. */
  asGiven: boolean;
  caseSensitive: boolean;
}

const sorted = (tags: string[]): string[] => [...new Set(tags)].sort();

/** The settings of a whole cluster (`datacenter.cfg`), as they are written. */
export class DatacenterOptions {
  readonly written = new Map<string, Value>();

  /** What generated MAC addresses begin with. */
  get mac_prefix(): string {
    return String(this.written.get("mac_prefix") ?? "BC:24:11");
  }

  get maxWorkers(): number | undefined {
    const count = this.written.get("max_workers");
    return count === undefined ? undefined : Number(count);
  }

  /** Ids for new guests: from the first one up to the second, which is no longer one. */
  get idRange(): [lower: number, upper: number] {
    const { lower = "100", upper = "1000000" } = this.keys("next-id");
    return [Number(lower), Number(upper)];
  }

  get tagStyle(): TagStyle {
    const style = this.keys("tag-style");
    return {
      asGiven: style.ordering === "config",
      caseSensitive: /^(1|on|yes|true)$/i.test(style["case-sensitive"] ?? ""),
    };
  }

  /** Tags that only who may change the cluster's settings sets or takes away. */
  get registeredTags(): string[] {
    return sorted(words(this.written.get("registered-tags")));
  }

  /** Which tags others may set, and those that a list names. */
  get tagAccess(): { allow: string; list: string[] } {
    const { "user-allow": allow = "free", "user-allow-list": list } = this.keys("user-tag-access");
    return { allow, list: sorted(words(list)) };
  }

  private keys(option: string): Record<string, string> {
    const format: PropertyFormat = datacenterKeys[option]?.properties ?? { keys: {} };
    const parsed = parseProperties(format, String(this.written.get(option) ?? ""));
    return typeof parsed === "string" ? {} : parsed;
  }

  set({ delete: remove, ...options }: Values): void {
    const next = new Map([...this.written, ...Object.entries(options)]);
    for (const option of words(remove)) next.delete(option);
    const changed = new DatacenterOptions();
    for (const [option, value] of next) changed.written.set(option, value);
    const [lower, upper] = changed.idRange;
    if (lower > upper) die(`lower (${lower}) <= upper (${upper}) boundary rule broken`);
    this.written.clear();
    for (const [option, value] of next) this.written.set(option, value);
  }

  /** As the API shows them: those with keys as objects. */
  shown(): Record<string, unknown> {
    const found: Record<string, unknown> = { description: "" };
    for (const [option, value] of this.written) found[option] = this.shownOne(option, value);
    found.mac_prefix = this.mac_prefix;
    return found;
  }

  private shownOne(option: string, value: Value): unknown {
    const format = datacenterKeys[option]?.properties;
    if (option === "registered-tags") return this.registeredTags;
    if (format === undefined || option === "bwlimit") return value;
    const keys: Record<string, unknown> = this.keys(option);
    for (const [key, { type }] of Object.entries(format.keys))
      if (type === "boolean" && keys[key] !== undefined)
        keys[key] = /^(1|on|yes|true)$/i.test(String(keys[key])) ? 1 : 0;
    if (keys["user-allow-list"] !== undefined) keys["user-allow-list"] = this.tagAccess.list;
    return keys;
  }
}
