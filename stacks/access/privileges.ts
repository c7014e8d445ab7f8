// What each program of this project may do: the one place that says so. docs/privileges.md shows it, tests run with it, and
// stacks/access/ makes roles, users and tokens of it.

/** Privileges of Proxmox VE that a program's token needs at a path of the access control list. */
export interface Grant {
  path: string;
  privileges: string[];
  /** They are inherited below the path, unless this says that they are of no use there. */
  propagate?: false;
  /** Needed only where the site uses this. */
  only?: string;
}

/** What a program's user needs in NetBox: an object permission. */
export interface ObjectPermission {
  objectTypes: string[];
  actions: ("view" | "add" | "change" | "delete" | "grant")[];
  /** Needed only where the site uses this. */
  only?: string;
}

/** The site program's in NetBox; docs/privileges.md shows them, and a test proves each sufficient and needed. */
export const sitePermissions: ObjectPermission[] = [
  {
    objectTypes: [
      "core.objectchange",
      "extras.customfield",
      "extras.eventrule",
      "ipam.ipaddress",
      "ipam.iprange",
      "ipam.prefix",
      "virtualization.cluster",
      "virtualization.virtualdisk",
      "virtualization.virtualmachine",
      "virtualization.vminterface",
    ],
    actions: ["view"],
  },
  { objectTypes: ["virtualization.virtualmachine"], actions: ["change", "delete"] },
  { objectTypes: ["ipam.ipaddress"], actions: ["add", "change", "delete"] },
  { objectTypes: ["netbox_dns.view", "netbox_dns.zone", "netbox_dns.record"], actions: ["view"], only: "netbox-dns" },
  { objectTypes: ["netbox_dns.record"], actions: ["add", "change", "delete"], only: "netbox-dns" },
  // Last, as what an access stack made before is told by its place in this list.
  { objectTypes: ["ipam.vrf"], actions: ["view"], only: "VRFs" },
  { objectTypes: ["ipam.service", "tenancy.contactassignment"], actions: ["view"], only: "policies" },
  { objectTypes: ["extras.journalentry"], actions: ["add"], only: "journal" },
];

/** What `preview` and `preview --refresh` need of them: to look. */
export const planPermissions = sitePermissions.filter(({ actions }) => actions.every((action) => action === "view"));

/** What a plan of a branch needs besides: the branches, and where they conflict with main. */
export const branchPermissions: ObjectPermission[] = [
  { objectTypes: ["netbox_branching.branch", "netbox_branching.changediff"], actions: ["view"] },
];

/** Those of `npm run ops -- netbox-schema`, for the time that it takes. */
export const schemaPermissions: ObjectPermission[] = [
  {
    objectTypes: [
      "dcim.devicerole",
      "extras.customfield",
      "extras.customfieldchoiceset",
      "extras.tag",
      "virtualization.clustertype",
    ],
    actions: ["view", "add"],
  },
  { objectTypes: ["extras.customfieldchoiceset"], actions: ["change"], only: "choices" },
  { objectTypes: ["extras.customlink"], actions: ["view", "add", "change"], only: "links" },
];

/** The site program's, for Proxmox VE 8 and 9. docs/privileges.md shows it, and a test proves each privilege sufficient and needed. */
export const siteGrants: Grant[] = [
  // The cluster's identity, and the nodes' free memory.
  { path: "/", privileges: ["Sys.Audit"] },
  {
    path: "/vms",
    privileges: [
      "VM.Allocate",
      "VM.Audit",
      "VM.Clone",
      "VM.Config.CPU",
      "VM.Config.Cloudinit",
      "VM.Config.Disk",
      "VM.Config.HWType",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.Options",
      "VM.Migrate",
      "VM.PowerMgmt",
    ],
  },
  { path: "/storage", privileges: ["Datastore.AllocateSpace", "Datastore.Audit"] },
  { path: "/sdn/zones", privileges: ["SDN.Use"] },
  { path: "/vms", privileges: ["VM.Snapshot"], only: "snapshots" },
  { path: "/pool", privileges: ["Pool.Allocate", "Pool.Audit"], only: "pools" },
  { path: "/", privileges: ["Sys.Console"], only: "HA" },
  { path: "/mapping", privileges: ["Mapping.Use"], only: "mappings" },
  // What reaches beyond the guest itself Proxmox VE leaves to those who may change the cluster.
  { path: "/", privileges: ["Sys.Modify"], propagate: false, only: "startup" },
  { path: "/", privileges: ["Sys.Modify"], propagate: false, only: "privileged containers" },
];

/** What `preview` and `preview --refresh` need on Proxmox VE: to look. */
export const planGrants: Grant[] = [
  { path: "/", privileges: ["Sys.Audit"] },
  { path: "/vms", privileges: ["VM.Audit"] },
  { path: "/storage", privileges: ["Datastore.Audit"] },
  { path: "/sdn/zones", privileges: ["SDN.Audit"] },
  { path: "/pool", privileges: ["Pool.Audit"], only: "pools" },
];

/** The discovery program's, which changes nothing there. What reads agents is another privilege on PVE 9 than before. */
export const discoveryGrants: Grant[] = [
  // The cluster, its nodes and their networks.
  { path: "/", privileges: ["Sys.Audit"] },
  { path: "/vms", privileges: ["VM.Audit"] },
  { path: "/vms", privileges: ["VM.GuestAgent.Audit"], only: "agents" },
  { path: "/storage", privileges: ["Datastore.Audit"], only: "storages" },
  { path: "/sdn/zones", privileges: ["SDN.Audit"], only: "SDN" },
  { path: "/pool", privileges: ["Pool.Audit"], only: "pools" },
];

/** What it needs in NetBox: to look, and to write what it discovers. */
export const discoveryPermissions: ObjectPermission[] = [
  {
    objectTypes: [
      "core.objectchange",
      "dcim.device",
      "dcim.devicerole",
      "dcim.devicetype",
      "dcim.interface",
      "dcim.macaddress",
      "dcim.manufacturer",
      "dcim.platform",
      "extras.customfield",
      "extras.customfieldchoiceset",
      "extras.tag",
      "ipam.ipaddress",
      "ipam.prefix",
      "ipam.vlan",
      "virtualization.cluster",
      "virtualization.clustertype",
      "virtualization.virtualdisk",
      "virtualization.virtualmachine",
      "virtualization.vminterface",
    ],
    actions: ["view"],
  },
  // NetBox looks up what an object names among what the user may see: a node's site, a guest's tenant.
  { objectTypes: ["dcim.site"], actions: ["view"], only: "nodes" },
  {
    objectTypes: [
      "dcim.device",
      "dcim.interface",
      "dcim.macaddress",
      "ipam.ipaddress",
      "virtualization.cluster",
      "virtualization.virtualdisk",
      "virtualization.virtualmachine",
      "virtualization.vminterface",
    ],
    actions: ["add", "change", "delete"],
  },
  {
    objectTypes: [
      "dcim.devicerole",
      "dcim.devicetype",
      "dcim.manufacturer",
      "dcim.platform",
      "extras.customfield",
      "extras.customfieldchoiceset",
      "extras.tag",
      "ipam.prefix",
      "ipam.vlan",
      "virtualization.clustertype",
    ],
    actions: ["add", "change"],
  },
  // Last, as what an access stack made before is told by its place in this list.
  { objectTypes: ["ipam.vrf"], actions: ["view"], only: "VRFs" },
  { objectTypes: ["ipam.vlangroup"], actions: ["view"], only: "VLAN groups" },
  { objectTypes: ["dcim.location", "dcim.region", "dcim.site", "dcim.sitegroup"], actions: ["view"], only: "places" },
];

/** The intent program's in NetBox: to look, and to write guests. */
export const intentPermissions: ObjectPermission[] = [
  {
    objectTypes: [
      "dcim.devicerole",
      "dcim.macaddress",
      "dcim.platform",
      "extras.customfield",
      "extras.tag",
      "ipam.ipaddress",
      "ipam.prefix",
      "ipam.role",
      "ipam.vlan",
      "virtualization.cluster",
      "virtualization.clustertype",
      "virtualization.virtualdisk",
      "virtualization.virtualmachine",
      "virtualization.vminterface",
    ],
    actions: ["view"],
  },
  { objectTypes: ["virtualization.virtualmachine"], actions: ["add", "change"] },
  {
    objectTypes: ["dcim.macaddress", "ipam.ipaddress", "virtualization.virtualdisk", "virtualization.vminterface"],
    actions: ["add", "change", "delete"],
  },
  {
    objectTypes: [
      "dcim.devicerole",
      "dcim.platform",
      "extras.tag",
      "ipam.aggregate",
      "ipam.iprange",
      "ipam.prefix",
      "ipam.rir",
      "ipam.role",
      "ipam.vlan",
      "netbox_dns.nameserver",
      "netbox_dns.zone",
      "virtualization.cluster",
      "virtualization.clustertype",
    ],
    actions: ["view", "add", "change", "delete"],
    only: "prerequisites",
  },
  { objectTypes: ["netbox_dns.view"], actions: ["view"], only: "netbox-dns" },
  // Last, as what an access stack made before is told by its place in this list.
  { objectTypes: ["ipam.vrf"], actions: ["view"], only: "VRFs" },
  { objectTypes: ["ipam.vlangroup"], actions: ["view"], only: "VLAN groups" },
  { objectTypes: ["dcim.site"], actions: ["view"], only: "sites" },
  { objectTypes: ["tenancy.tenant"], actions: ["view"], only: "tenants" },
  { objectTypes: ["dcim.location", "dcim.region", "dcim.site", "dcim.sitegroup"], actions: ["view"], only: "places" },
];

/** The access program's: whoever may change all rights may give itself the rest. */
export const accessGrants: Grant[] = [
  // The cluster's identity, and the ACL of every path.
  { path: "/", privileges: ["Sys.Audit", "Permissions.Modify"] },
  // Roles, users with their tokens, groups; and the ACL here too, as what is granted below / takes the place of what is granted at it.
  {
    path: "/access",
    privileges: ["Permissions.Modify", "Sys.Modify", "User.Modify", "Realm.AllocateUser", "Group.Allocate"],
  },
];

/** Its own in NetBox. */
export const accessPermissions: ObjectPermission[] = [
  {
    objectTypes: ["users.group", "users.objectpermission", "users.token", "users.user"],
    actions: ["view", "add", "change", "delete"],
  },
  // A token for somebody else.
  { objectTypes: ["users.token"], actions: ["grant"] },
];

/** The templates program's. What downloads is another privilege on PVE 8 and later than before. */
export const templatesGrants: Grant[] = [
  // The cluster's identity and nodes.
  { path: "/", privileges: ["Sys.Audit"] },
  // What a node downloads from an address that the program names, and reads of PVE's list.
  { path: "/nodes", privileges: ["Sys.AccessNetwork"] },
  {
    path: "/vms",
    privileges: [
      "VM.Allocate",
      "VM.Audit",
      "VM.Config.CPU",
      "VM.Config.Disk",
      "VM.Config.HWType",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.Options",
    ],
  },
  // Datastore.Allocate takes a file away again that is of no more use.
  {
    path: "/storage",
    privileges: ["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate", "Datastore.Audit"],
  },
  { path: "/sdn/zones", privileges: ["SDN.Use"] },
];

/** The same in NetBox, where it offers the templates. */
export const templatesPermissions: ObjectPermission[] = [
  {
    objectTypes: ["extras.customfield", "extras.customfieldchoiceset", "virtualization.virtualmachine"],
    actions: ["view"],
  },
  { objectTypes: ["extras.customfieldchoiceset"], actions: ["change"] },
];

/** The platform program's; over ssh it is root on the node. */
export const platformGrants: Grant[] = [
  // The cluster's identity and nodes.
  { path: "/", privileges: ["Sys.Audit"] },
  {
    path: "/vms",
    privileges: [
      "VM.Allocate",
      "VM.Audit",
      "VM.Config.CPU",
      "VM.Config.Disk",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.Options",
      "VM.PowerMgmt",
    ],
  },
  { path: "/storage", privileges: ["Datastore.AllocateSpace", "Datastore.Audit"] },
  { path: "/sdn/zones", privileges: ["SDN.Use"] },
  // Networks that it makes.
  { path: "/nodes", privileges: ["Sys.Modify"], only: "bridges" },
  // What is granted at /sdn/zones takes the place of what is granted at /sdn.
  { path: "/sdn", privileges: ["SDN.Allocate"], only: "vnets" },
  { path: "/sdn/zones", privileges: ["SDN.Allocate"], only: "vnets" },
];

/** The inventory program's, which changes nothing: what PVE's own role PVEAuditor holds suffices. */
export const inventoryGrants: Grant[] = [
  // The cluster and its nodes.
  { path: "/", privileges: ["Sys.Audit"] },
  { path: "/vms", privileges: ["VM.Audit"] },
  { path: "/storage", privileges: ["Datastore.Audit"] },
];
/** The same in NetBox. */
export const inventoryPermissions: ObjectPermission[] = [
  {
    objectTypes: [
      "ipam.ipaddress",
      "ipam.prefix",
      "ipam.vlan",
      "virtualization.virtualmachine",
      "virtualization.vminterface",
    ],
    actions: ["view"],
  },
];

/** What `npm run ops -- tokens` needs: to look at users, rights and the task log. */
export const opsGrants: Grant[] = [{ path: "/", privileges: ["Sys.Audit"] }];
/** The same in NetBox, and what `ops netbox-schema` makes. */
export const opsPermissions: ObjectPermission[] = [
  { objectTypes: ["users.token"], actions: ["view"] },
  ...schemaPermissions,
];

/** What `ops` needs to list and touch guests. */
export const guestGrants: Grant[] = [
  { path: "/vms", privileges: ["VM.Audit"], only: "guests" },
  { path: "/vms", privileges: ["VM.PowerMgmt"], only: "power" },
  { path: "/vms", privileges: ["VM.Snapshot"], only: "snapshots" },
];
/** The same in NetBox: names, and statuses that are written by `--record`. */
export const guestPermissions: ObjectPermission[] = [
  { objectTypes: ["virtualization.virtualmachine"], actions: ["view"], only: "guests" },
  { objectTypes: ["virtualization.virtualmachine"], actions: ["change"], only: "record" },
];
