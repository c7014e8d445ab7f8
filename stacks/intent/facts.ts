import type { NetboxClient } from "../../providers/netbox/client";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { row, wireFields } from "../../providers/netbox/objects/objects";
import { type ObjectTypeName, typeOf } from "../../providers/netbox/objects/objecttypes";
import { requiredOf } from "../../providers/netbox/requiredfields";
import { type NetboxVrf, vrfRow, vrfRowFields } from "../../providers/netbox/schemas";
import { isRecord } from "../../providers/values";
import { hostOf } from "../netbox/address";
import { readPlaces } from "../netbox/places";
import { requiredFrom, requiredMore } from "../netbox/required";
import { ifVisible } from "../netbox/visible";
import type { VmsFile } from "./desired/file";
import type { IntentView } from "./desired/types";

/** What NetBox has of what a vms.yml may refer to, and its guests, in bulk. */
export async function readIntentView(netbox: NetboxClient, file: VmsFile): Promise<IntentView> {
  const list = (type: ObjectTypeName, more = ""): Promise<ObjectRow[]> =>
    netbox.list(typeOf(type).path, row, `${wireFields(type)}${more}`);
  const [tag, role, platform, clusterType, cluster, vlan] = await Promise.all([
    list("tag"),
    list("role"),
    list("platform"),
    list("clusterType"),
    list("cluster", ",scope,scope_type,site,group"),
    list("vlan"),
  ]);
  const [prefix, ipamRole, customField, machines, interfaces, disks] = await Promise.all([
    list("prefix"),
    list("ipamRole"),
    list("customField", requiredMore),
    list("virtualMachine"),
    list("vmInterface", ",virtual_machine"),
    list("virtualDisk", ",virtual_machine"),
  ]);
  const names = namesIn(file);
  const named = (path: string, fields: string, isWanted: boolean) =>
    isWanted ? ifVisible(netbox.list(path, row, fields)) : Promise.resolve(undefined);
  const hasGroups = names.has("vlanGroup") || names.has("group") || vlan.some(({ group }) => isRecord(group));
  const required = requiredFrom(customField);
  const isAsked = prefix.some(({ vrf }) => isRecord(vrf)) || requiredOf(required, "ipam.ipaddress").length > 0;
  const hosts = isAsked ? hostsIn(file) : [];
  const [vrfs, vlanGroups, sites, tenants, addresses] = await Promise.all([
    names.has("vrf") ? ifVisible(netbox.list("ipam/vrfs", vrfRow, vrfRowFields)) : undefined,
    named("ipam/vlan-groups", "id,name,slug,scope_type,scope_id", hasGroups),
    named("dcim/sites", "id,name,slug", names.has("site")),
    named("tenancy/tenants", "id,name,slug", names.has("tenant")),
    hosts.length === 0
      ? []
      : netbox.list("ipam/ip-addresses", row, "id,address,vrf,assigned_object_type,assigned_object_id", {
          address: hosts,
        }),
  ]);
  return {
    url: netbox.url,
    rows: { tag, role, platform, clusterType, cluster, vlan, prefix, ipamRole, customField },
    vrfs: vrfs ?? [...new Map(prefix.flatMap(vrfsOf)).values()],
    vlanGroups: vlanGroups ?? nested(vlan, "group"),
    sites: sites ?? nested(vlan, "site"),
    tenants,
    places: await readPlaces(netbox, [...(vlanGroups ?? []), ...cluster]),
    addresses,
    machines,
    interfaces,
    disks,
    required,
    lacksStartOnBoot: !(await netbox.isSince(4, 5)),
  };
}

/** The hosts that the file gives to guests. */
const hostsIn = ({ guests }: VmsFile): string[] => [
  ...new Set(
    Object.values(guests).flatMap(({ interfaces = {} }) =>
      Object.values(interfaces).flatMap(({ addresses = [] }) =>
        addresses.flatMap((each) =>
          typeof each === "string" ? hostOf(each) : "address" in each ? hostOf(each.address) : [],
        ),
      ),
    ),
  ),
];

/** The keys that a file has anywhere. */
function namesIn(value: unknown): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((each) => [...namesIn(each)]));
  if (!isRecord(value)) return new Set();
  return new Set(Object.entries(value).flatMap(([key, each]) => [key, ...namesIn(each)]));
}

const vrfsOf = ({ vrf }: ObjectRow): [number, NetboxVrf][] => {
  const parsed = vrfRow.safeParse(vrf);
  return parsed.success ? [[parsed.data.id, parsed.data]] : [];
};

/** What rows show of objects that they refer to, each once. */
const nested = (rows: ObjectRow[], field: string): ObjectRow[] => [
  ...new Map(
    rows.flatMap((each) => {
      const parsed = row.safeParse(each[field]);
      return parsed.success ? [[parsed.data.id, parsed.data] as const] : [];
    }),
  ).values(),
];
