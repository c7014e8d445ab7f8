/** How a field is written and shown. `ref` and `refs` point at other models by id. */
export interface Field {
  kind: "text" | "integer" | "decimal" | "boolean" | "choice" | "ref" | "refs" | "json" | "mac" | "texts";
  required?: boolean;
  choices?: readonly string[];
  to?: ModelName;
  default?: unknown;
  min?: number;
  max?: number;
  /** A choice that is shown as its bare value. */
  plain?: boolean;
  /** Set by NetBox itself: what a caller sends is not looked at. */
  internal?: boolean;
}

export interface Model {
  /** Path below /api/ and, for people, below the root. */
  path: string;
  /** Django's name, as it stands in a 404. */
  label: string;
  fields: Record<string, Field>;
  /** What a nested object shows beside id, url and display. */
  brief: readonly string[];
  display: string;
  /** Lower-cased unique keys with the error of a duplicate. */
  unique?: { fields: readonly string[]; error: Record<string, string[]> }[];
  /** django content type, for custom fields. */
  contentType: string;
}

const text = (extra: Partial<Field> = {}): Field => ({ kind: "text", default: "", ...extra });
const ref = (to: ModelName, extra: Partial<Field> = {}): Field => ({ kind: "ref", to, default: null, ...extra });
const choice = (choices: readonly string[], fallback: string | null): Field => ({
  kind: "choice",
  choices,
  default: fallback,
});
const integer = (min?: number, max?: number, extra: Partial<Field> = {}): Field => ({
  kind: "integer",
  min,
  max,
  default: null,
  ...extra,
});
const named = { name: text({ required: true }), slug: text({ required: true }), description: text() };
const slugUnique = [
  { fields: ["name"], error: { name: ["NAME with this name already exists."] } },
  { fields: ["slug"], error: { slug: ["NAME with this slug already exists."] } },
];

function slugged(path: string, label: string, contentType: string, extra: Record<string, Field> = {}): Model {
  const human = label.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const title = human.charAt(0).toUpperCase() + human.slice(1);
  const unique = slugUnique.map(({ fields, error }) => ({
    fields,
    error: JSON.parse(JSON.stringify(error).replace("NAME", title)) as Record<string, string[]>,
  }));
  return {
    path,
    label,
    contentType,
    fields: { ...named, ...extra },
    brief: ["name", "slug", "description"],
    display: "name",
    unique,
  };
}

export const models: Record<ModelName, Model> = {
  site: slugged("dcim/sites", "Site", "dcim.site", {
    status: choice(["planned", "staging", "active", "decommissioning", "retired"], "active"),
  }),
  deviceRole: slugged("dcim/device-roles", "DeviceRole", "dcim.devicerole", {
    color: text(),
    vm_role: { kind: "boolean", default: true },
  }),
  manufacturer: slugged("dcim/manufacturers", "Manufacturer", "dcim.manufacturer"),
  deviceType: {
    path: "dcim/device-types",
    label: "DeviceType",
    contentType: "dcim.devicetype",
    fields: {
      manufacturer: ref("manufacturer", { required: true }),
      model: text({ required: true }),
      slug: text({ required: true }),
      description: text(),
    },
    brief: ["manufacturer", "model", "slug", "description"],
    display: "model",
  },
  device: {
    path: "dcim/devices",
    label: "Device",
    contentType: "dcim.device",
    fields: {
      name: text({ default: null }),
      device_type: ref("deviceType", { required: true }),
      role: ref("deviceRole", { required: true }),
      site: ref("site", { required: true }),
      cluster: ref("cluster"),
      status: choice(["offline", "active", "planned", "staged", "failed", "inventory", "decommissioning"], "active"),
      serial: text(),
      description: text(),
      comments: text(),
    },
    brief: ["name", "description"],
    display: "name",
  },
  configContext: {
    path: "extras/config-contexts",
    label: "ConfigContext",
    contentType: "extras.configcontext",
    fields: {
      name: text({ required: true }),
      weight: integer(0, 32767, { default: 1000 }),
      is_active: { kind: "boolean", default: true },
      description: text(),
      sites: { kind: "refs", to: "site", default: [] },
      roles: { kind: "refs", to: "deviceRole", default: [] },
      platforms: { kind: "refs", to: "platform", default: [] },
      cluster_types: { kind: "refs", to: "clusterType", default: [] },
      clusters: { kind: "refs", to: "cluster", default: [] },
      data: { kind: "json", required: true },
    },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["config context with this name already exists."] } }],
  },
  platform: slugged("dcim/platforms", "Platform", "dcim.platform"),
  clusterType: slugged("virtualization/cluster-types", "ClusterType", "virtualization.clustertype"),
  cluster: {
    path: "virtualization/clusters",
    label: "Cluster",
    contentType: "virtualization.cluster",
    fields: {
      name: text({ required: true }),
      type: ref("clusterType", { required: true }),
      site: ref("site"),
      status: choice(["planned", "staging", "active", "decommissioning", "offline"], "active"),
      description: text(),
      comments: text(),
    },
    brief: ["name", "description"],
    display: "name",
  },
  virtualMachine: {
    path: "virtualization/virtual-machines",
    label: "VirtualMachine",
    contentType: "virtualization.virtualmachine",
    fields: {
      name: text({ required: true }),
      status: choice(["offline", "active", "planned", "staged", "failed", "decommissioning", "paused"], "active"),
      start_on_boot: choice(["on", "off", "laststate"], "off"),
      site: ref("site"),
      cluster: ref("cluster"),
      device: ref("device"),
      role: ref("deviceRole"),
      platform: ref("platform"),
      tenant: integer(),
      primary_ip4: ref("ipAddress"),
      primary_ip6: ref("ipAddress"),
      vcpus: { kind: "decimal", min: 0.01, default: null },
      memory: integer(0, 2147483647),
      disk: integer(0, 2147483647),
      description: text(),
      serial: text(),
      comments: text(),
      local_context_data: { kind: "json", default: null },
    },
    brief: ["name", "description"],
    display: "name",
    unique: [
      {
        fields: ["name", "cluster", "tenant"],
        error: { __all__: ["Virtual machine name must be unique per cluster and tenant."] },
      },
    ],
  },
  vmInterface: {
    path: "virtualization/interfaces",
    label: "VMInterface",
    contentType: "virtualization.vminterface",
    fields: {
      virtual_machine: ref("virtualMachine", { required: true }),
      name: text({ required: true }),
      enabled: { kind: "boolean", default: true },
      parent: ref("vmInterface"),
      bridge: ref("vmInterface"),
      mtu: integer(1, 65536),
      mode: choice(["access", "tagged", "tagged-all", "q-in-q"], null),
      untagged_vlan: ref("vlan"),
      tagged_vlans: { kind: "refs", to: "vlan", default: [] },
      primary_mac_address: ref("macAddress"),
      vrf: ref("vrf"),
      description: text(),
    },
    brief: ["virtual_machine", "name", "description"],
    display: "name",
    unique: [
      {
        fields: ["virtual_machine", "name"],
        error: { __all__: ["Interface with this Virtual machine and Name already exists."] },
      },
    ],
  },
  virtualDisk: {
    path: "virtualization/virtual-disks",
    label: "VirtualDisk",
    contentType: "virtualization.virtualdisk",
    fields: {
      virtual_machine: ref("virtualMachine", { required: true }),
      name: text({ required: true }),
      size: integer(0, 2147483647, { required: true }),
      description: text(),
    },
    brief: ["virtual_machine", "name", "description", "size"],
    display: "name",
    unique: [
      {
        fields: ["virtual_machine", "name"],
        error: { __all__: ["Virtual disk with this Virtual machine and Name already exists."] },
      },
    ],
  },
  macAddress: {
    path: "dcim/mac-addresses",
    label: "MACAddress",
    contentType: "dcim.macaddress",
    fields: {
      mac_address: { kind: "mac", required: true },
      assigned_object_type: text({ default: null }),
      assigned_object_id: integer(),
      description: text(),
      comments: text(),
    },
    brief: ["mac_address", "description"],
    display: "mac_address",
  },
  vrf: {
    path: "ipam/vrfs",
    label: "VRF",
    contentType: "ipam.vrf",
    fields: {
      name: text({ required: true }),
      rd: text({ default: null }),
      enforce_unique: { kind: "boolean", default: true },
      description: text(),
    },
    brief: ["name", "rd", "description"],
    display: "name",
  },
  ipamRole: slugged("ipam/roles", "Role", "ipam.role", { weight: integer(0, 32767, { default: 1000 }) }),
  vlan: {
    path: "ipam/vlans",
    label: "VLAN",
    contentType: "ipam.vlan",
    fields: {
      vid: integer(1, 4094, { required: true }),
      name: text({ required: true }),
      site: ref("site"),
      status: choice(["active", "reserved", "deprecated"], "active"),
      role: ref("ipamRole"),
      description: text(),
      comments: text(),
    },
    brief: ["vid", "name", "description"],
    display: "name",
  },
  prefix: {
    path: "ipam/prefixes",
    label: "Prefix",
    contentType: "ipam.prefix",
    fields: {
      prefix: text({ required: true }),
      vrf: ref("vrf"),
      vlan: ref("vlan"),
      status: choice(["container", "active", "reserved", "deprecated"], "active"),
      role: ref("ipamRole"),
      is_pool: { kind: "boolean", default: false },
      mark_utilized: { kind: "boolean", default: false },
      description: text(),
      comments: text(),
    },
    brief: ["prefix", "description"],
    display: "prefix",
  },
  ipRange: {
    path: "ipam/ip-ranges",
    label: "IPRange",
    contentType: "ipam.iprange",
    fields: {
      start_address: text({ required: true }),
      end_address: text({ required: true }),
      vrf: ref("vrf"),
      status: choice(["active", "reserved", "deprecated"], "active"),
      role: ref("ipamRole"),
      mark_populated: { kind: "boolean", default: false },
      mark_utilized: { kind: "boolean", default: false },
      description: text(),
      comments: text(),
    },
    brief: ["start_address", "end_address", "description"],
    display: "start_address",
  },
  ipAddress: {
    path: "ipam/ip-addresses",
    label: "IPAddress",
    contentType: "ipam.ipaddress",
    fields: {
      address: text({ required: true }),
      vrf: ref("vrf"),
      status: choice(["active", "reserved", "deprecated", "dhcp", "slaac"], "active"),
      role: choice(["loopback", "secondary", "anycast", "vip", "vrrp", "hsrp", "glbp", "carp"], null),
      assigned_object_type: text({ default: null }),
      assigned_object_id: integer(),
      dns_name: text(),
      description: text(),
      comments: text(),
    },
    brief: ["address", "description"],
    display: "address",
  },
  tag: {
    path: "extras/tags",
    label: "Tag",
    contentType: "extras.tag",
    fields: { ...named, color: text({ default: "9e9e9e" }) },
    brief: ["name", "slug", "color"],
    display: "name",
    unique: [
      { fields: ["name"], error: { name: ["tag with this name already exists."] } },
      { fields: ["slug"], error: { slug: ["tag with this slug already exists."] } },
    ],
  },
  choiceSet: {
    path: "extras/custom-field-choice-sets",
    label: "CustomFieldChoiceSet",
    contentType: "extras.customfieldchoiceset",
    fields: { name: text({ required: true }), description: text(), extra_choices: { kind: "json", default: [] } },
    brief: ["name", "description"],
    display: "name",
  },
  customField: {
    path: "extras/custom-fields",
    label: "CustomField",
    contentType: "extras.customfield",
    fields: {
      name: text({ required: true }),
      label: text(),
      type: choice(
        [
          "text",
          "longtext",
          "integer",
          "decimal",
          "boolean",
          "date",
          "datetime",
          "url",
          "json",
          "select",
          "multiselect",
          "object",
          "multiobject",
        ],
        "text",
      ),
      object_types: { kind: "texts", required: true },
      choice_set: ref("choiceSet"),
      required: { kind: "boolean", default: false },
      unique: { kind: "boolean", default: false },
      default: { kind: "json", default: null },
      description: text(),
    },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["Custom field with this name already exists."] } }],
  },
  journalEntry: {
    path: "extras/journal-entries",
    label: "JournalEntry",
    contentType: "extras.journalentry",
    fields: {
      assigned_object_type: text({ required: true }),
      assigned_object_id: integer(1, undefined, { required: true }),
      kind: choice(["info", "success", "warning", "danger"], "info"),
      comments: text({ required: true }),
    },
    brief: ["created"],
    display: "created",
  },
  ...dnsModels(),
};

/** Of netbox-dns: choices are shown bare there. */
function dnsModels(): Pick<Record<ModelName, Model>, "dnsView" | "dnsNameserver" | "dnsZone" | "dnsRecord"> {
  const plain = (choices: readonly string[], fallback: string | null): Field => ({
    ...choice(choices, fallback),
    plain: true,
  });
  const flag = (extra: Partial<Field> = {}): Field => ({ kind: "boolean", default: false, ...extra });
  const seconds = (fallback: number) => integer(0, 2147483647, { default: fallback });
  return {
    dnsView: {
      path: "plugins/netbox-dns/views",
      label: "View",
      contentType: "netbox_dns.view",
      fields: {
        name: text({ required: true }),
        default_view: flag(),
        description: text(),
        prefixes: { kind: "refs", to: "prefix", default: [] },
      },
      brief: ["name", "description", "default_view"],
      display: "name",
      unique: [{ fields: ["name"], error: { name: ["View with this Name already exists."] } }],
    },
    dnsNameserver: {
      path: "plugins/netbox-dns/nameservers",
      label: "NameServer",
      contentType: "netbox_dns.nameserver",
      fields: { name: text({ required: true }), description: text() },
      brief: ["name", "description"],
      display: "name",
      unique: [{ fields: ["name"], error: { __all__: ["There is already a nameserver with this name"] } }],
    },
    dnsZone: {
      path: "plugins/netbox-dns/zones",
      label: "Zone",
      contentType: "netbox_dns.zone",
      fields: {
        name: text({ required: true }),
        view: ref("dnsView"),
        description: text(),
        nameservers: { kind: "refs", to: "dnsNameserver", default: [] },
        status: plain(["active", "reserved", "deprecated", "parked", "dynamic"], "active"),
        default_ttl: seconds(86400),
        soa_ttl: seconds(86400),
        soa_mname: ref("dnsNameserver"),
        soa_rname: text({ default: null }),
        soa_serial: integer(),
        soa_serial_auto: flag({ default: true }),
        soa_refresh: seconds(43200),
        soa_retry: seconds(7200),
        soa_expire: seconds(2419200),
        soa_minimum: seconds(3600),
      },
      brief: ["name", "view", "status"],
      display: "name",
    },
    dnsRecord: {
      path: "plugins/netbox-dns/records",
      label: "Record",
      contentType: "netbox_dns.record",
      fields: {
        zone: ref("dnsZone"),
        type: {
          ...plain(["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA", "SSHFP", "TLSA"], null),
          required: true,
        },
        name: text({ required: true }),
        value: text({ required: true }),
        status: plain(["active", "inactive"], "active"),
        ttl: integer(0, 2147483647),
        disable_ptr: flag(),
        description: text(),
        managed: flag({ internal: true }),
        ptr_record: ref("dnsRecord", { internal: true }),
        ipam_ip_address: ref("ipAddress", { internal: true }),
      },
      brief: ["zone", "type", "name", "description", "value", "status", "ttl", "managed"],
      display: "name",
    },
  };
}

export type ModelName =
  | "site"
  | "deviceRole"
  | "manufacturer"
  | "deviceType"
  | "device"
  | "configContext"
  | "platform"
  | "clusterType"
  | "cluster"
  | "virtualMachine"
  | "vmInterface"
  | "virtualDisk"
  | "macAddress"
  | "vrf"
  | "ipamRole"
  | "vlan"
  | "prefix"
  | "ipRange"
  | "ipAddress"
  | "tag"
  | "choiceSet"
  | "customField"
  | "journalEntry"
  | "dnsView"
  | "dnsNameserver"
  | "dnsZone"
  | "dnsRecord";

/** Models that carry tags and custom fields. */
export const tagged = new Set<ModelName>([
  "site",
  "deviceRole",
  "manufacturer",
  "deviceType",
  "device",
  "platform",
  "clusterType",
  "cluster",
  "virtualMachine",
  "vmInterface",
  "virtualDisk",
  "macAddress",
  "vrf",
  "ipamRole",
  "vlan",
  "prefix",
  "ipRange",
  "ipAddress",
  "journalEntry",
  "dnsView",
  "dnsNameserver",
  "dnsZone",
  "dnsRecord",
]);
