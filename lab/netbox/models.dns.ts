import { choiceField, type Field, integerField, type Model, type ModelName, refField, textField } from "./fields";

/** Of netbox-dns: choices are shown bare there. */
export function dnsModels(): Pick<Record<ModelName, Model>, "dnsView" | "dnsNameserver" | "dnsZone" | "dnsRecord"> {
  const plain = (choices: readonly string[], fallback: string | null): Field => ({
    ...choiceField(choices, fallback),
    plain: true,
  });
  const flag = (extra: Partial<Field> = {}): Field => ({ kind: "boolean", default: false, ...extra });
  const seconds = (fallback: number) => integerField(0, 2147483647, { default: fallback });
  return {
    dnsView: {
      path: "plugins/netbox-dns/views",
      label: "View",
      contentType: "netbox_dns.view",
      fields: {
        name: textField({ required: true }),
        default_view: flag(),
        description: textField(),
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
      fields: { name: textField({ required: true }), description: textField() },
      brief: ["name", "description"],
      display: "name",
      unique: [{ fields: ["name"], error: { __all__: ["There is already a nameserver with this name"] } }],
    },
    dnsZone: {
      path: "plugins/netbox-dns/zones",
      label: "Zone",
      contentType: "netbox_dns.zone",
      fields: {
        name: textField({ required: true }),
        view: refField("dnsView"),
        description: textField(),
        nameservers: { kind: "refs", to: "dnsNameserver", default: [] },
        status: plain(["active", "reserved", "deprecated", "parked", "dynamic"], "active"),
        default_ttl: seconds(86400),
        soa_ttl: seconds(86400),
        soa_mname: refField("dnsNameserver"),
        soa_rname: textField({ default: null }),
        soa_serial: integerField(),
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
        zone: refField("dnsZone"),
        type: {
          ...plain(["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA", "SSHFP", "TLSA"], null),
          required: true,
        },
        name: textField({ required: true }),
        value: textField({ required: true }),
        status: plain(["active", "inactive"], "active"),
        ttl: integerField(0, 2147483647),
        disable_ptr: flag(),
        description: textField(),
        managed: flag({ internal: true }),
        ptr_record: refField("dnsRecord", { internal: true }),
        ipam_ip_address: refField("ipAddress", { internal: true }),
      },
      brief: ["zone", "type", "name", "description", "value", "status", "ttl", "managed"],
      display: "name",
    },
  };
}
