import { z } from "zod";

// NetBox's REST API as far as it is used, by its own names; everything past this file has ours.
// Source: OpenAPI of NetBox 4.7.3 (/api/schema/).

const named = z.object({ id: z.number(), name: z.string() });
const choice = z.object({ value: z.string() });
/** A nested object with a slug. */
const place = z.object({ id: z.number().optional(), slug: z.string() });
const idList = z
  .array(z.object({ id: z.number() }))
  .default([])
  .transform((list) => list.map(({ id }) => id));
const vrf = z.object({ id: z.number(), name: z.string().optional(), rd: z.string().nullish() }).nullable();
/** A custom field's value; a choice comes as an object. */
const customFields = z
  .record(z.string(), z.unknown())
  .transform((fields) => new Map(Object.entries(fields).map(([name, value]) => [name, customValue(value)])));
const tags = z.array(z.object({ slug: z.string() })).transform((list) => list.map(({ slug }) => slug));

function customValue(value: unknown): string | undefined {
  const plain: unknown = typeof value === "object" && value !== null && "value" in value ? value.value : value;
  if (plain === null || plain === undefined || plain === "") return undefined;
  return typeof plain === "object" ? JSON.stringify(plain) : String(plain);
}

/** A VRF by what people call it: its name, which several may have, or its route distinguisher. */
export interface NetboxVrf {
  id: number;
  name: string;
  rd?: string;
}
const vrfFrom = ({ id, name, rd }: NonNullable<z.infer<typeof vrf>>): NetboxVrf => ({
  id,
  name: name ?? String(id),
  ...(rd ? { rd } : {}),
});

/** A VRF among others. */
export const vrfRow = z
  .object({ id: z.number(), name: z.string(), rd: z.string().nullish() })
  .transform((wire): NetboxVrf => vrfFrom(wire));
export const vrfRowFields = "id,name,rd";

export const status = z
  .object({ "netbox-version": z.string(), plugins: z.record(z.string(), z.unknown()).default({}) })
  .transform((body) => ({ version: body["netbox-version"], plugins: Object.keys(body.plugins) }));

export const cluster = named;

export const virtualMachine = z
  .object({
    id: z.number(),
    name: z.string(),
    status: choice,
    cluster: named.nullable(),
    site: place.nullish(),
    tenant: place.nullish(),
    device: z.object({ id: z.number().optional(), name: z.string().nullable() }).nullish(),
    role: place.nullish(),
    platform: place.nullable(),
    vcpus: z.number().nullable(),
    memory: z.number().nullable(),
    description: z.string(),
    comments: z.string(),
    tags: z.array(place),
    primary_ip4: z.object({ id: z.number() }).nullable(),
    primary_ip6: z.object({ id: z.number() }).nullable(),
    local_context_data: z.record(z.string(), z.unknown()).nullable(),
    /** The local one among NetBox's config contexts; asked for only where there are some, as rendering takes long. */
    config_context: z.record(z.string(), z.unknown()).nullish(),
    /** Since NetBox 4.5. */
    start_on_boot: choice.nullish(),
    custom_fields: customFields,
  })
  .transform(
    ({
      status: state,
      device,
      role,
      platform,
      primary_ip4,
      primary_ip6,
      local_context_data,
      config_context,
      start_on_boot,
      custom_fields,
      vcpus,
      memory,
      cluster: home,
      site,
      tenant,
      tags: labels,
      ...vm
    }) => ({
      ...vm,
      tags: labels.map(({ slug }) => slug),
      status: state.value,
      clusterId: home?.id,
      clusterName: home?.name,
      site: site?.slug,
      tenant: tenant?.slug,
      device: device?.name ?? undefined,
      role: role?.slug,
      platform: platform?.slug,
      vcpus: vcpus ?? undefined,
      memory: memory ?? undefined,
      primaryIds: { 4: primary_ip4?.id, 6: primary_ip6?.id },
      context: config_context ?? local_context_data ?? {},
      startOnBoot: start_on_boot?.value,
      customFields: custom_fields,
      /** What else of NetBox it is made from. */
      linked: {
        role: role?.id,
        platform: platform?.id,
        tenant: tenant?.id,
        site: site?.id,
        device: device?.id,
        tags: labels.flatMap(({ id }) => id ?? []),
      },
    }),
  );
/** A machine as far as its lack of a cluster is concerned. */
export const homeless = z
  .object({
    id: z.number(),
    name: z.string(),
    status: choice,
    cluster: z.unknown(),
    site: z.object({ slug: z.string() }).nullish(),
    tenant: z.object({ slug: z.string() }).nullish(),
    tags,
  })
  .transform(({ status: state, cluster: home, site, tenant, ...rest }) => ({
    ...rest,
    status: state.value,
    hasCluster: home !== null && home !== undefined,
    site: site?.slug,
    tenant: tenant?.slug,
  }));
export const homelessFields = "id,name,status,cluster,site,tenant,tags";
export const virtualMachineFields =
  "id,name,status,cluster,site,tenant,device,role,platform,vcpus,memory,description,comments,tags,primary_ip4,primary_ip6,local_context_data,start_on_boot,custom_fields";

export const vmInterface = z
  .object({
    id: z.number(),
    name: z.string(),
    virtual_machine: z.object({ id: z.number() }),
    parent: z.object({ id: z.number() }).nullish(),
    bridge: z.object({ id: z.number() }).nullish(),
    enabled: z.boolean(),
    mtu: z.number().nullable(),
    mode: choice.nullable(),
    untagged_vlan: z.object({ id: z.number(), vid: z.number() }).nullable(),
    tagged_vlans: z.array(z.object({ id: z.number().optional(), vid: z.number() })),
    mac_address: z.string().nullable(),
    primary_mac_address: z.object({ id: z.number() }).nullish(),
    vrf: vrf.optional(),
    custom_fields: customFields,
  })
  .transform((wire) => ({
    id: wire.id,
    name: wire.name,
    guestId: wire.virtual_machine.id,
    /** The interface that it is a part of, and the bridge that it is a port of. */
    parentId: wire.parent?.id,
    bridgeId: wire.bridge?.id,
    enabled: wire.enabled,
    mtu: wire.mtu ?? undefined,
    mode: wire.mode?.value,
    untaggedVlan: wire.untagged_vlan ?? undefined,
    taggedVids: wire.tagged_vlans.map(({ vid }) => vid),
    ...(wire.tagged_vlans.length === 0 ? {} : { taggedVlanIds: wire.tagged_vlans.map(({ id }) => id) }),
    mac: wire.mac_address?.toUpperCase(),
    ...(wire.primary_mac_address ? { macId: wire.primary_mac_address.id } : {}),
    ...(wire.vrf ? { vrf: vrfFrom(wire.vrf) } : {}),
    customFields: wire.custom_fields,
  }));
export const vmInterfaceFields =
  "id,name,virtual_machine,parent,bridge,enabled,mtu,mode,untagged_vlan,tagged_vlans,mac_address,primary_mac_address,vrf,custom_fields";

export const virtualDisk = z
  .object({
    id: z.number(),
    name: z.string(),
    virtual_machine: z.object({ id: z.number() }),
    size: z.number(),
    custom_fields: customFields,
  })
  .transform(({ virtual_machine, custom_fields, ...disk }) => ({
    ...disk,
    guestId: virtual_machine.id,
    customFields: custom_fields,
  }));
export const virtualDiskFields = "id,name,virtual_machine,size,custom_fields";

export const ipAddress = z
  .object({
    id: z.number(),
    address: z.string(),
    status: choice,
    assigned_object_type: z.string().nullable(),
    assigned_object_id: z.number().nullable(),
    role: choice.nullish(),
    dns_name: z.string(),
    description: z.string(),
    vrf,
    tags,
    custom_fields: customFields,
  })
  .transform((wire) => ({
    id: wire.id,
    address: wire.address,
    status: wire.status.value,
    ...(wire.role ? { role: wire.role.value } : {}),
    interfaceId:
      wire.assigned_object_type === "virtualization.vminterface" ? (wire.assigned_object_id ?? undefined) : undefined,
    ...(wire.assigned_object_type === "dcim.interface" ? { isOfDevice: true } : {}),
    dnsName: wire.dns_name.toLowerCase().replace(/\.$/, ""),
    description: wire.description,
    vrfId: wire.vrf?.id,
    ...(wire.vrf ? { vrf: vrfFrom(wire.vrf) } : {}),
    tags: wire.tags,
    customFields: wire.custom_fields,
  }));
export const ipAddressFields =
  "id,address,status,role,assigned_object_type,assigned_object_id,dns_name,description,vrf,tags,custom_fields";

export const prefix = z
  .object({
    id: z.number(),
    prefix: z.string(),
    vrf,
    vlan: z.object({ id: z.number(), vid: z.number() }).nullable(),
    role: z.object({ slug: z.string() }).nullable(),
    status: choice,
    tags,
    custom_fields: customFields,
  })
  .transform(({ vrf: table, vlan, role, status: state, custom_fields, ...rest }) => ({
    ...rest,
    vrfId: table?.id,
    ...(table === null ? {} : { vrf: vrfFrom(table) }),
    vlan: vlan ?? undefined,
    role: role?.slug,
    status: state.value,
    customFields: custom_fields,
  }));
export const prefixFields = "id,prefix,vrf,vlan,role,status,tags,custom_fields";

export const vlan = z.object({ id: z.number(), vid: z.number(), name: z.string() });
export const vlanFields = "id,vid,name";

export const ipRange = z
  .object({
    id: z.number(),
    start_address: z.string(),
    end_address: z.string(),
    vrf,
    role: z.object({ slug: z.string() }).nullable(),
    status: choice,
    /** Since NetBox 4.3: no address may be made in it. */
    mark_populated: z.boolean().default(false),
    tags,
  })
  .transform(({ start_address, end_address, vrf: table, role, status: state, mark_populated, ...rest }) => ({
    ...rest,
    start: start_address,
    end: end_address,
    vrfId: table?.id,
    ...(table === null ? {} : { vrf: vrfFrom(table) }),
    ...(mark_populated ? { isPopulated: true } : {}),
    role: role?.slug,
    status: state.value,
  }));
export const ipRangeFields = "id,start_address,end_address,vrf,role,status,mark_populated,tags";

export const customField = z
  .object({
    name: z.string(),
    type: choice,
    object_types: z.array(z.string()),
    required: z.boolean().default(false),
    default: z.unknown(),
  })
  .transform(({ name, type, object_types, required, default: fallback }) => ({
    name,
    type: type.value,
    objectTypes: object_types,
    required,
    default: fallback ?? undefined,
  }));
export const customFieldFields = "id,name,type,object_types,required,default";

export const eventRule = z.object({ id: z.number(), name: z.string(), enabled: z.boolean() });
export const eventRuleFields = "id,name,enabled";

/** A config context, with the ids of what it applies to; none of a kind is all. */
export const configContext = z
  .object({
    id: z.number(),
    name: z.string(),
    weight: z.number(),
    is_active: z.boolean(),
    data: z.record(z.string(), z.unknown()),
    sites: idList,
    roles: idList,
    platforms: idList,
    clusters: idList,
    tenants: idList,
  })
  .transform(({ is_active, sites, roles, platforms, clusters, tenants, ...context }) => ({
    ...context,
    isActive: is_active,
    appliesTo: { sites, roles, platforms, clusters, tenants },
  }));
export const configContextFields = "id,name,weight,is_active,data,sites,roles,platforms,clusters,tenants";
export const localContext = z.object({
  id: z.number(),
  local_context_data: z.record(z.string(), z.unknown()).nullable(),
});

/** An entry of the change log that says who deleted an object. */
export const deletion = z
  .object({
    changed_object_type: z.string(),
    changed_object_id: z.number(),
    action: choice,
    user_name: z.string(),
    time: z.string(),
    /** The object as it was, tags by their names. */
    prechange_data: z
      .object({ tags: z.array(z.string()).catch([]), custom_fields: customFields.catch(new Map()) })
      .nullish(),
  })
  .transform(({ changed_object_type, changed_object_id, action, user_name, time, prechange_data: before }) => ({
    isDeletion: action.value === "delete",
    tagNames: before?.tags ?? [],
    customFields: before?.custom_fields ?? new Map<string, string | undefined>(),
    objectType: changed_object_type,
    objectId: changed_object_id,
    user: user_name,
    time: time.slice(0, 16).replace("T", " "),
  }));
export const deletionFields = "id,changed_object_type,changed_object_id,action,user_name,time,prechange_data";

export const tagRow = z.object({ id: z.number(), name: z.string(), slug: z.string() });
export const tagRowFields = "id,name,slug";

/** An entry of the change log, with the object before and after. */
export const changelogEntry = z
  .object({
    id: z.number(),
    time: z.string(),
    user_name: z.string(),
    request_id: z.string(),
    action: z.object({ value: z.enum(["create", "update", "delete"]) }),
    changed_object_type: z.string(),
    changed_object_id: z.number(),
    object_repr: z.string(),
    /** Since NetBox 4.4. */
    message: z.string().default(""),
    prechange_data: z.record(z.string(), z.unknown()).nullable(),
    postchange_data: z.record(z.string(), z.unknown()).nullable(),
  })
  .transform((wire) => ({
    id: wire.id,
    /** ISO 8601. */
    time: wire.time,
    user: wire.user_name,
    request: wire.request_id,
    action: wire.action.value,
    /** Django's name of its kind: `virtualization.virtualmachine`. */
    type: wire.changed_object_type,
    objectId: wire.changed_object_id,
    /** As NetBox printed it then. */
    text: wire.object_repr,
    message: wire.message,
    /** References as ids, tags by name; nothing where there was none. */
    before: wire.prechange_data ?? {},
    after: wire.postchange_data ?? {},
  }));
export const changelogEntryFields =
  "id,time,user_name,request_id,action,changed_object_type,changed_object_id,object_repr,message,prechange_data,postchange_data";
/** The user of a token. */
export const ownUser = z.object({ username: z.string() });

/** A Service; before NetBox 4.3 it had its machine in a field of its own. */
export const service = z
  .object({
    id: z.number(),
    name: z.string(),
    protocol: choice.nullish(),
    ports: z.array(z.number()).nullish(),
    parent_object_type: z.string().nullish(),
    parent_object_id: z.number().nullish(),
    virtual_machine: z.object({ id: z.number() }).nullish(),
    ipaddresses: z.array(z.object({ address: z.string() })).default([]),
  })
  .transform(({ name, protocol, ports, parent_object_type: type, parent_object_id: id, ...rest }) => ({
    name,
    protocol: protocol?.value ?? "",
    ports: ports ?? [],
    addresses: rest.ipaddresses.map(({ address }) => address),
    guestId: type === "virtualization.virtualmachine" ? (id ?? undefined) : rest.virtual_machine?.id,
  }));
export const serviceFields = "id,name,protocol,ports,parent_object_type,parent_object_id,virtual_machine,ipaddresses";

/** Whom to ask of an object, and as what. */
export const contactAssignment = z
  .object({
    id: z.number(),
    object_type: z.string(),
    object_id: z.number(),
    contact: z.object({ name: z.string() }),
    role: z.object({ slug: z.string() }).nullish(),
  })
  .transform(({ object_type, object_id, contact, role }) => ({
    objectType: object_type,
    objectId: object_id,
    contact: contact.name,
    role: role?.slug ?? "",
  }));
export const contactAssignmentFields = "id,object_type,object_id,contact,role";

// ---- netbox-dns. Source: OpenAPI of netbox-plugin-dns 1.7.3.

export const dnsView = z
  .object({
    id: z.number(),
    name: z.string(),
    default_view: z.boolean(),
    /** Their VRFs a nested prefix does not say. */
    prefixes: z.array(z.object({ id: z.number(), prefix: z.string() })),
  })
  .transform(({ default_view, ...view }) => ({ ...view, isDefault: default_view }));
export const dnsViewFields = "id,name,default_view,prefixes";

export const dnsZone = z
  .object({
    id: z.number(),
    name: z.string(),
    view: z.object({ id: z.number() }),
    active: z.boolean(),
    default_ttl: z.number(),
  })
  .transform(({ view, default_ttl, ...zone }) => ({ ...zone, viewId: view.id, ttl: default_ttl }));
export const dnsZoneFields = "id,name,view,active,default_ttl";

export const dnsRecord = z
  .object({
    id: z.number(),
    zone: z.object({ id: z.number() }),
    type: z.string(),
    name: z.string(),
    fqdn: z.string(),
    value: z.string(),
    /** Names in it with their zone. */
    absolute_value: z.string().nullish(),
    ttl: z.number().nullable(),
    active: z.boolean(),
    managed: z.boolean(),
    disable_ptr: z.boolean(),
    ptr_record: z.object({ id: z.number() }).nullable(),
    description: z.string(),
  })
  .transform(({ zone, absolute_value, value, ttl, ptr_record, disable_ptr, ...record }) => ({
    ...record,
    zoneId: zone.id,
    value: absolute_value ?? value,
    ttl: ttl ?? undefined,
    hasPtr: ptr_record !== null && !disable_ptr,
  }));
export const dnsRecordFields =
  "id,zone,type,name,fqdn,value,absolute_value,ttl,active,managed,disable_ptr,ptr_record,description";

/** What an object has in its custom fields, as NetBox shows it. */
export const customFieldsOf = z.object({ custom_fields: z.record(z.string(), z.unknown()).default({}) });

/** A list's envelope; `next` is null on its last page. */
export const page = <T>(item: z.ZodType<T>) =>
  z.object({ count: z.number(), next: z.string().nullable(), results: z.array(item) });
/** OPTIONS of a list: POST stands for adding, PUT for changing; what may not be done is left out. */
export const listMetadata = z.object({ actions: z.record(z.string(), z.unknown()).default({}) });

export const made = z.object({ id: z.number() });

export type NetboxStatus = z.infer<typeof status>;
export type NetboxVirtualMachine = z.infer<typeof virtualMachine>;
export type NetboxInterface = z.infer<typeof vmInterface>;
export type NetboxDisk = z.infer<typeof virtualDisk>;
export type NetboxAddress = z.infer<typeof ipAddress>;
export type NetboxPrefix = z.infer<typeof prefix>;
export type NetboxVlan = z.infer<typeof vlan>;
export type NetboxRange = z.infer<typeof ipRange>;
export type NetboxCustomField = z.infer<typeof customField>;
export type NetboxDnsView = z.infer<typeof dnsView>;
export type NetboxDnsZone = z.infer<typeof dnsZone>;
export type NetboxPluginRecord = z.infer<typeof dnsRecord>;
export type Deletion = z.infer<typeof deletion>;
export type NetboxConfigContext = z.infer<typeof configContext>;
export type ChangelogEntry = z.infer<typeof changelogEntry> & {
  /** Its page, where that is not main's page of the entry: of what a branch changed. */
  page?: string;
};
export type NetboxEventRule = z.infer<typeof eventRule>;
