import type { ChoicesInputs } from "../../../providers/netbox/extras/choices.model";
import type { FileInputs } from "../../../providers/proxmox/nodes/storage/file.model";
import type { TemplateInputs, TemplateOwner } from "../../../providers/proxmox/nodes/template.model";
import type { Appliance, GuestResource, NodeResource, StorageResource } from "../../../providers/proxmox/schemas";
import type { KnownResources } from "../../known";
import type { PlaceOf } from "../../yamlfile";
import type { TemplatesFile } from "./file";

/** A storage as a node sees it, and why its disks could not be read. */
export interface UnreadStorage {
  node: string;
  storage: string;
  cause: string;
}

/** A cluster as far as templates are concerned. */
export interface TemplateCluster {
  name: string;
  nodes: NodeResource[];
  storages: StorageResource[];
  /** Every guest, by VMID. */
  guests: ReadonlyMap<number, GuestResource>;
  /** Of the guests whose notes were read, whose template they are. */
  owners: ReadonlyMap<number, TemplateOwner>;
  /** By the VMID of a template, those of its linked clones. */
  linkedClones: ReadonlyMap<number, number[]>;
  /** Storages of which that could not be read, and why. */
  unreadStorages?: readonly UnreadStorage[];
  appliances: Appliance[];
  /** The nodes that are reached by ssh. */
  sshNodes: string[];
}

/**
 * What is known of an image's content: undefined of one without a checksum; or why its list couldn't be read at this moment, which is
 * nobody's mistake; or what is wrong with it.
 */
export type Checksum =
  | { algorithm: "md5" | "sha1" | "sha256" | "sha512"; hex: string }
  | { unread: string }
  | { problem: string }
  | undefined;
export type KnownChecksum = Extract<Checksum, { hex: string }> | undefined;

/** What NetBox offers, and what its guests name. */
export interface TemplateNetbox {
  url: string;
  /** The choice sets of its custom fields, by their names; undefined where a field is missing or is no selection. */
  templateSet: string | undefined;
  lxcTemplateSet: string | undefined;
  /** Values of either field that guests have. */
  used: ReadonlySet<string>;
}

export interface TemplatesFacts {
  stack: string;
  /** Names that it had before. */
  formerStacks?: readonly string[];
  file: TemplatesFile;
  placeOf: PlaceOf;
  clusters: TemplateCluster[];
  /** By the name of a template or OS template. */
  checksums: ReadonlyMap<string, Checksum>;
  known: KnownResources;
  netbox: TemplateNetbox | undefined;
  /** Hexadecimal. */
  digest: (text: string) => string;
}

export interface PlannedResource<T> {
  /** Logical name. */
  name: string;
  inputs: T;
  /** Logical names of what has to be there before. */
  after: string[];
}

export interface TemplatesPlan {
  files: PlannedResource<FileInputs>[];
  templates: PlannedResource<TemplateInputs>[];
  choices: PlannedResource<ChoicesInputs>[];
  /** What a person should know: `pve1: …`. */
  notes: string[];
  /** What is left out of this run. */
  warnings: string[];
  problems: string[];
}
