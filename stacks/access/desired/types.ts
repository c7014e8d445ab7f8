import type { ObjectRow } from "../../../providers/netbox/objects/object.model";
import type { NetboxTokenInputs } from "../../../providers/netbox/users/token.model";
import type { AclInputs } from "../../../providers/proxmox/access/acl.model";
import type { GroupInputs } from "../../../providers/proxmox/access/group.model";
import type { RoleInputs } from "../../../providers/proxmox/access/role.model";
import type { TokenInputs } from "../../../providers/proxmox/access/token.model";
import type { UserInputs } from "../../../providers/proxmox/access/user.model";
import type { AccessView } from "../../../providers/proxmox/access/view";
import type { Destination } from "../../../providers/sinks/secretsink.model";
import { KnownResources } from "../../known";
import type { DeclaredNetboxObject } from "../../netbox/declared";
import type { PlaceOf } from "../../yamlfile";
import type { AccessFile } from "./file";
import type { Ages } from "./rotation";

/** One cluster as it is now. */
export interface AccessCluster {
  name: string;
  /** `9.2.11`. */
  version: string;
  view: AccessView;
  /** Who asked. */
  authId: string;
  isByToken: boolean;
}

/** NetBox's users as they are now. */
export interface NetboxAccess {
  url: string;
  users: ObjectRow[];
  groups: ObjectRow[];
  permissions: ObjectRow[];
  /** Who asked: id, username, groups. */
  self: { id: number; username: string; groups: { id: number }[] };
  isSuperuser: boolean;
  /** Python's names of those that are installed. */
  plugins: string[];
}

export interface AccessFacts {
  stack: string;
  file: AccessFile;
  placeOf: PlaceOf;
  clusters: AccessCluster[];
  netbox: NetboxAccess;
  known: KnownResources;
  /** The fingerprints of the passwords, by name. */
  passwordVersions: Record<string, string>;
  vault: { address: string | undefined; namespace?: string | undefined; caFile?: string | undefined };
  /** How long a rotated token goes on, where its entry doesn't say. Seconds. */
  overlap: number;
  /** Seconds since 1970. */
  now: number;
}

/** An object to declare, by its logical name, after others by theirs. */
export interface Named<I> {
  name: string;
  inputs: I;
  after: string[];
}

/** Where a token's secret goes. */
export interface PlannedSink {
  name: string;
  destination: Destination;
}

/** A token of an entry; its current one has the sinks. */
export interface PlannedToken<I> extends Named<I> {
  /** Of the entry: `pve-lab/netbox@pve!site`. */
  entry: string;
  isCurrent: boolean;
  sinks: PlannedSink[];
}

/** One token in the outputs, without its secret. Times in seconds since 1970. */
export interface TokenRow extends Ages {
  /** `pve-lab/netbox@pve!site`, `NetBox/netbox-site/site`. */
  token: string;
  /** Of the two that take turns, the one that gives both their name. */
  entry: string;
  generation: number;
  state: "current" | "overlapping";
  /** Nothing before it is made. */
  madeAt: number | undefined;
  expire: number;
  retires: number | undefined;
}

/** A change of who may do what, before it is made. */
export interface AccessChange {
  /** A cluster's name, or `NetBox`. */
  where: string;
  /** `role NetboxSiteGuests`. */
  what: string;
  change: "granted" | "changed" | "taken away" | "rotated";
  from?: string;
  to?: string;
}

/** What is declared on Proxmox VE. */
export interface ClusterObjects {
  roles: Named<RoleInputs>[];
  groups: Named<GroupInputs>[];
  users: Named<UserInputs>[];
  acl: Named<AclInputs>[];
  tokens: PlannedToken<TokenInputs>[];
}

export interface AccessPlan extends ClusterObjects {
  netboxObjects: DeclaredNetboxObject[];
  netboxTokens: PlannedToken<NetboxTokenInputs>[];
  rows: TokenRow[];
  changes: AccessChange[];
  warnings: string[];
  problems: string[];
}
