import { choice, type Field, integer, type Model, type ModelName, ref, text } from "./fields";

/** Of netbox-dns: choices are shown bare there. */
export function dnsModels(): Pick<Record<ModelName, Model>, "dnsView" | "dnsNameserver" | "dnsZone" | "dnsRecord"> {
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
