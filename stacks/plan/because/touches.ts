import type { CustomFieldNames } from "../../netbox/customfields";
import type { Change } from "../change";

// Which fields of NetBox the properties of a guest, an address or a name come from.

/** Fields of one kind of objects, as the change log names them; what lies below a field is of it, and `*` is all that begins so. */
export interface Touch {
  type: string;
  paths: readonly string[];
  /** Where a config context's key says it: contexts are no objects of the guest, and apply by what it is. */
  contextKeys?: readonly string[];
}

/** What decides a property, and what may have decided it besides. */
export interface Touches {
  strong: Touch[];
  weak: Touch[];
}

const vm = (...paths: string[]): Touch => ({ type: "virtualization.virtualmachine", paths });
const nic = (...paths: string[]): Touch => ({ type: "virtualization.vminterface", paths });
const disk = (...paths: string[]): Touch => ({ type: "virtualization.virtualdisk", paths });
const ip = (...paths: string[]): Touch => ({ type: "ipam.ipaddress", paths });
const prefix = (...paths: string[]): Touch => ({ type: "ipam.prefix", paths });
const range = (...paths: string[]): Touch => ({ type: "ipam.iprange", paths });
const vlan = (...paths: string[]): Touch => ({ type: "ipam.vlan", paths });
const mac = (...paths: string[]): Touch => ({ type: "dcim.macaddress", paths });
const other = (type: string, ...paths: string[]): Touch => ({ type, paths });
const dnsRecord = other("netbox_dns.record", "*");
const dnsZone = other("netbox_dns.zone", "default_ttl", "status", "name", "view");

/** What config contexts apply by. */
export const contextConditions = {
  sites: "dcim.site",
  roles: "dcim.devicerole",
  platforms: "dcim.platform",
  clusters: "virtualization.cluster",
  tenants: "tenancy.tenant",
} as const;

/** How a guest's place changes which contexts apply to it. */
const placed = vm("role", "platform", "cluster", "site", "tenant");

function context(...keys: string[]): Touch[] {
  return [
    vm(...keys.map((key) => `local_context_data.${key}`)),
    { type: "extras.configcontext", paths: keys.map((key) => `data.${key}`) },
  ];
}

function conditions(...keys: string[]): Touch[] {
  const paths = [...Object.keys(contextConditions), "is_active", "weight", "regions", "site_groups", "locations"];
  const more = ["device_types", "cluster_types", "cluster_groups", "tenant_groups", "tags"];
  return [{ type: "extras.configcontext", paths: [...paths, ...more], contextKeys: keys }, placed];
}

type Table = Readonly<Record<string, Touches>>;

/** The properties of what a change is of, by the names that they have there. `create` and `delete` are for the whole object. */
export function touchesOf(object: Change["object"], fields: CustomFieldNames): Table {
  const custom = (...keys: (keyof CustomFieldNames)[]) => keys.map((key) => `custom_fields.${fields[key]}`);
  /** A setting of the guest's: its custom field, its context. */
  const setting = (contextKeys: string[], ...keys: (keyof CustomFieldNames)[]): Touches => {
    const below = contextKeys.map((key) => `proxmox.${key}`);
    return { strong: [vm(...custom(...keys)), ...context(...below)], weak: conditions(...below) };
  };
  const strong = (...touches: Touch[]): Touches => ({ strong: touches, weak: [] });
  const both = (...all: Touches[]): Touches => ({
    strong: all.flatMap((each) => each.strong),
    weak: all.flatMap((each) => each.weak),
  });
  const options = (section: string): Touches => setting([section]);
  const optionFields = `custom_fields.${fields.optionPrefix}*`;
  const addressed = strong(
    ip("address", "status", "role", "vrf", "tags", "assigned_object_type", "assigned_object_id"),
    prefix("prefix", "vrf", "vlan", "role", "status", "tags", ...custom("gateway", "allocateFrom")),
    range("start_address", "end_address", "vrf", "role", "status", "tags", "mark_populated"),
    nic("vrf", "untagged_vlan", ...custom("allocateFrom")),
    vm("primary_ip4", "primary_ip6"),
    ...context("allocate_from"),
  );
  const inScope = strong(vm("status", "cluster", "tenant", "site", "tags"));
  switch (object) {
    case "VM":
    case "container": {
      const networks = both(
        strong(
          nic("name", "enabled", "mtu", "mode", "untagged_vlan", "tagged_vlans", "primary_mac_address"),
          nic("parent", "bridge", "custom_fields"),
          mac("mac_address", "assigned_object_id"),
          vlan("vid"),
        ),
        setting(["bridge", "vnets", "netModel", "networkOptions"]),
      );
      return {
        create: inScope,
        delete: inScope,
        name: strong(vm("name")),
        description: strong(vm("description", "comments")),
        tags: strong(vm("tags"), other("extras.tag", "slug", "name")),
        memory: strong(vm("memory")),
        cores: both(strong(vm("vcpus")), setting(["sockets"])),
        sockets: both(strong(vm("vcpus")), setting(["sockets"])),
        disks: both(strong(disk("name", "size", "custom_fields"), vm(...custom("storage"))), {
          strong: [...options("diskOptions").strong, ...options("volumeOptions").strong],
          weak: conditions("proxmox.diskOptions", "proxmox.volumeOptions"),
        }),
        networks: object === "container" ? both(networks, addressed) : networks,
        cloudInit: both(
          addressed,
          setting(
            ["user", "password", "sshKeys", "nameservers", "searchDomain"],
            "user",
            "sshKeys",
            "nameservers",
            "searchDomain",
          ),
        ),
        sshKeys: setting(["sshKeys"], "sshKeys"),
        password: setting(["password"]),
        nameservers: setting(["nameservers"], "nameservers"),
        searchDomain: setting(["searchDomain"], "searchDomain"),
        power: strong(vm("status")),
        inert: strong(vm("status")),
        node: strong(vm("device", ...custom("node")), other("dcim.device", "name")),
        placement: strong(vm("device", ...custom("node"))),
        pool: setting(["pool"], "pool"),
        ha: setting(["ha"], "ha"),
        storage: setting(["storage"], "storage"),
        fullClone: setting(["fullClone"]),
        unprivileged: setting(["unprivileged"]),
        template: both(
          setting(["template", "templates", "lxcTemplate", "lxcTemplates"], "template", "lxcTemplate"),
          strong(vm("platform"), other("dcim.platform", "slug")),
        ),
        rebuild: setting(["rebuild"], "rebuild"),
        restart: setting(["rebootPolicy"], "rebootPolicy"),
        options: both(
          strong(vm("start_on_boot", "vcpus", optionFields)),
          options("options"),
          options("containerOptions"),
        ),
        cluster: strong(vm("cluster"), other("virtualization.cluster", "name")),
        vmid: strong(vm(...custom("vmid"))),
        type: strong(vm("role", ...custom("type")), other("dcim.devicerole", "slug")),
        adopt: strong(vm("tags")),
      };
    }
    case "address":
      return {
        create: both(addressed, inScope),
        delete: both(addressed, inScope),
        address: addressed,
        addressId: addressed,
        primary: strong(vm("primary_ip4", "primary_ip6")),
        dnsName: strong(ip("dns_name"), vm("name")),
        label: strong(vm("name"), nic("name")),
      };
    case "name":
    case "netbox-dns record": {
      const named = strong(
        ip("dns_name", "address", "status", "vrf", "assigned_object_id", ...custom("dnsAliases", "dnsTxt")),
        vm("name", "status"),
        dnsRecord,
      );
      const whole = both(named, strong(dnsZone), inScope);
      const one = Object.fromEntries(
        ["records", "reverse", "owner", "zoneId", "name", "type", "value"].map((key) => [key, named]),
      );
      const ttl = strong(dnsZone, other("netbox_dns.record", "ttl"));
      return { ...one, create: whole, delete: whole, ttl, ttls: ttl };
    }
    case "NetBox status":
      return { create: strong(vm("status", "tags")), delete: inScope };
    case "NetBox object":
      return { create: inScope, delete: inScope, vmid: strong(vm(...custom("vmid"))) };
    default:
      return {};
  }
}

/** Is a field that an entry changed one of these? */
export const isOf = (path: string, of: readonly string[]): boolean =>
  of.some((each) =>
    each.endsWith("*") ? path.startsWith(each.slice(0, -1)) : path === each || path.startsWith(`${each}.`),
  );
