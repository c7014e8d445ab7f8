import type { Owner, RecordType } from "../../providers/bind9/record.model";
import type { Mark } from "../../providers/mark";
import type { GuestInputs } from "../../providers/netbox/guest.model";
import type { IpAllocationInputs } from "../../providers/netbox/ipallocation.model";
import type {
  NetboxAddress,
  NetboxCustomField,
  NetboxDisk,
  NetboxInterface,
  NetboxPrefix,
  NetboxRange,
  NetboxVirtualMachine,
} from "../../providers/netbox/schemas";
import type { GuestResource } from "../../providers/proxmox/schemas";
import type { Disk, VmInputs } from "../../providers/proxmox/vm.model";

/** What NetBox holds of the clusters in scope. */
export interface NetboxFacts {
  url: string;
  guests: NetboxVirtualMachine[];
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
  addresses: NetboxAddress[];
  prefixes: NetboxPrefix[];
  ranges: NetboxRange[];
  customFields: NetboxCustomField[];
}

/** A template as far as guests made from it are concerned. */
export interface TemplateFacts {
  name: string;
  node: string;
  disks: Record<string, Required<Pick<Disk, "size" | "storage">>>;
  hasCloudInitDrive: boolean;
}

/** A guest on Proxmox whose configuration was read, as it was not known whose it is. */
export interface SeenGuest {
  vmid: number;
  name: string;
  mark?: Mark;
  /** Is it just being cloned? */
  cloning: boolean;
  /** Addresses of its cloud-init configuration, with prefix length, by NIC number. */
  addresses: Record<string, string[]>;
}

export interface ProxmoxFacts {
  guests: GuestResource[];
  templates: Map<number, TemplateFacts>;
  seen: Map<number, SeenGuest>;
}

/** A guest as state has it: trusted for what it says, re-checked before every write. */
export interface KnownGuest {
  name: string;
  cluster: string;
  vmid: number;
}

/** What is in the stack's state. */
export interface InState {
  /** By NetBox id: those with a machine on Proxmox. */
  guests: Map<number, KnownGuest>;
  netboxGuests: Set<number>;
  /** NetBox ids by allocation (`INTERFACE/v4-0`). */
  addresses: Map<string, number>;
  /** `server/name`. */
  records: Set<string>;
}

/** An address that is known, or that an allocation of this run will give. */
export type AddressRef = { address: string } | { allocation: string };

/** An address that the guest gets from its network: by DHCP, or (IPv6) by router advertisements. */
export type Automatic = { automatic: "dhcp" | "auto" };

export interface DesiredAllocation {
  /** Its logical name. */
  key: string;
  inputs: IpAllocationInputs;
}

/** The addresses of one NIC. */
export interface DesiredNic {
  slot: number;
  v4?: AddressRef | Automatic;
  v6?: AddressRef | Automatic;
  gateway4?: string;
  gateway6?: string;
}

export interface DesiredGuest {
  id: number;
  name: string;
  status: string;
  mark: Mark;
  netbox: GuestInputs;
  allocations: DesiredAllocation[];
  nics: DesiredNic[];
  /** Everything but the addresses, which may not be known yet. */
  vm: VmInputs;
}

export interface DesiredRecord {
  key: string;
  server: string;
  name: string;
  ttl: number;
  addresses: AddressRef[];
  texts: Partial<Record<Exclude<RecordType, "A" | "AAAA">, string[]>>;
  owner: Owner;
}

/** Something that stops the run: one sentence with its object, cause and remedy. */
export type Problem = string;
