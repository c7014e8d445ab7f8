import type { RecordOwner, RecordType } from "../../../providers/dns/bind9/record.model";
import type { IpAllocationInputs } from "../../../providers/netbox/ipam/ipallocation.model";
import type { DnsRecordInputs } from "../../../providers/netbox/plugins/dnsrecord.model";
import type {
  NetboxAddress,
  NetboxCustomField,
  NetboxDisk,
  NetboxDnsView,
  NetboxDnsZone,
  NetboxEventRule,
  NetboxInterface,
  NetboxPluginRecord,
  NetboxPrefix,
  NetboxRange,
  NetboxVirtualMachine,
} from "../../../providers/netbox/schemas";
import type { NetboxGuestInputs } from "../../../providers/netbox/virtualization/guest.model";
import type { Mark } from "../../../providers/ownership/mark";
import type { Self } from "../../../providers/ownership/owner";
import type { Disk } from "../../../providers/proxmox/nodes/guest.model";
import type { ContainerInputs } from "../../../providers/proxmox/nodes/lxc/container.model";
import type { VmInputs } from "../../../providers/proxmox/nodes/qemu/vm.model";
import type { KeptSnapshot, SnapshotInputs } from "../../../providers/proxmox/nodes/snapshot.model";
import type { Unread } from "../../../providers/proxmox/reads";
import type {
  GuestConfig,
  GuestResource,
  GuestType,
  NodeResource,
  StorageResource,
} from "../../../providers/proxmox/schemas";
import type { StateResource } from "../../known";
import type { Family } from "../../netbox/address";
import type { Ipam } from "../../netbox/ipam";
import type { Settings } from "../../settings";
import type { SnapshotGroup } from "../settings";
import type { KnownName } from "./names";
import type { GuardedTags, Rights } from "./rights";
import type { StillUsed } from "./stillused";

/** What NetBox holds of the clusters in scope. */
export interface NetboxFacts {
  url: string;
  guests: NetboxVirtualMachine[];
  /** Machines on no cluster that would be built on one. */
  homeless: { id: number; name: string }[];
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
  addresses: NetboxAddress[];
  prefixes: NetboxPrefix[];
  ranges: NetboxRange[];
  /** Its addresses, prefixes and ranges, indexed. */
  ipam: Ipam;
  customFields: NetboxCustomField[];
  /** Undefined where the token may not see them. */
  eventRules: NetboxEventRule[] | undefined;
}

/** What netbox-dns holds of the zones that our name servers keep. */
export interface PluginFacts {
  views: NetboxDnsView[];
  zones: NetboxDnsZone[];
  records: NetboxPluginRecord[];
}

/** A template as far as guests made from it are concerned. */
export interface TemplateFacts {
  name: string;
  node: string;
  type: GuestType;
  disks: Record<string, Required<Pick<Disk, "size" | "storage">>>;
  /** What stands at the slots of disks and is none, in words. */
  others?: Record<string, string>;
  /** Every storage that it has a volume on. */
  storages: string[];
  hasCloudInitDrive: boolean;
}

/** A guest on Proxmox whose configuration was read, as it was not known whose it is. */
export interface ExaminedGuest {
  vmid: number;
  type: GuestType;
  name: string;
  mark?: Mark;
  /** Is it just being made? */
  making: boolean;
  /** Addresses of its configuration, with prefix length, by NIC number. */
  addresses: Record<string, string[]>;
  config: GuestConfig;
}

/** What a cluster has of the things that its guests name, as far as some guest names such and the token may see it. */
export interface ProxmoxOffers {
  /** What the token may do. */
  rights: Rights;
  /** Tags that it may not set; undefined where it may set all, or doesn't see which, or no guest has any. */
  tags: GuardedTags | undefined;
  /** Pools that it may audit. */
  pools: Set<string>;
  /** Of any node that is online. */
  cpuModels: Set<string> | undefined;
  /** Does this release give the cluster's own CPU models only to who may use them? */
  guardsCpuModels: boolean;
  /** HA groups or node affinity rules. */
  ha: { noun: string; names: Set<string> } | undefined;
  /** Storages that keep snapshots as a chain of volumes. */
  chained: Set<string> | undefined;
  /** By `node/storage`, the volumes of snippets there; only of storages whose snippets the token is shown. */
  snippets: Map<string, Set<string>>;
}

export interface ProxmoxFacts {
  /** By VMID. */
  guests: Map<number, GuestResource>;
  templates: Map<number, TemplateFacts>;
  /** Guests whose configuration was read, by VMID. */
  seen: Map<number, ExaminedGuest>;
  /** Why guests that had to be looked at could not be, by VMID; those on a node that is away aren't among them. */
  unread?: Map<number, string>;
  nodes: NodeResource[];
  storages: StorageResource[];
  /** By node, the bridges and vnets with their MTU where it is set; nothing of a node that doesn't say. */
  bridges: Map<string, Map<string, number | undefined>>;
  /** By node, the Linux bridges that are not VLAN aware, and whether they have a port to tag VLANs on. */
  vlanUnaware?: Map<string, Map<string, { hasPorts: boolean }>>;
  /** By volume, the nodes that have this OS template; only of those that new containers are made from. */
  osTemplates: Map<string, string[]>;
  /** Storages that could have them and could not be read: `local on pve1`. */
  unreadStorages?: Unread[];
  /** Nodes whose bridges could not be read. */
  unreadNodes?: Unread[];
  /** Left out where a caller has not asked. */
  offers?: ProxmoxOffers;
}

/** What state has of a machine: trusted for what it says, re-checked before every write. */
export interface KnownGuest {
  type: GuestType;
  name: string;
  cluster: string;
  vmid: number;
  /** Its properties as they were last seen. */
  last: Record<string, unknown>;
}

/** What is in the stack's state. */
export interface InState {
  /** The logical names of all that the site program declared. */
  names: KnownName[];
  /** By NetBox id: those with a machine on Proxmox. */
  guests: Map<number, KnownGuest>;
  netboxGuests: Set<number>;
  /** NetBox ids of the guests that were promoted. */
  promoted: Set<number>;
  /** The safety snapshots that are there, by the guest's NetBox id. */
  snapshots: Map<number, KeptSnapshot[]>;
  /** NetBox ids by allocation (`INTERFACE/v4-0`). */
  addresses: Map<string, number>;
  /** NetBox ids of the records in netbox-dns. */
  pluginRecords: Set<number>;
  /** `server/name`, with the guests that own it. */
  records: Map<string, number[]>;
  /** Every resource of ours, as it was last seen. */
  resources: readonly StateResource[];
  /** The stack's own outputs of the last run. */
  outputs?: unknown;
}

/** All that a plan is made from. */
export interface Site {
  stack: string;
  /** The same, with the names that it had before. */
  self: Self;
  settings: Settings;
  netbox: NetboxFacts;
  proxmox: Map<string, ProxmoxFacts>;
  state: InState;
  /** Hosts that must not be handed out: guests still use them whose NetBox objects are gone. */
  stillUsed: StillUsed;
}

/** An address that is known, or that an allocation of this run will give. */
export type AddressRef = { address: string } | { allocation: string };

/** An address that the guest gets from its network: by DHCP, or (IPv6) by router advertisements. */
export type Automatic = { automatic: "dhcp" | "auto" | "manual" };

export interface DesiredAllocation {
  /** What tells it from every other one: `INTERFACE` and ordinal, or the NetBox id of a given address. */
  key: string;
  /** The interface's name. */
  nic: string;
  /** NetBox's id of its VRF; undefined is the global table. */
  vrfId: number | undefined;
  /** Is a network device configured with it? Else it is brought up by what runs in the guest. */
  isConfigurable: boolean;
  inputs: IpAllocationInputs;
}

/** The addresses of one NIC. */
export interface DesiredNic {
  slot: number;
  v4?: AddressRef | Automatic;
  v6?: AddressRef | Automatic;
  gateway4?: string;
  gateway6?: string;
  /** Families whose addresses are Proxmox VE's own: NetBox can't hold them. */
  kept?: Family[];
}

/** A machine's inputs, but for the addresses, which may not be known yet. */
export type Machine = { type: "qemu"; inputs: VmInputs } | { type: "lxc"; inputs: ContainerInputs };

export interface DesiredGuest {
  id: number;
  name: string;
  status: string;
  mark: Mark;
  /** Was it there before, and taken over? */
  adopted: boolean;
  netbox: NetboxGuestInputs;
  allocations: DesiredAllocation[];
  nics: DesiredNic[];
  machine: Machine;
  /** Is it set to active in NetBox once it runs? */
  promote: boolean;
  rebootPolicy: "never" | "ask" | "when-needed";
  /** What a snapshot is taken before, and for how many days it is kept. */
  safety: { before: SnapshotGroup[]; days: number };
}

export interface DesiredRecord {
  server: string;
  name: string;
  ttl: number;
  /** Of RRsets that have another one. */
  ttls?: Partial<Record<RecordType, number>>;
  addresses: AddressRef[];
  texts: Partial<Record<Exclude<RecordType, "A" | "AAAA">, string[]>>;
  /** Addresses that no PTR leads back from. */
  withoutPtr: string[];
  owner: RecordOwner;
  /** What is there and nobody owns is taken over. */
  adopt: boolean;
}

/** A guest's record that is to stand in netbox-dns. */
export interface DesiredPluginRecord {
  key: string;
  zoneId: number;
  zone: string;
  name: string;
  type: DnsRecordInputs["type"];
  value: AddressRef | string;
  guests: number[];
  /** The absolute name, which waits for it. */
  fqdn: string;
}

/** A guest that this run leaves out, and as much of it as the state has: all of that stays declared just as it is there. */
export interface KeptGuest {
  id: number;
  name: string;
  mark: Mark;
  netbox?: NetboxGuestInputs;
  allocations: DesiredAllocation[];
  /** With its addresses. */
  machine?: Machine;
  snapshot?: SnapshotInputs;
}

/** Something that stops the run: one sentence with its object, cause and remedy. */
export type Problem = string;

/** The same of single guests, which can be left out: their NetBox ids. With none, it stops the run. */
export interface GuestProblem {
  guests: number[];
  text: Problem;
}
