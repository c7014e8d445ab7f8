/** Where a value of a guest comes from. */
export type ValueSource =
  /** A field of NetBox's own, of the guest or of an object of it: `memory`, `mtu of interface eth0`. */
  | { kind: "field"; name: string }
  | { kind: "custom field"; name: string }
  /** A key of its config context: `proxmox.storage`. */
  | { kind: "config context"; name: string }
  /** With the prefix of the project: `netbox-proxmox:defaults.storage`. */
  | { kind: "setting"; name: string }
  /** What the guest is made from. */
  | { kind: "template"; name: string }
  /** This program's own, where nobody says anything. */
  | { kind: "default"; name: string };

/** A value that one place gives; undefined where it says nothing. @typeParam S how the place is named */
export interface Candidate<T, S = ValueSource> {
  source: S;
  value: T | undefined;
}

/** The value that holds, and those of later places that it overrules. */
export interface SourcedValue<T, S = ValueSource> {
  source: S;
  value: T;
  overrules: { source: S; value: T }[];
}

/** Of places in their order, the first that says something. */
export function firstGiven<T, S>(candidates: readonly Candidate<T, S>[]): SourcedValue<T, S> | undefined {
  const given = candidates.flatMap(({ source, value }) => (value === undefined ? [] : [{ source, value }]));
  const [first, ...others] = given;
  return first && { ...first, overrules: others };
}
