import {
  containerNetworkOptions,
  containerOptions,
  diskOptions,
  efiOptions,
  guestOptions,
  networkOptions,
  tpmOptions,
  volumeOptions,
} from "../../providers/proxmox/nodes/options";
import type { CustomFieldNames } from "./customfields";
import { discoveredTags } from "./discovered";

/** A custom field that this program reads. */
export interface SchemaField {
  name: string;
  type: "text" | "longtext" | "integer" | "date" | "select";
  objectTypes: string[];
  description: string;
  /** The name of the choice set of a `select`. */
  choices?: ChoiceSetName;
}

export type ChoiceSetName =
  | "proxmox-nodes"
  | "proxmox-storages"
  | "proxmox-vm-templates"
  | "proxmox-lxc-templates"
  | "proxmox-vm-types"
  | "proxmox-reboot-policies";

const machine = ["virtualization.virtualmachine"];
const disk = ["virtualization.virtualdisk"];
const vmInterface = ["virtualization.vminterface"];

/** The custom fields by their keys in netbox-proxmox:site.customFields; types are NPA's where NPA has the field. */
export const readFields: Record<Exclude<keyof CustomFieldNames, "optionPrefix">, Omit<SchemaField, "name">> = {
  type: { type: "select", objectTypes: machine, description: "vm or lxc", choices: "proxmox-vm-types" },
  vmid: { type: "text", objectTypes: machine, description: "VMID; written by netbox-proxmox where it is left empty" },
  node: { type: "select", objectTypes: machine, description: "The node it runs on", choices: "proxmox-nodes" },
  storage: { type: "select", objectTypes: machine, description: "Where its disks go", choices: "proxmox-storages" },
  template: { type: "select", objectTypes: machine, description: "Template VMID", choices: "proxmox-vm-templates" },
  lxcTemplate: {
    type: "select",
    objectTypes: machine,
    description: "Container VMID or OS template",
    choices: "proxmox-lxc-templates",
  },
  sshKeys: { type: "longtext", objectTypes: machine, description: "Public keys, one a line" },
  pool: { type: "text", objectTypes: machine, description: "Resource pool" },
  ha: { type: "text", objectTypes: machine, description: "none, managed, or an HA group or rule" },
  user: { type: "text", objectTypes: machine, description: "cloud-init's user" },
  nameservers: { type: "text", objectTypes: machine, description: "Name servers, comma-separated" },
  searchDomain: { type: "text", objectTypes: machine, description: "DNS search domain" },
  rebootPolicy: {
    type: "select",
    objectTypes: machine,
    description: "May it be restarted for changes that need it?",
    choices: "proxmox-reboot-policies",
  },
  rebuild: { type: "integer", objectTypes: machine, description: "Another number makes the guest anew" },
  holdUntil: { type: "date", objectTypes: machine, description: "The day that its hold (tag proxmox-hold) ends" },
  diskStorage: { type: "select", objectTypes: disk, description: "Where it goes", choices: "proxmox-storages" },
  bridge: { type: "text", objectTypes: vmInterface, description: "Bridge or SDN vnet" },
  netModel: { type: "text", objectTypes: vmInterface, description: "virtio, e1000, e1000e, vmxnet3 or rtl8139" },
  allocateFrom: {
    type: "text",
    objectTypes: vmInterface,
    description: "Where its addresses come from: a prefix, range, role, vlan or tag; dhcp, slaac",
  },
  gateway: { type: "text", objectTypes: ["ipam.prefix"], description: "The prefix's gateway" },
  dnsAliases: { type: "text", objectTypes: ["ipam.ipaddress"], description: "CNAMEs to its DNS name" },
  dnsTxt: { type: "text", objectTypes: ["ipam.ipaddress"], description: "A TXT record at its DNS name" },
};

/** Everything that NetBox needs to hold what this program reads. */
export interface NetboxSchema {
  fields: SchemaField[];
  tags: string[];
  clusterTypes: string[];
  /** Roles of virtual machines, and of the nodes' devices. */
  roles: { name: string; ofMachines: boolean }[];
}

/** @param options names of PVE options that get a custom field each */
export function netboxSchema(
  names: CustomFieldNames,
  tags: { adoptTag: string; promoteTag: string; gatewayTag: string; holdTag: string },
  options: string[],
): NetboxSchema {
  const optionFields = options.map((option): SchemaField => {
    const objectTypes = [
      ...(option in guestOptions || option in containerOptions ? machine : []),
      ...([diskOptions, volumeOptions, efiOptions, tpmOptions].some((table) => option in table) ? disk : []),
      ...(option in networkOptions || option in containerNetworkOptions ? vmInterface : []),
    ];
    // A custom field's name has no hyphen.
    return {
      name: `${names.optionPrefix}${option.replaceAll("-", "_")}`,
      type: "text",
      objectTypes,
      description: `PVE's option ${option}`,
    };
  });
  return {
    fields: [
      ...Object.entries(readFields).map(([key, field]) => ({
        name: Object.entries(names).find(([each]) => each === key)?.[1] ?? key,
        ...field,
      })),
      ...optionFields,
    ],
    tags: [tags.adoptTag, tags.promoteTag, tags.gatewayTag, tags.holdTag, ...discoveredTags],
    clusterTypes: ["Proxmox"],
    roles: [
      { name: "Proxmox VM", ofMachines: true },
      { name: "Proxmox LXC", ofMachines: true },
      { name: "Proxmox node", ofMachines: false },
    ],
  };
}

/** The options that can have a custom field. */
export const knownOptions = (): string[] => [
  ...new Set(
    [
      ...[guestOptions, containerOptions, diskOptions, volumeOptions, efiOptions, tpmOptions],
      ...[networkOptions, containerNetworkOptions],
    ].flatMap((table) => Object.keys(table)),
  ),
];

/** Custom fields that only discovery writes. */
export const snapshotsField = "proxmox_snapshots";

export const missingField = "proxmox_missing_since";
