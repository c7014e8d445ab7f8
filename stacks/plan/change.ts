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

export type System = "NetBox" | "Proxmox VE" | "DNS" | "files";
/** What is adopted is there already: it gets a mark, and the engine calls that a create. */
export type Action = "create" | "adopt" | "update" | "replace" | "delete";

/** A property that a change gives another value. Unknown ones are left out of `after`. */
export interface FieldChange {
  name: string;
  before?: unknown;
  after?: unknown;
  /** Is the value secret? Neither is then given. */
  isSecret?: boolean;
  /** Is there no such property any more? Without it, an `after` that is left out is not known yet. */
  isRemoved?: boolean;
}

/** An object of NetBox as its change log names it: `virtualization.virtualmachine/7`. */
export type NetboxRef = `${string}.${string}/${number}`;

/** Why a change is in the plan. */
export type Because =
  | {
      reason: "netbox";
      user: string;
      /** ISO 8601. */
      time: string;
      action: "create" | "update" | "delete";
      /** What was changed there: `VM web01`, `interface eth0`. */
      object: string;
      /** What its author wrote. */
      message?: string;
      /** Changes of one request share it. */
      request: string;
      /** The page of the entry in NetBox's change log. */
      url: string;
    }
  /** A setting of the stack: `site.defaults.bridge`. */
  | { reason: "setting"; key: string }
  /** A line of the file that the program follows: `vms.yml:12`. */
  | { reason: "file"; place: string }
  /** Another version of this program. */
  | { reason: "version" }
  | {
      /** Changed on the system itself, by nobody that NetBox knows. */
      reason: "drift";
      /** The task of Proxmox VE that did it, and whose it is. */
      task?: { upid: string; user: string; type: string; time: string };
      /** Of a zone: its serial in the state, and now. */
      serial?: { before: number; after: number };
    }
  | { reason: "first run" }
  /** @param right what the token lacks, where that is why */
  | { reason: "unknown"; right?: string };

/** A guest as reports group by it. */
export interface ReportedGuest {
  name: string;
  /** Its page in NetBox. */
  url?: string;
}

export interface Change {
  /** Of its resource; what an interrupted run left has none. */
  urn?: string;
  /** What it is: `VM`, `container`, `address`, `name`, … */
  object: string;
  /** As a person names it: `web01`, `10.0.0.5/24 of web01 net0`. */
  name: string;
  /** Its page, or its guest's, in NetBox. */
  url?: string;
  /** The guest that it is of. */
  guest?: ReportedGuest;
  system: System;
  action: Action;
  fields: FieldChange[];
  effects: Effect[];
  /** What waits for the guest's next start, by Proxmox VE's names: it runs on without it, and is not restarted for that. */
  waits?: string[];
  /** Objects of NetBox that say so. */
  from?: NetboxRef[];
  because?: Because[];
}
