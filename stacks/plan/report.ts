import type { Change } from "./change";

// The plan as it is shown to people and given to other tools.

/** What a rule of policies.yml says of one object. */
export interface PolicyResult {
  policy: string;
  severity: "refuse" | "warn";
  /** What it says it of, as changes name it. */
  object: string;
  name: string;
  url?: string;
  message: string;
  /** The tag in NetBox that excepts the object, and until when. */
  exception?: { tag: string; until?: string };
}

/** What the plan leaves on a node or a storage. */
export interface CapacityRow {
  kind: "node memory" | "node CPU" | "storage";
  cluster: string;
  /** `pve1`, `local-lvm`; a storage of one node as `pve1/local-lvm`. */
  name: string;
  unit: "MiB" | "cores" | "GiB";
  total: number;
  before: number;
  after: number;
  warning?: string;
}

/** All that a plan says. `netbox-proxmox plan --json` prints it. */
export interface PlanReport {
  /** Of this form; another form has another number. */
  format: 1;
  /** `project/stack`. */
  stack: string;
  program: string;
  /** ISO 8601. */
  madeAt: string;
  /** Does it show what was changed by hand since the last run? */
  isRefreshed: boolean;
  /** The branch of NetBox that it was read from. */
  branch?: { name: string; url: string };
  changes: Change[];
  /** Of a plan that is about some guests: those alone are in `changes`. */
  chosen?: {
    /** As it was written: `--only web01`. */
    by: string;
    /** What Pulumi has to be told, each by `--target`. */
    urns: string[];
    /** Changes of all others. */
    others: number;
  };
  /** Resources that stay as they are. */
  unchanged: number;
  /** What stands in the way: with any, `up` does nothing. */
  problems: string[];
  warnings: string[];
  notes: string[];
  policies: PolicyResult[];
  capacity: CapacityRow[];
}
