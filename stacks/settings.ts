import { scryptSync } from "node:crypto";
import { z } from "zod";
import { allowance, defaultAllowance } from "../providers/missing";
import {
  containerOptions,
  diskOptions,
  guestOptions,
  networkOptions,
  type OptionTable,
  optionExample,
  optionProblem,
  volumeOptions,
} from "../providers/proxmox/nodes/options";
import { type ConfigSource, readJson, readSection, type SettingProblem } from "../providers/settings";
import { type DiscoverySettings, discoverySchema } from "./discovery/settings";
import { duration } from "./duration";

/** A name that stands in a property string: it must not bring keys of its own. */
const optionValue = z.string().regex(/^[\w.-]+$/, "write letters, digits, dots, hyphens and underscores");
const addressLike = z.string().regex(/^[0-9a-fA-F.:]+$/, "write an IP address");
const lxcTemplateLike = z.union([
  z.number().int().min(100),
  z
    .string()
    .regex(/^[^\s:]+:vztmpl\/\S+$/, "write a container's VMID, or an OS template like local:vztmpl/debian-12.tar.zst"),
]);
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

/** A template: by its VMID, or the current one of a name. */
const templateLike = z.union([
  z.number().int().min(100),
  z.string().regex(/^[a-z0-9][a-z0-9.-]*$/i, "write a template's VMID or name, like 9000 or ubuntu-noble"),
]);

/** What of a guest a snapshot can be taken before. */
const snapshotGroups = ["cpu", "memory", "disks", "networks", "options"] as const;
export type SnapshotGroup = (typeof snapshotGroups)[number];

/** What a guest takes where NetBox's own fields say nothing: by its custom fields, its config context, or the stack's defaults. */
const guestSchema = z.strictObject({
  template: templateLike.optional(),
  /** The same by the NetBox platform's slug. */
  templates: z.record(z.string(), templateLike).optional(),
  /** A container's: the VMID of one to clone, or an OS template's volume. */
  lxcTemplate: lxcTemplateLike.optional(),
  /** The same by the NetBox platform's slug. */
  lxcTemplates: z.record(z.string(), lxcTemplateLike).optional(),
  /** Of containers made from an OS template. */
  unprivileged: z.boolean().optional(),
  fullClone: z.boolean().optional(),
  storage: optionValue.optional(),
  /** A bridge or an SDN vnet. */
  bridge: optionValue.optional(),
  /** A bridge or an SDN vnet by the VID of the interface's untagged VLAN, whose frames then go untagged. */
  vnets: z.record(z.string().regex(/^\d+$/, "write a VLAN id"), optionValue).optional(),
  netModel: z.enum(["virtio", "e1000", "e1000e", "vmxnet3", "rtl8139"]).optional(),
  sockets: z.number().int().min(1).optional(),
  /** The resource pool of every guest. */
  pool: z
    .string()
    .regex(/^[\w./-]+$/, "write a pool's name")
    .optional(),
  /** `none`, `managed`, or an HA group (PVE 8) or node affinity rule (PVE 9). */
  ha: optionValue.optional(),
  user: z
    .string()
    .regex(/^[^\s:,]+$/, "write a user's name")
    .optional(),
  /** The name of a password in netbox-proxmox:passwords. */
  password: z.string().min(1).optional(),
  sshKeys: z
    .array(z.string().regex(/^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+/, "write a public key line, like 'ssh-ed25519 AAAA…'"))
    .optional(),
  nameservers: z.array(addressLike).optional(),
  searchDomain: zoneLike.optional(),
  /** What happens to a running guest that waits for a restart. */
  rebootPolicy: z.enum(["never", "ask", "when-needed"]).optional(),
  /** A snapshot is taken before one of these changes. */
  snapshotBefore: z.array(z.enum(snapshotGroups)).optional(),
  /** And deleted after so many days. */
  snapshotDays: z.number().positive().optional(),
  /** Another number makes the guest anew. */
  rebuild: z.number().int().min(0).optional(),
});

/** How guests of a cluster are made where NetBox says nothing. */
const defaultsSchema = guestSchema.omit({ rebuild: true }).extend({
  /** PVE options by their names in qm.conf (`cpu`, `agent`, `onboot`, …), where NetBox names none. */
  options: optionsLike(guestOptions).optional(),
  /** The same of containers, by their names in pct.conf. */
  containerOptions: optionsLike(containerOptions).optional(),
  /** Keys of every disk (`discard`, `ssd`, …), where its custom fields name none. */
  diskOptions: optionsLike(diskOptions).optional(),
  /** Keys of every root file system and mount point of a container. */
  volumeOptions: optionsLike(volumeOptions).optional(),
  /** Keys of every network device (`firewall`, …), where its custom fields name none. */
  networkOptions: optionsLike(networkOptions).optional(),
  /** Added to the NetBox id where no VMID is given. */
  vmidBase: z.number().int().min(0).max(999_000_000).optional(),
});

/** The sections of defaults that name options, and so add up. */
export const optionSections = [
  "options",
  "containerOptions",
  "diskOptions",
  "volumeOptions",
  "networkOptions",
] as const;

const customFieldsSchema = z.strictObject({
  type: z.string().default("proxmox_vm_type"),
  vmid: z.string().default("proxmox_vmid"),
  node: z.string().default("proxmox_node"),
  storage: z.string().default("proxmox_vm_storage"),
  template: z.string().default("proxmox_vm_templates"),
  lxcTemplate: z.string().default("proxmox_lxc_templates"),
  sshKeys: z.string().default("proxmox_public_ssh_key"),
  pool: z.string().default("proxmox_pool"),
  ha: z.string().default("proxmox_ha"),
  user: z.string().default("proxmox_user"),
  nameservers: z.string().default("proxmox_nameservers"),
  searchDomain: z.string().default("proxmox_search_domain"),
  rebootPolicy: z.string().default("proxmox_reboot_policy"),
  rebuild: z.string().default("proxmox_rebuild"),
  diskStorage: z.string().default("proxmox_disk_storage_volume"),
  bridge: z.string().default("proxmox_bridge"),
  netModel: z.string().default("proxmox_net_model"),
  allocateFrom: z.string().default("allocate_from"),
  gateway: z.string().default("gateway"),
  dnsAliases: z.string().default("dns_aliases"),
  dnsTxt: z.string().default("dns_txt"),
  /** A custom field named so and then as a PVE option (`proxmox_option_cpu`) sets that option. */
  optionPrefix: z.string().min(1).default("proxmox_option_"),
});

const values = z.array(z.string().min(1)).min(1, "write at least one, or leave it out");

/** Which guests are a stack's: those that have one of the values of each dimension that is named; all where none is. */
export const scopeSchema = z.strictObject({
  /** NetBox clusters by name. */
  clusters: values.optional(),
  /** The others by their slugs. */
  sites: values.optional(),
  tenants: values.optional(),
  tags: values.optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

const siteSchema = z.strictObject({
  scope: scopeSchema.prefault({}),
  /** Guests that are there already, at the VMID of their custom field, are taken over as they are. */
  adopt: z.boolean().default(false),
  /** The tag (its slug) that does so for one guest. */
  adoptTag: z.string().default("adopt"),
  /** Staged guests are started once they are built, and then set to active. */
  promote: z.boolean().default(false),
  /** The tag (its slug) that does so for one guest. */
  promoteTag: z.string().default("promote"),
  /** Guests that share a tag whose slug begins so are spread over the nodes. */
  antiAffinityPrefix: z.string().min(1).default("anti-affinity"),
  /** Guests with the reboot policy `ask` that this run may restart, by name; `all` is every one. */
  reboots: z.array(z.string().min(1)).default([]),
  /** Does `pulumi destroy` refuse? */
  protect: z.boolean().default(true),
  /** How many guests a run may take away: a number, or a percentage of those there were. */
  maxRemovals: allowance.default(defaultAllowance),
  /** What becomes of built guests that NetBox shows no more, and whose deletion its change log doesn't show either? */
  missing: z.enum(["refuse", "remove"]).default("refuse"),
  /** May another automation's event rules (netbox-proxmox-automation's) be enabled on the same objects? */
  otherAutomation: z.enum(["refuse", "allow"]).default("refuse"),
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
  /** What becomes of the zones that netbox-dns keeps: `sync` reads its records and writes the guests' there, `read` only reads. */
  plugin: z.enum(["sync", "read", "off"]).default("sync"),
});

const intentSchema = z.strictObject({
  /** The file with the guests that are wanted. */
  file: z.string().min(1).default("vms.yml"),
});

const templatesSchema = z.strictObject({
  /** The file with the templates that are wanted. */
  file: z.string().min(1).default("templates.yml"),
});

const platformSchema = z.strictObject({
  /** The file with NetBox's own platform. */
  file: z.string().min(1).default("platform.yml"),
});

const inventorySchema = z.strictObject({
  /** A folder that gets the graph as graph.json, graph.cypher and graph.html. */
  folder: z.string().min(1).optional(),
  /** Does the cluster's name stand before every id? Left out, where several clusters are configured. */
  qualifiedIds: z.boolean().optional(),
});

const accessSchema = z.strictObject({
  /** Who may do what: YAML, or the JSON of token_setup. */
  file: z.string().min(1).default("access.yml"),
  /** How long a token goes on after the next one took over. */
  overlap: duration.default("7d"),
  /** HashiCorp Vault, for secrets that go there. VAULT_ADDR, VAULT_NAMESPACE and VAULT_CACERT come first; VAULT_TOKEN opens it. */
  vault: z
    .strictObject({
      address: z
        .string()
        .regex(/^https?:\/\/[^\s/]+$/, "write a URL, like https://vault.example.com:8200")
        .optional(),
      namespace: z.string().min(1).optional(),
      caFile: z.string().min(1).optional(),
    })
    .prefault({}),
});

/** May a name of NetBox's stand in a property string? */
export const isOptionValue = (text: string): boolean => optionValue.safeParse(text).success;

export type GuestDefaults = z.infer<typeof defaultsSchema>;
export type GuestSettings = z.infer<typeof guestSchema>;
export type SiteSettings = z.infer<typeof siteSchema>;
export type DnsSettings = z.infer<typeof dnsSchema>;
export type CustomFieldNames = z.infer<typeof customFieldsSchema>;

/** What the programs need beside their connections. */
export interface Settings {
  site: SiteSettings;
  dns: DnsSettings;
  discovery: DiscoverySettings;
  intent: z.infer<typeof intentSchema>;
  templates: z.infer<typeof templatesSchema>;
  platform: z.infer<typeof platformSchema>;
  inventory: z.infer<typeof inventorySchema>;
  access: z.infer<typeof accessSchema>;
  /** The fingerprints of the passwords, by name. */
  passwordVersions: Record<string, string>;
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
  lxcTemplates: "9100",
  lxcTemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
  unprivileged: "true",
  vnets: "vnet1",
  ha: "managed",
  password: "default",
  rebootPolicy: "when-needed",
  snapshotBefore: "disks",
  snapshotDays: "7",
  adopt: "true",
  adoptTag: "adopt",
  promote: "true",
  promoteTag: "promote",
  antiAffinityPrefix: "anti-affinity",
  reboots: "web01",
  user: "admin",
  sshKeys: "'ssh-ed25519 AAAA…'",
  nameservers: "192.0.2.53",
  searchDomain: "example.com",
  vmidBase: "100000",
  options: "host",
  clusters: "pve-prod",
  sites: "berlin",
  tenants: "acme",
  tags: "production",
  protect: "true",
  maxRemovals: "5",
  missing: "refuse",
  otherAutomation: "refuse",
  ramBaseUnit: "1024",
  diskBaseUnit: "1024",
  gatewayTag: "gateway",
  ttl: "300",
  domain: "example.com",
  plugin: "sync",
  nodes: "pve1",
  pools: "team",
  names: "'web*'",
  vmids: "100-199",
  syncVms: "true",
  syncContainers: "true",
  syncNodes: "true",
  syncStorage: "true",
  syncAgent: "true",
  syncPrefixes: "true",
  readOnly: "true",
  conflicts: "keep",
  vanished: "remove",
  graceTime: "7d",
  site: "berlin",
  file: "vms.yml",
  reportFile: "report.json",
  agentTimeout: "20",
  interval: "1h",
  overlap: "7d",
  address: "https://vault.example.com:8200",
  namespace: "team",
  caFile: "/etc/ssl/certs/ca.pem",
  folder: "inventory",
  qualifiedIds: "true",
};

/** The keys of this program's configuration; the connections are read by themselves. */
export const knownKeys = [
  "program",
  "netbox",
  "proxmox",
  "bind9",
  "passwords",
  "site",
  "dns",
  "defaults",
  "clusters",
  "discovery",
  "intent",
  "access",
  "templates",
  "platform",
  "inventory",
  "neo4j",
];

export function readSettings(
  source: ConfigSource,
  clusters: string[],
  passwords: Record<string, string> = {},
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
  const discovery = section("discovery", discoverySchema);
  const intent = section("intent", intentSchema);
  const access = section("access", accessSchema);
  const templates = section("templates", templatesSchema);
  const platform = section("platform", platformSchema);
  const inventory = section("inventory", inventorySchema);
  const general = section("defaults", defaultsSchema);
  const special = section("clusters", z.record(z.string(), defaultsSchema));
  for (const name of Object.keys(special ?? {}))
    if (!clusters.includes(name))
      problems.push({
        key: `netbox-proxmox:clusters["${name}"]`,
        problem: "names no cluster of netbox-proxmox:proxmox",
        remedy: `pulumi config rm --path 'netbox-proxmox:clusters["${name}"]'`,
      });
  if (
    site === undefined ||
    dns === undefined ||
    discovery === undefined ||
    intent === undefined ||
    access === undefined ||
    templates === undefined ||
    platform === undefined ||
    inventory === undefined ||
    general === undefined ||
    special === undefined ||
    problems.length > 0
  )
    return { problems };
  const defaults = (cluster: string): GuestDefaults => {
    const own = special[cluster] ?? {};
    const both = Object.fromEntries(optionSections.map((key) => [key, { ...general[key], ...own[key] }]));
    return { ...general, ...own, ...both };
  };
  const passwordVersions = Object.fromEntries(
    Object.entries(passwords).map(([name, value]) => [name, passwordVersion(name, value)]),
  );
  return {
    value: { site, dns, discovery, intent, access, templates, platform, inventory, passwordVersions, defaults },
  };
}

/** Changes when a password does, and does not tell it: slow to guess, and short. */
const passwordVersion = (name: string, value: string): string =>
  scryptSync(value, `netbox-proxmox/${name}`, 8).toString("hex");

/** One place's settings of a guest, by key, or what is wrong with each. Options are another matter: each has its own place. */
export function readGuestSettings(
  value: Record<string, unknown>,
): { value: GuestSettings } | { problems: { key: string; problem: string }[] } {
  const sections: readonly string[] = optionSections;
  const parsed = guestSchema.safeParse(
    Object.fromEntries(Object.entries(value).filter(([key]) => !sections.includes(key))),
  );
  if (parsed.success) return { value: parsed.data };
  return {
    problems: parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({ key, problem: "is no setting of a guest; remove it" }))
        : [{ key: issue.path.join("."), problem: `won't do: ${issue.message}` }],
    ),
  };
}
