import { stringify } from "yaml";
import { z } from "zod";
import type { NetboxClient } from "../providers/netbox/client";
import { nestedId } from "../providers/netbox/objects/object.model";
import { row } from "../providers/netbox/objects/objects";
import { customValue } from "../providers/netbox/objects/objecttypes";
import {
  customField,
  customFieldFields,
  ipAddress,
  ipAddressFields,
  type NetboxAddress,
  type NetboxDisk,
  type NetboxInterface,
  type NetboxVirtualMachine,
  type NetboxVrf,
  virtualDisk,
  virtualDiskFields,
  virtualMachine,
  virtualMachineFields,
  vmInterface,
  vmInterfaceFields,
} from "../providers/netbox/schemas";
import { groupBy, isRecord, withoutUndefined } from "../providers/values";
import type { VmsFile, VmsGuest, VmsVlan } from "../stacks/intent/desired/file";
import type { CustomFieldNames } from "../stacks/netbox/customfields";
import { globalTable } from "../stacks/netbox/ipam";
import { ifVisible } from "../stacks/netbox/visible";

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
  const names = await readNames(netbox, interfaces, addresses);
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
          cluster: names.cluster(guest),
          names,
        });
        return [key, key === guest.name ? mapped : { name: guest.name, ...mapped }];
      }),
    ),
  };
}

type Custom = NonNullable<VmsGuest["customFields"]>;

/** What stands for things whose names or numbers others have, too, and for other objects. */
interface Names {
  custom: (values: Map<string, string | undefined>) => Custom | undefined;
  cluster: (guest: NetboxVirtualMachine) => string | undefined;
  vlan: (vid: number, id: number | undefined) => number | VmsVlan;
  vrf: (vrf: NetboxVrf | undefined) => string;
}

async function readNames(
  netbox: NetboxClient,
  interfaces: NetboxInterface[],
  addresses: NetboxAddress[],
): Promise<Names> {
  const hasVlans = interfaces.some(
    ({ untaggedVlan, taggedVids }) => untaggedVlan !== undefined || taggedVids.length > 0,
  );
  const [clusters, definitions, vlans = []] = await Promise.all([
    netbox.list("virtualization/clusters", row, "id,name"),
    netbox.list("extras/custom-fields", customField, customFieldFields),
    hasVlans ? ifVisible(netbox.list("ipam/vlans", row, "id,vid,group,site")) : undefined,
  ]);
  const used = [...interfaces, ...addresses].flatMap(({ vrf }) => (vrf === undefined ? [] : [[vrf.id, vrf] as const]));
  const vrfs = [...new Map(used).values()];
  /** Fields that hold others than texts: those come as JSON. */
  const structured = new Set(
    definitions.flatMap(({ name, type }) => (["object", "multiobject", "multiselect"].includes(type) ? [name] : [])),
  );
  return {
    custom: (values) => {
      const given = [...values].flatMap(([name, text]): [string, Custom[string]][] =>
        text === undefined ? [] : [[name, structured.has(name) ? plainCustom.parse(JSON.parse(text)) : text]],
      );
      return given.length === 0 ? undefined : Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    cluster: ({ clusterId, clusterName }) =>
      clusters.filter(({ name }) => name === clusterName).length > 1 ? String(clusterId) : clusterName,
    vlan: (vid, id) => {
      const found = vlans.find((each) => each.id === id);
      if (found === undefined || vlans.filter((each) => each.vid === vid).length === 1) return vid;
      const [group, site] = [nestedId(found.group), nestedId(found.site)];
      return {
        vid,
        group:
          group === undefined
            ? null
            : nameIn(
                found.group,
                vlans.flatMap((each) => each.group ?? []),
              ),
        ...(group === undefined ? { site: site === undefined ? null : String(site) } : {}),
      };
    },
    vrf: (vrf) =>
      vrf === undefined
        ? globalTable
        : vrfs.filter(({ name }) => name === vrf.name).length > 1
          ? String(vrf.id)
          : vrf.name,
  };
}

/** Its name, or its id where another one of these has that. */
function nameIn(nested: unknown, all: unknown[]): string {
  const rows = new Map(
    [nested, ...all].flatMap((each) => (isRecord(each) ? [[Number(each.id), String(each.name)]] : [])),
  );
  const id = nestedId(nested) ?? 0;
  const name = rows.get(id) ?? String(id);
  return [...rows.values()].filter((each) => each === name).length > 1 ? String(id) : name;
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
  cluster: string | undefined;
  names: Names;
}

function guestOf(guest: NetboxVirtualMachine, fields: CustomFieldNames, parts: Parts): VmsGuest {
  const { role, platform, interfaces, disks, addresses, cluster, names } = parts;
  const own = new Map(guest.customFields);
  const take = (name: string) => {
    const value = own.get(name);
    own.delete(name);
    return value;
  };
  const type = take(fields.type);
  const template = take(type === "lxc" ? fields.lxcTemplate : fields.template);
  const vmid = take(fields.vmid);
  const hasAddresses = interfaces.some(({ id }) => addresses.has(id));
  const primary = interfaces.find(({ id }) => isPrimary(addresses.get(id) ?? [], guest));
  return withoutUndefined({
    cluster,
    tenant: guest.tenant,
    type: type === "lxc" || type === "vm" ? type : undefined,
    role: role ?? null,
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
    customFields: names.custom(own),
    disks: disks.length === 0 ? undefined : Object.fromEntries(disks.map((disk) => diskOf(disk, fields, names))),
    interfaces:
      interfaces.length === 0
        ? undefined
        : Object.fromEntries(interfaces.map((each) => interfaceOf(each, addresses.get(each.id) ?? [], fields, names))),
    primary: primary?.name ?? (hasAddresses ? null : undefined),
  });
}

/** Are the first addresses of an interface just the primary ones of the guest? */
function isPrimary(own: NetboxAddress[], { primaryIds }: NetboxVirtualMachine): boolean {
  const first = (isSix: boolean) => own.find(({ address }) => address.includes(":") === isSix)?.id;
  return own.length > 0 && first(false) === primaryIds[4] && first(true) === primaryIds[6];
}

const listed = <T>(values: T[]): T[] | undefined => (values.length === 0 ? undefined : values);
/** What a custom field holds, as vms.yml has it. */
const plainCustom = z
  .unknown()
  .transform(customValue)
  .pipe(z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))]));

function diskOf({ name, size, customFields }: NetboxDisk, fields: CustomFieldNames, names: Names) {
  const own = new Map(customFields);
  const storage = own.get(fields.diskStorage);
  own.delete(fields.diskStorage);
  const custom = names.custom(own);
  if (storage === undefined && custom === undefined) return [name, size];
  return [name, withoutUndefined({ size, storage, customFields: custom })];
}

type InterfaceOf = NonNullable<VmsGuest["interfaces"]>[string];

function interfaceOf(
  each: NetboxInterface,
  addresses: NetboxAddress[],
  fields: CustomFieldNames,
  names: Names,
): [string, InterfaceOf] {
  const own = new Map(each.customFields);
  const bridge = own.get(fields.bridge);
  own.delete(fields.bridge);
  const dnsNames = [...new Set(addresses.map((address) => address.dnsName))];
  // One name for all of them; where they differ, each keeps its own.
  const dnsName = dnsNames.length === 1 ? dnsNames[0] || undefined : undefined;
  // A file has no word for VLANs within VLANs.
  const hasVlans = each.mode !== "q-in-q";
  const vlan = hasVlans ? each.untaggedVlan : undefined;
  const tagged = hasVlans ? each.taggedVids.map((vid, n) => names.vlan(vid, each.taggedVlanIds?.[n])) : [];
  return [
    each.name,
    withoutUndefined({
      vlan: vlan && names.vlan(vlan.vid, vlan.id),
      taggedVlans: each.mode === "tagged-all" ? "all" : listed(tagged),
      vrf: each.vrf && names.vrf(each.vrf),
      mac: each.mac,
      mtu: each.mtu,
      enabled: each.enabled ? undefined : false,
      bridge,
      addresses: listed(
        addresses.map(({ address, vrfId, vrf }) =>
          vrfId === each.vrf?.id ? address : { address, vrf: names.vrf(vrf) },
        ),
      ),
      dnsName,
      customFields: names.custom(own),
    }),
  ];
}

/** As YAML, with what editors need to know the schema. */
export const printVms = (file: VmsFile): string =>
  `# yaml-language-server: $schema=vms.schema.json\n${stringify(file, { lineWidth: 0 })}`;
