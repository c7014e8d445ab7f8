import { stringify } from "yaml";
import type { NetboxClient } from "../providers/netbox/client";
import { row } from "../providers/netbox/objects/objects";
import {
  ipAddress,
  ipAddressFields,
  type NetboxAddress,
  type NetboxDisk,
  type NetboxInterface,
  type NetboxVirtualMachine,
  virtualDisk,
  virtualDiskFields,
  virtualMachine,
  virtualMachineFields,
  vmInterface,
  vmInterfaceFields,
} from "../providers/netbox/schemas";
import { groupBy, withoutUndefined } from "../providers/values";
import type { VmsFile, VmsGuest } from "../stacks/intent/desired/file";
import type { CustomFieldNames } from "../stacks/netbox/customfields";

/** The guests that NetBox holds, in the form of a vms.yml that wants just these. */
export async function exportVms(
  netbox: NetboxClient,
  fields: CustomFieldNames,
  chosen: { clusters: string[]; tags: string[] },
): Promise<VmsFile> {
  const [all, interfaces, disks, addresses, roles, platforms] = await Promise.all([
    netbox.list("virtualization/virtual-machines", virtualMachine, virtualMachineFields),
    netbox.list("virtualization/interfaces", vmInterface, `${vmInterfaceFields},description`),
    netbox.list("virtualization/virtual-disks", virtualDisk, virtualDiskFields),
    netbox.list("ipam/ip-addresses", ipAddress, ipAddressFields),
    netbox.list("dcim/device-roles", row, "id,name,slug"),
    netbox.list("dcim/platforms", row, "id,name,slug"),
  ]);
  const guests = all
    .filter(({ clusterName }) => chosen.clusters.length === 0 || chosen.clusters.includes(clusterName ?? ""))
    .filter(({ tags }) => chosen.tags.length === 0 || tags.some((tag) => chosen.tags.includes(tag)))
    .filter(({ status, clusterName }) => status !== "decommissioning" && clusterName !== undefined)
    .sort((a, b) => a.name.localeCompare(b.name) || a.id - b.id);
  const keys = keysOf(guests);
  const named = (rows: Record<string, unknown>[], slug: string | undefined) =>
    slug === undefined ? undefined : String(rows.find((each) => each.slug === slug)?.name ?? slug);
  const [ofInterfaces, ofDisks, ofAddresses] = [
    groupBy(interfaces, ({ guestId }) => guestId),
    groupBy(disks, ({ guestId }) => guestId),
    groupBy(addresses, ({ interfaceId }) => interfaceId),
  ];
  return {
    guests: Object.fromEntries(
      guests.map((guest, n): [string, VmsGuest] => {
        const key = keys[n] ?? guest.name;
        const mapped = guestOf(guest, fields, {
          role: named(roles, guest.role),
          platform: named(platforms, guest.platform),
          interfaces: ofInterfaces.get(guest.id) ?? [],
          disks: ofDisks.get(guest.id) ?? [],
          addresses: ofAddresses,
        });
        return [key, key === guest.name ? mapped : { name: guest.name, ...mapped }];
      }),
    ),
  };
}

/** A key of its own for each: its name, where others have that with its cluster, and with its id where that is not enough. */
function keysOf(guests: NetboxVirtualMachine[]): string[] {
  const forms = [
    ({ name }: NetboxVirtualMachine) => name,
    ({ name, clusterName = "" }: NetboxVirtualMachine) => `${name} ${clusterName}`,
    ({ name, id }: NetboxVirtualMachine) => `${name} ${id}`,
  ];
  const groups = forms.map((form) => groupBy(guests, form));
  return guests.map((guest) => {
    const form = forms.find((each, n) => groups[n]?.get(each(guest))?.length === 1);
    return (form ?? forms[0])?.(guest) ?? guest.name;
  });
}

interface Parts {
  role: string | undefined;
  platform: string | undefined;
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
  addresses: Map<number | undefined, NetboxAddress[]>;
}

function guestOf(guest: NetboxVirtualMachine, fields: CustomFieldNames, parts: Parts): VmsGuest {
  const { role, platform, interfaces, disks, addresses } = parts;
  const own = new Map(guest.customFields);
  const take = (name: string) => {
    const value = own.get(name);
    own.delete(name);
    return value;
  };
  const type = take(fields.type);
  const template = take(type === "lxc" ? fields.lxcTemplate : fields.template);
  const vmid = take(fields.vmid);
  const primary = interfaces.find(({ id }) =>
    (addresses.get(id) ?? []).some((each) => Object.values(guest.primaryIds).includes(each.id)),
  );
  return withoutUndefined({
    cluster: guest.clusterName,
    type: type === "lxc" || type === "vm" ? type : undefined,
    role,
    platform,
    vmid: vmid === undefined ? undefined : Number(vmid),
    template: template !== undefined && /^\d+$/.test(template) ? Number(template) : template,
    node: take(fields.node),
    storage: take(fields.storage),
    vcpus: guest.vcpus,
    memory: guest.memory,
    description: guest.description || undefined,
    comments: guest.comments || undefined,
    tags: listed(guest.tags),
    customFields: mapped(own),
    disks: disks.length === 0 ? undefined : Object.fromEntries(disks.map((disk) => diskOf(disk, fields))),
    interfaces:
      interfaces.length === 0
        ? undefined
        : Object.fromEntries(interfaces.map((each) => interfaceOf(each, addresses.get(each.id) ?? [], fields))),
    primary: primary?.name,
  });
}

const listed = <T>(values: T[]): T[] | undefined => (values.length === 0 ? undefined : values);
function mapped(values: Map<string, string | undefined>): Record<string, string> | undefined {
  const given = [...values].flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return given.length === 0 ? undefined : Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function diskOf({ name, size, customFields }: NetboxDisk, fields: CustomFieldNames) {
  const own = new Map(customFields);
  const storage = own.get(fields.diskStorage);
  own.delete(fields.diskStorage);
  if (storage === undefined && mapped(own) === undefined) return [name, size];
  return [name, withoutUndefined({ size, storage, customFields: mapped(own) })];
}

type InterfaceOf = NonNullable<VmsGuest["interfaces"]>[string];

function interfaceOf(
  each: NetboxInterface,
  addresses: NetboxAddress[],
  fields: CustomFieldNames,
): [string, InterfaceOf] {
  const own = new Map(each.customFields);
  const bridge = own.get(fields.bridge);
  own.delete(fields.bridge);
  const names = [...new Set(addresses.map((address) => address.dnsName))];
  // One name for all of them; where they differ, each keeps its own.
  const dnsName = names.length === 1 ? names[0] || undefined : undefined;
  return [
    each.name,
    withoutUndefined({
      vlan: each.untaggedVlan?.vid,
      taggedVlans: listed(each.taggedVids),
      mac: each.mac,
      mtu: each.mtu,
      enabled: each.enabled ? undefined : false,
      bridge,
      addresses: listed(addresses.map(({ address }) => address)),
      dnsName,
      customFields: mapped(own),
    }),
  ];
}

/** As YAML, with what editors need to know the schema. */
export const printVms = (file: VmsFile): string =>
  `# yaml-language-server: $schema=vms.schema.json\n${stringify(file, { lineWidth: 0 })}`;
