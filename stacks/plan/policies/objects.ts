// What rules look at: plain values, and their types in CEL.

export interface PolicyDisk {
  /** Its slot: `scsi0`, `rootfs`. */
  name: string;
  /** MiB; 0 where it is not known. */
  size: number;
  storage: string;
  /** Do backups hold it (PVE's option `backup`)? */
  isBackedUp: boolean;
}

export interface PolicyNic {
  /** Its slot: `net0`. */
  name: string;
  bridge: string;
  /** Of the untagged VLAN; 0 where it has none. */
  vlan: number;
}

export interface PolicyAddress {
  /** `10.0.0.5/24`; empty where this run will get it. */
  address: string;
  /** The same without the length. */
  host: string;
  family: number;
  /** Can the internet reach it? Of one to come, its source tells. */
  isPublic: boolean;
  /** The interface's name in NetBox. */
  interface: string;
  dnsName: string;
}

export interface PolicyService {
  name: string;
  protocol: string;
  ports: number[];
  /** Hosts that it listens on; every one of the guest where there are none. */
  addresses: string[];
}

export interface PolicyContact {
  name: string;
  role: string;
}

/** A guest as it is to be; texts are empty where nothing is known. */
export interface PolicyGuest {
  id: number;
  name: string;
  url: string;
  /** `vm` or `lxc`. */
  type: string;
  status: string;
  cluster: string;
  /** The node that it is on, or will be; empty where Proxmox VE chooses. */
  node: string;
  vmid: number;
  site: string;
  tenant: string;
  role: string;
  platform: string;
  tags: string[];
  /** Every custom field of virtual machines, as text. */
  customFields: Record<string, string>;
  /** MiB. */
  memory: number;
  /** Of all sockets. */
  cores: number;
  disks: PolicyDisk[];
  nics: PolicyNic[];
  addresses: PolicyAddress[];
  services: PolicyService[];
  contacts: PolicyContact[];
  /** Ids of the enabled vzdump jobs that take it. */
  backupJobs: string[];
  pool: string;
  /** `none`, `managed`, or an HA group or rule. */
  ha: string;
  /** PVE's options by name. */
  options: Record<string, string>;
  /** `running`, `paused` or `stopped`. */
  power: string;
  /** Is it made by this run? */
  isNew: boolean;
  /** Is there a change of it in the plan? */
  isChanged: boolean;
}

export interface PolicyField {
  name: string;
  before: unknown;
  after: unknown;
}

export interface PolicyChange {
  object: string;
  name: string;
  url: string;
  system: string;
  action: string;
  effects: string[];
  fields: PolicyField[];
  /** Its guest; one whose name is empty where it is of none. */
  guest: PolicyGuest;
}

export interface PolicyGroup {
  /** What its guests have in common. */
  name: string;
  guests: PolicyGuest[];
  /** MiB of all of them. */
  memory: number;
  cores: number;
  /** GiB of all of their disks. */
  disk: number;
}

/** By type, its fields and theirs; `Guest` and so on are one another's. */
export const policyTypes = {
  Disk: { name: "string", size: "int", storage: "string", isBackedUp: "bool" } satisfies Of<PolicyDisk>,
  Nic: { name: "string", bridge: "string", vlan: "int" } satisfies Of<PolicyNic>,
  Address: {
    ...{ address: "string", host: "string", family: "int", isPublic: "bool", interface: "string", dnsName: "string" },
  } satisfies Of<PolicyAddress>,
  Service: {
    ...{ name: "string", protocol: "string", ports: "list<int>", addresses: "list<string>" },
  } satisfies Of<PolicyService>,
  Contact: { name: "string", role: "string" } satisfies Of<PolicyContact>,
  Guest: {
    ...{ id: "int", name: "string", url: "string", type: "string", status: "string", cluster: "string" },
    ...{ node: "string", vmid: "int", site: "string", tenant: "string", role: "string", platform: "string" },
    ...{ tags: "list<string>", customFields: "map<string, string>", memory: "int", cores: "int" },
    ...{ disks: "list<Disk>", nics: "list<Nic>", addresses: "list<Address>", services: "list<Service>" },
    ...{ contacts: "list<Contact>", backupJobs: "list<string>", pool: "string", ha: "string" },
    ...{ options: "map<string, string>", power: "string", isNew: "bool", isChanged: "bool" },
  } satisfies Of<PolicyGuest>,
  Field: { name: "string", before: "dyn", after: "dyn" } satisfies Of<PolicyField>,
  Change: {
    ...{ object: "string", name: "string", url: "string", system: "string", action: "string" },
    ...{ effects: "list<string>", fields: "list<Field>", guest: "Guest" },
  } satisfies Of<PolicyChange>,
  Group: {
    ...{ name: "string", guests: "list<Guest>", memory: "int", cores: "int", disk: "int" },
  } satisfies Of<PolicyGroup>,
} as const;

type Of<T> = Record<keyof T, string>;
export type PolicyTypeName = keyof typeof policyTypes;

/** Fields that cost a request each, and are read only where a rule names them. */
export const costlyFields = ["services", "contacts", "backupJobs"] as const;
export type CostlyField = (typeof costlyFields)[number];

export function groupOf(name: string, guests: PolicyGuest[]): PolicyGroup {
  const sum = (of: (guest: PolicyGuest) => number) => guests.reduce((all, guest) => all + of(guest), 0);
  const mebibytes = sum(({ disks }) => disks.reduce((all, { size }) => all + size, 0));
  return {
    ...{ name, guests, memory: sum(({ memory }) => memory), cores: sum(({ cores }) => cores) },
    disk: Math.ceil(mebibytes / 1024),
  };
}
