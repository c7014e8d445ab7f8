import { z } from "zod";
import {
  diskOptions,
  guestOptions,
  networkOptions,
  type OptionTable,
  optionExample,
  optionProblem,
} from "../providers/proxmox/options";
import { type ConfigSource, readJson, readSection, type SettingProblem } from "../providers/settings";

const zoneLike = z.string().regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i, "write a domain, like example.com");

/** Options of PVE, each one that there is and a value that it can have. */
const optionsLike = (table: OptionTable) =>
  z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean().transform(Number)]))
    .superRefine((options, context) => {
      for (const [name, value] of Object.entries(options)) {
        const message = optionProblem(name, value, table);
        if (!(name in table)) context.addIssue({ code: "unrecognized_keys", keys: [name], input: options });
        else if (message !== undefined)
          context.addIssue({ code: "custom", path: [name], message, params: { example: optionExample(name, table) } });
      }
    });

/** How guests of a cluster are made where NetBox says nothing. */
const defaultsSchema = z.strictObject({
  /** Template VMID. */
  template: z.number().int().min(100).optional(),
  /** Template VMID by the NetBox platform's slug. */
  templates: z.record(z.string(), z.number().int().min(100)).optional(),
  fullClone: z.boolean().optional(),
  storage: z.string().optional(),
  bridge: z.string().optional(),
  netModel: z.enum(["virtio", "e1000", "e1000e", "vmxnet3", "rtl8139"]).optional(),
  sockets: z.number().int().min(1).optional(),
  /** The resource pool of every guest. */
  pool: z.string().min(1).optional(),
  user: z.string().optional(),
  sshKeys: z
    .array(z.string().regex(/^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+/, "write a public key line, like 'ssh-ed25519 AAAA…'"))
    .optional(),
  nameservers: z.array(z.string()).optional(),
  searchDomain: zoneLike.optional(),
  /** PVE options by their names in qm.conf (`cpu`, `agent`, `onboot`, …), where NetBox names none. */
  options: optionsLike(guestOptions).optional(),
  /** Keys of every disk (`discard`, `ssd`, …), where its custom fields name none. */
  diskOptions: optionsLike(diskOptions).optional(),
  /** Keys of every network device (`firewall`, …), where its custom fields name none. */
  networkOptions: optionsLike(networkOptions).optional(),
  /** Added to the NetBox id where no VMID is given. */
  vmidBase: z.number().int().min(0).max(999_000_000).optional(),
});

const customFieldsSchema = z.strictObject({
  vmid: z.string().default("proxmox_vmid"),
  node: z.string().default("proxmox_node"),
  storage: z.string().default("proxmox_vm_storage"),
  template: z.string().default("proxmox_vm_templates"),
  sshKeys: z.string().default("proxmox_public_ssh_key"),
  pool: z.string().default("proxmox_pool"),
  diskStorage: z.string().default("proxmox_disk_storage_volume"),
  allocateFrom: z.string().default("allocate_from"),
  gateway: z.string().default("gateway"),
  dnsAliases: z.string().default("dns_aliases"),
  dnsTxt: z.string().default("dns_txt"),
  /** A custom field named so and then as a PVE option (`proxmox_option_cpu`) sets that option. */
  optionPrefix: z.string().min(1).default("proxmox_option_"),
});

const siteSchema = z.strictObject({
  /** Only guests with this tag (its slug). */
  tag: z.string().optional(),
  /** Does `pulumi destroy` refuse? */
  protect: z.boolean().default(true),
  /** How many guests a run may take away: a number, or a percentage of those there were. */
  maxRemovals: z
    .union([z.number().int().min(0), z.string().regex(/^\d{1,3}%$/, "write a number or a percentage, like 5 or 10%")])
    .default(5),
  /** NetBox's MB are taken as so many thousandths (1000) or 1024ths of PVE's GiB. */
  ramBaseUnit: z.union([z.literal(1000), z.literal(1024)]).default(1024),
  diskBaseUnit: z.union([z.literal(1000), z.literal(1024)]).default(1024),
  /** The tag (its slug) of a prefix's gateway address, where its custom field names none. */
  gatewayTag: z.string().default("gateway"),
  customFields: customFieldsSchema.prefault({}),
});

const dnsSchema = z.strictObject({
  /** Seconds. */
  ttl: z.number().int().min(0).default(300),
  /** Guests whose address we allocate get the name GUEST.DOMAIN. */
  domain: zoneLike.optional(),
});

export type GuestDefaults = z.infer<typeof defaultsSchema>;
export type SiteSettings = z.infer<typeof siteSchema>;
export type DnsSettings = z.infer<typeof dnsSchema>;
export type CustomFieldNames = z.infer<typeof customFieldsSchema>;

/** What the site program needs beside its connections. */
export interface Settings {
  site: SiteSettings;
  dns: DnsSettings;
  /** By cluster, the general ones mixed in. */
  defaults: (cluster: string) => GuestDefaults;
}

const examples: Record<string, string> = {
  template: "9000",
  templates: "9000",
  fullClone: "true",
  storage: "local-lvm",
  bridge: "vmbr0",
  netModel: "virtio",
  sockets: "1",
  pool: "team",
  user: "admin",
  sshKeys: "'ssh-ed25519 AAAA…'",
  nameservers: "192.0.2.53",
  searchDomain: "example.com",
  vmidBase: "100000",
  options: "host",
  tag: "production",
  protect: "true",
  maxRemovals: "5",
  ramBaseUnit: "1024",
  diskBaseUnit: "1024",
  gatewayTag: "gateway",
  ttl: "300",
  domain: "example.com",
};

/** The keys of this program's configuration; the connections are read by themselves. */
export const knownKeys = ["program", "netbox", "proxmox", "bind9", "site", "dns", "defaults", "clusters"];

export function readSettings(
  source: ConfigSource,
  clusters: string[],
): { value: Settings } | { problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const section = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const read = readJson(source, name);
    if ("problems" in read) {
      problems.push(...read.problems);
      return undefined;
    }
    const parsed = readSection(name, schema, read.value ?? {}, examples);
    if ("value" in parsed) return parsed.value;
    problems.push(...parsed.problems);
    return undefined;
  };
  const site = section("site", siteSchema);
  const dns = section("dns", dnsSchema);
  const general = section("defaults", defaultsSchema);
  const special = section("clusters", z.record(z.string(), defaultsSchema));
  for (const name of Object.keys(special ?? {}))
    if (!clusters.includes(name))
      problems.push({
        key: `netbox-proxmox:clusters["${name}"]`,
        problem: "names no cluster of netbox-proxmox:proxmox",
        remedy: `pulumi config rm --path 'netbox-proxmox:clusters["${name}"]'`,
      });
  if (site === undefined || dns === undefined || general === undefined || special === undefined || problems.length > 0)
    return { problems };
  const defaults = (cluster: string): GuestDefaults => {
    const own = special[cluster] ?? {};
    const both = (key: "options" | "diskOptions" | "networkOptions") => ({ ...general[key], ...own[key] });
    const options = {
      options: both("options"),
      diskOptions: both("diskOptions"),
      networkOptions: both("networkOptions"),
    };
    return { ...general, ...own, ...options };
  };
  return { value: { site, dns, defaults } };
}
