import { randomBytes } from "node:crypto";
import { isRecord } from "../../values";

// NetBox's object types as far as this program makes objects of them: the one place with their paths and wire names.
// Source: OpenAPI of NetBox 4.7.3 and netbox-plugin-dns 1.7.3.

/** One field: its wire name, and its value in the form of the inputs and back. */
interface Field {
  wire: string;
  /** @param wanted what it is compared with: a name that several have is read as it is written there */
  read: (value: unknown, wanted?: unknown) => unknown;
  write: (value: unknown) => unknown;
  /** What empties it. */
  empty: unknown;
  /** The kind of the objects whose ids NetBox wants in the place of their names; whoever writes looks them up. */
  idsOf?: "user" | "userGroup";
}

/** Nothing has one form: what NetBox shows as null, an empty text or an empty list. */
export const orNothing = (value: unknown): unknown =>
  value === null || value === "" || (Array.isArray(value) && value.length === 0) ? undefined : value;

const plain = (wire: string, empty: unknown = null): Field => ({
  wire,
  read: orNothing,
  write: (value) => value,
  empty,
});
const text = (wire: string): Field => plain(wire, "");
const choice = (wire: string): Field => ({
  ...plain(wire),
  read: (value) => orNothing(isRecord(value) ? value.value : value),
});

/** How one object names another: as text in the inputs, as attributes for NetBox. */
interface Naming {
  read: (nested: Record<string, unknown>) => string;
  write: (name: string) => Record<string, unknown>;
}
const by = (attribute: string): Naming => ({
  read: (nested) => String(nested[attribute]),
  write: (name) => ({ [attribute]: name }),
});
/** `pve1 @ CLUSTER` where devices of several clusters have the name: NetBox takes none of another cluster for a guest. */
const deviceNaming: Naming = {
  ...by("name"),
  write: (shown) => {
    const [, name = shown, cluster] = /^(.*) @ (.*)$/.exec(shown) ?? [];
    return cluster === undefined ? { name } : { name, cluster: { name: cluster } };
  },
};
/** `name (vid)`, as NetBox displays it: a VID alone is no name. `name (vid) @ group:3` where others have both. */
const vlanNaming: Naming = {
  read: ({ name, vid }) => printVlan(String(name), Number(vid)),
  write: (shown) => {
    const [, plain = shown, field, id] = /^(.*) @ (group|site):(\d+|none)$/.exec(shown) ?? [];
    const [, name = plain, vid = "0"] = /^(.*) \((\d+)\)$/.exec(plain) ?? [];
    return { name, vid: Number(vid), ...(field === undefined ? {} : { [field]: id === "none" ? null : Number(id) }) };
  },
};
export const printVlan = (name: string, vid: number): string => `${name} (${vid})`;

/** A VLAN that is about to be made, by NetBox's id of its group or site, where its name and VID don't tell it from others. */
export const vlanWithin = (shown: string, { field, id }: { field: "group" | "site"; id: number | null }): string =>
  `${shown} @ ${field}:${id ?? "none"}`;

/** `NAME #12`: a name that several objects have, with NetBox's id of the one that is meant. */
export const withId = (name: string, id: number): string => `${name} #${id}`;
const idIn = (text: unknown): number | undefined => {
  const [, id] = / #(\d+)$/.exec(String(text)) ?? [];
  return id === undefined ? undefined : Number(id);
};
const refersTo = (naming: Naming, name: string): Record<string, unknown> => {
  const id = idIn(name);
  return id === undefined ? naming.write(name) : { id };
};
const referred = (naming: Naming, nested: Record<string, unknown>, wanted: readonly unknown[]): string => {
  const name = naming.read(nested);
  const isById = wanted.some((each) => idIn(each) !== undefined && String(each).startsWith(`${name} #`));
  if (isById) return withId(name, Number(nested.id));
  // What it is within, a nested object does not say.
  const within = wanted.find((each) => String(each).startsWith(`${name} @ `));
  return within === undefined ? name : String(within);
};

const ref = (wire: string, naming = by("name")): Field => ({
  ...plain(wire),
  read: (value, wanted) => (isRecord(value) ? referred(naming, value, [wanted]) : undefined),
  write: (value) => (value === null ? null : refersTo(naming, String(value))),
});
/** One that is named by its id, as nothing else of it is unique. */
const idRef = (wire: string): Field => ({
  ...plain(wire),
  read: (value) => (isRecord(value) ? Number(value.id) : undefined),
  write: (value) => (value === null ? null : { id: Number(value) }),
});
const refs = (wire: string, naming = by("name")): Field => ({
  ...plain(wire, []),
  read: (value, wanted) => {
    const named = Array.isArray(wanted) ? wanted : [];
    if (!Array.isArray(value)) return orNothing(value);
    return orNothing(
      value
        .filter(isRecord)
        .map((each) => referred(naming, each, named))
        .sort(),
    );
  },
  write: (value) => (Array.isArray(value) ? value.map((each) => refersTo(naming, String(each))) : value),
});
/** The same where NetBox takes ids alone. */
const idRefs = (wire: string, idsOf: "user" | "userGroup", naming = by("name")): Field => ({
  ...refs(wire, naming),
  idsOf,
});
/** Another interface of the same device, by its name; the handler makes it an id. */
const interfaceRef = (wire: string): Field => ({
  ...plain(wire),
  read: (value) => (isRecord(value) ? String(value.name) : undefined),
});
/** Values of which only some are ours: those that others wrote stay. */
const choices = (wire: string): Field => ({
  ...plain(wire, []),
  read: (value) =>
    orNothing(
      Array.isArray(value) ? value.map((pair: unknown) => String(Array.isArray(pair) ? pair[0] : pair)) : value,
    ),
  write: (value) => (Array.isArray(value) ? value.map((each) => [each, each]) : value),
});

export interface ObjectType {
  /** Below /api/, and below the root for people. */
  path: string;
  /** NetBox's name for it. */
  noun: string;
  /** The fields that tell one from another. */
  key: readonly string[];
  /** Wire names of what tells apart those of one key: of several, the one that has none of them is meant. */
  scopes?: readonly string[];
  /** Fields of the key that an object may lack: one with another value is another object. */
  mayLack?: readonly string[];
  fields: Readonly<Record<string, Field>>;
  /** Fields whose values add up with those that others wrote. */
  adds?: readonly string[];
  /** What NetBox wants of a new one, and nobody else. */
  madeWith?: () => Record<string, unknown>;
}

const described = { description: text("description") };
const slugged = { name: text("name"), slug: text("slug"), ...described };

export const objectTypes = {
  tag: { path: "extras/tags", noun: "tag", key: ["slug"], fields: { ...slugged, color: text("color") } },
  choiceSet: {
    path: "extras/custom-field-choice-sets",
    noun: "custom field choice set",
    key: ["name"],
    fields: { name: text("name"), ...described, choices: choices("extra_choices") },
    adds: ["choices"],
  },
  customField: {
    path: "extras/custom-fields",
    noun: "custom field",
    key: ["name"],
    fields: {
      name: text("name"),
      ...described,
      type: choice("type"),
      objectTypes: plain("object_types", []),
      choiceSet: ref("choice_set"),
    },
    adds: ["objectTypes"],
  },
  site: { path: "dcim/sites", noun: "site", key: ["slug"], fields: { ...slugged, status: choice("status") } },
  manufacturer: { path: "dcim/manufacturers", noun: "manufacturer", key: ["slug"], fields: slugged },
  deviceType: {
    path: "dcim/device-types",
    noun: "device type",
    key: ["slug", "manufacturer"],
    fields: { model: text("model"), slug: text("slug"), ...described, manufacturer: ref("manufacturer") },
  },
  role: {
    path: "dcim/device-roles",
    noun: "role",
    key: ["slug"],
    fields: { ...slugged, color: text("color"), ofMachines: plain("vm_role") },
  },
  platform: { path: "dcim/platforms", noun: "platform", key: ["slug"], fields: slugged },
  clusterType: { path: "virtualization/cluster-types", noun: "cluster type", key: ["slug"], fields: slugged },
  cluster: {
    path: "virtualization/clusters",
    noun: "cluster",
    key: ["name"],
    fields: {
      name: text("name"),
      type: ref("type"),
      status: choice("status"),
      ...described,
      comments: text("comments"),
    },
  },
  rir: { path: "ipam/rirs", noun: "RIR", key: ["slug"], fields: { ...slugged, isPrivate: plain("is_private") } },
  aggregate: {
    path: "ipam/aggregates",
    noun: "aggregate",
    key: ["prefix"],
    fields: { prefix: text("prefix"), rir: ref("rir"), ...described },
  },
  ipamRole: { path: "ipam/roles", noun: "IPAM role", key: ["slug"], fields: slugged },
  vlan: {
    path: "ipam/vlans",
    noun: "VLAN",
    key: ["vid", "name", "group", "site"],
    scopes: ["site", "group"],
    fields: {
      vid: plain("vid"),
      name: text("name"),
      group: ref("group"),
      site: ref("site"),
      ...described,
      role: ref("role"),
      status: choice("status"),
    },
  },
  prefix: {
    path: "ipam/prefixes",
    noun: "prefix",
    key: ["prefix", "vrf"],
    fields: {
      prefix: text("prefix"),
      vrf: idRef("vrf"),
      vlan: ref("vlan", vlanNaming),
      role: ref("role"),
      status: choice("status"),
      isPool: plain("is_pool"),
      ...described,
    },
  },
  ipRange: {
    path: "ipam/ip-ranges",
    noun: "IP range",
    key: ["start", "end", "vrf"],
    fields: {
      start: text("start_address"),
      end: text("end_address"),
      vrf: idRef("vrf"),
      role: ref("role"),
      status: choice("status"),
      ...described,
    },
  },
  ipAddress: {
    path: "ipam/ip-addresses",
    noun: "IP address",
    key: ["address", "vrf"],
    fields: { address: text("address"), vrf: idRef("vrf"), status: choice("status"), ...described },
  },
  dnsNameServer: {
    path: "plugins/netbox-dns/nameservers",
    noun: "name server of netbox-dns",
    key: ["name"],
    fields: { name: text("name"), ...described },
  },
  dnsView: {
    path: "plugins/netbox-dns/views",
    noun: "view of netbox-dns",
    key: ["name"],
    fields: { name: text("name"), ...described },
  },
  dnsZone: {
    path: "plugins/netbox-dns/zones",
    noun: "zone of netbox-dns",
    key: ["name", "view"],
    fields: {
      name: text("name"),
      view: ref("view"),
      nameServers: refs("nameservers"),
      defaultTtl: plain("default_ttl"),
      soaMname: ref("soa_mname"),
      soaRname: text("soa_rname"),
      status: choice("status"),
      ...described,
    },
  },
  virtualMachine: {
    path: "virtualization/virtual-machines",
    noun: "virtual machine",
    key: ["name", "cluster", "tenant"],
    mayLack: ["tenant"],
    fields: {
      name: text("name"),
      status: choice("status"),
      cluster: ref("cluster"),
      device: deviceRef(),
      role: ref("role"),
      platform: ref("platform"),
      tenant: ref("tenant"),
      vcpus: plain("vcpus"),
      memory: plain("memory"),
      startOnBoot: choice("start_on_boot"),
      ...described,
      comments: text("comments"),
      context: plain("local_context_data"),
    },
  },
  device: {
    path: "dcim/devices",
    noun: "device",
    key: ["name", "site"],
    fields: {
      name: text("name"),
      status: choice("status"),
      cluster: ref("cluster"),
      site: ref("site"),
      role: ref("role"),
      deviceType: ref("device_type", by("model")),
      platform: ref("platform"),
      ...described,
    },
  },
  vmInterface: {
    path: "virtualization/interfaces",
    noun: "interface",
    key: ["name"],
    fields: {
      name: text("name"),
      mac: macField(),
      enabled: plain("enabled"),
      parent: interfaceRef("parent"),
      bridge: interfaceRef("bridge"),
      mtu: plain("mtu"),
      mode: choice("mode"),
      untaggedVlan: ref("untagged_vlan", vlanNaming),
      taggedVlans: refs("tagged_vlans", vlanNaming),
      vrf: idRef("vrf"),
      ...described,
    },
  },
  interface: {
    path: "dcim/interfaces",
    noun: "interface",
    key: ["name"],
    fields: {
      name: text("name"),
      type: choice("type"),
      mac: macField(),
      enabled: plain("enabled"),
      mtu: plain("mtu"),
      mode: choice("mode"),
      untaggedVlan: ref("untagged_vlan", vlanNaming),
      parent: interfaceRef("parent"),
      bridge: interfaceRef("bridge"),
      lag: interfaceRef("lag"),
      ...described,
    },
  },
  virtualDisk: {
    path: "virtualization/virtual-disks",
    noun: "virtual disk",
    key: ["name"],
    fields: { name: text("name"), size: plain("size"), ...described },
  },
  user: {
    path: "users/users",
    noun: "user",
    key: ["username"],
    fields: {
      username: text("username"),
      firstName: text("first_name"),
      lastName: text("last_name"),
      email: text("email"),
      isActive: plain("is_active"),
      groups: idRefs("groups", "userGroup"),
    },
    // Users of tokens have a password that nobody knows: NetBox has none without.
    madeWith: () => ({ password: `Aa1-${randomBytes(32).toString("base64url")}` }),
  },
  userGroup: {
    path: "users/groups",
    noun: "group",
    key: ["name"],
    fields: { name: text("name"), ...described },
  },
  permission: {
    path: "users/permissions",
    noun: "object permission",
    key: ["name"],
    fields: {
      name: text("name"),
      ...described,
      enabled: plain("enabled"),
      objectTypes: { ...plain("object_types", []), read: sorted },
      actions: { ...plain("actions", []), read: sorted },
      constraints: plain("constraints"),
      users: idRefs("users", "user", by("username")),
      groups: idRefs("groups", "userGroup"),
    },
  },
} satisfies Record<string, ObjectType>;

function sorted(value: unknown): unknown {
  return orNothing(Array.isArray(value) ? value.map(String).sort() : value);
}

function deviceRef(): Field {
  return {
    ...ref("device", deviceNaming),
    read: (value, wanted) => {
      const name = isRecord(value) ? String(value.name) : undefined;
      return name !== undefined && String(wanted).startsWith(`${name} @ `) ? wanted : name;
    },
  };
}

function macField(): Field {
  return { ...plain("mac_address"), read: (value) => (typeof value === "string" ? value.toUpperCase() : undefined) };
}

export type ObjectTypeName = keyof typeof objectTypes;
export const typeOf = (name: ObjectTypeName): ObjectType => objectTypes[name];
/** Fields that name another interface of the same device. */
export const referenceFields: readonly string[] = ["parent", "bridge", "lag"];

/** A custom field's value as it is written: a choice and another object come as objects, alone or in a list. */
export function customValue(value: unknown): unknown {
  if (Array.isArray(value)) return orNothing(value.map(customValue));
  if (!isRecord(value)) return orNothing(value);
  if ("value" in value) return orNothing(value.value);
  return typeof value.id === "number" && typeof value.url === "string" ? value.id : value;
}

/** What an object of the API says of these fields, in the form of the inputs; nothing of what is empty. */
export function fieldsFrom(
  type: ObjectTypeName,
  row: Record<string, unknown>,
  names: string[],
  wanted: Record<string, unknown> = {},
): Record<string, unknown> {
  const { fields } = typeOf(type);
  return Object.fromEntries(
    names.flatMap((name) => {
      const field = fields[name];
      const value = field?.read(row[field.wire], wanted[name]);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The body that writes these fields; undefined empties one. */
export function fieldsTo(type: ObjectTypeName, values: Record<string, unknown>): Record<string, unknown> {
  const { fields } = typeOf(type);
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const field = fields[name];
      if (field === undefined) return [];
      return [[field.wire, orNothing(value) === undefined ? field.empty : field.write(value)]];
    }),
  );
}
