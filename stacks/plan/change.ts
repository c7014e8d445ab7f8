// What a run is about to do, as data: one row an object.

/** What a change does to what people use. */
export const effects = [
  /** Deletes a guest with its disks, for good or to make it anew. */
  "removes",
  /** Deletes a guest and makes it anew. */
  "rebuilds",
  "stops",
  "restarts",
  /** Moves a guest to another node. */
  "migrates",
  /** Gives a guest another address, or takes a given one from it. */
  "renumbers",
  /** Gives an address back that a guest which stays has. */
  "releases",
  /** Removes a name from DNS whose guests stay. */
  "removesNames",
  /** Detaches a disk, which its guest then no longer has. */
  "detaches",
  /** Moves a disk to another storage. */
  "moves",
] as const;
export type Effect = (typeof effects)[number];

export type System = "NetBox" | "Proxmox VE" | "DNS";
/** What is adopted is there already: it gets a mark, and the engine calls that a create. */
export type Action = "create" | "adopt" | "update" | "replace" | "delete";

/** A property that a change gives another value. Unknown ones are left out of `after`. */
export interface FieldChange {
  name: string;
  before?: unknown;
  after?: unknown;
}

export interface Change {
  /** What it is: `VM`, `container`, `address`, `name`, … */
  object: string;
  /** As a person names it: `web01`, `10.0.0.5/24 of web01 net0`. */
  name: string;
  /** Its page, or its guest's, in NetBox. */
  url?: string;
  system: System;
  action: Action;
  fields: FieldChange[];
  effects: Effect[];
}
