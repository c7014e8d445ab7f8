import { absolute } from "./names";

/** Zones with what is kept of each; a name's zone is the longest that holds it, found label by label. */
export class Zones<T> {
  private readonly byName = new Map<string, T>();

  /** @param zones the first of a name counts */
  constructor(zones: Iterable<readonly [zone: string, kept: T]>) {
    for (const [zone, kept] of zones) if (!this.byName.has(absolute(zone))) this.byName.set(absolute(zone), kept);
  }

  /** The zone that holds the name, absolute, and what is kept of it. */
  of(name: string): { zone: string; kept: T } | undefined {
    for (let zone = absolute(name); zone !== ""; zone = zone.slice(zone.indexOf(".") + 1)) {
      const kept = this.byName.get(zone);
      if (kept !== undefined) return { zone, kept };
    }
    return undefined;
  }
}
