import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import { ObjectState } from "../../../providers/netbox/objects/object.model";
import type { GuestConfig, GuestResource, NodeInterface } from "../../../providers/proxmox/schemas";
import { DeclaredNetboxObject } from "../../netbox/declared";
import { NetboxView } from "../../netbox/view";
import type { Settings } from "../../settings";
import { ClusterChoices, DiscoverySettings } from "../settings";

/** What a guest's agent says, or PVE of a container from within. */
export interface AgentView {
  /** With prefix length, by MAC in capitals. */
  addresses: Record<string, string[]>;
  /** The names of network devices inside, by MAC. */
  names?: Record<string, string>;
  /** VLANs that a guest made on the device with this MAC. */
  vlans?: { name: string; mac: string; addresses: string[] }[];
  /** `Debian GNU/Linux 12`. */
  system?: string | undefined;
}

/** A guest as Proxmox VE has it. */
export interface SeenMachine
  extends Pick<GuestResource, "vmid" | "type" | "node" | "name" | "status" | "pool" | "tags"> {
  config: GuestConfig;
  snapshots: number;
  /** Undefined where nobody answered. */
  agent?: AgentView | undefined;
}

export interface SeenNode {
  node: string;
  online: boolean;
  /** Its own address, as the cluster knows it. */
  address?: string | undefined;
  interfaces: NodeInterface[];
  /** Why its interfaces could not be read, though it is online. */
  unread?: string;
}

/** One cluster as it was read, or why it wasn't. */
export type ClusterView =
  | { name: string; unreachable: string }
  | {
      name: string;
      unreachable?: undefined;
      isQuorate: boolean;
      nodes: SeenNode[];
      /** Every guest that there is, templates too, whether it was chosen or not. */
      all: GuestResource[];
      /** Those that were chosen, and whose configuration could be read. */
      machines: SeenMachine[];
      /** Why those that were chosen and are not among them could not be read, by VMID. */
      unread?: ReadonlyMap<number, string>;
      /** VMIDs of the state's that are not there, and that the token might not see. */
      unseen: Set<number>;
      storages: string[];
    };

/** A machine of the stack's state, by its logical name. */
export type KnownMachines = Map<string, MachineState>;

/** One row of the report. */
export interface ReportRow {
  cluster: string;
  vmid?: number;
  name: string;
  change: "new" | "merged" | "changed" | "same" | "gone" | "conflicting" | "handed over" | "managed" | "unreachable";
  /** What differs, field by field. */
  details: string[];
  url?: string;
}

/** All that a run of discovery is made from. */
/** What came with later releases of NetBox: start on boot with 4.5, the status paused with 4.3. */
export interface Lacking {
  startOnBoot: boolean;
  paused: boolean;
}

export interface DiscoveryFacts {
  stack: string;
  settings: DiscoverySettings;
  site: Settings["site"];
  chosen: Map<string, ClusterChoices>;
  views: ClusterView[];
  netbox: NetboxView;
  /** Machines and other objects of the stack's state, by their logical names. */
  known: KnownMachines;
  knownObjects: ReadonlyMap<string, ObjectState>;
  now: Date;
  /** What the settings say of custom fields that NetBox requires, by their names. */
  givenFields?: Record<string, unknown>;
  /** What this release of NetBox has no place for; nothing where it has all. */
  lacks?: Lacking | undefined;
}

export interface DiscoveryPlan {
  declared: DeclaredNetboxObject[];
  report: ReportRow[];
  warnings: string[];
  /** What stands in the way. */
  problems: string[];
}

/** A cluster that answered. */
export type Reached = Extract<ClusterView, { unreachable?: undefined }>;
export const isReached = (view: ClusterView): view is Reached => view.unreachable === undefined;
