import { scryptSync } from "node:crypto";
import { z } from "zod";
import { nearest } from "../providers/nearest";
import { secretOfNotify } from "../providers/notify/settings";
import { type ConfigSource, readJson, readSection, type SettingProblem, unknownSetting } from "../providers/settings";
import { isRecord } from "../providers/values";
import { accessSchema } from "./access/settings";
import { type DiscoverySettings, discoverySchema } from "./discovery/settings";
import { intentSchema } from "./intent/settings";
import { inventorySchema } from "./inventory/settings";
import { platformSchema } from "./platform/settings";
import {
  type DnsSettings,
  defaultsSchema,
  dnsSchema,
  type GuestDefaults,
  optionSections,
  policiesSchema,
  type SiteSettings,
  siteSchema,
} from "./site/settings";
import { templatesSchema } from "./templates/settings";

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
  policies: z.infer<typeof policiesSchema>;
  /** The fingerprints of the passwords, by name. */
  passwordVersions: Record<string, string>;
  /** The keys of site.customFields that the configuration gives; the others go by their usual names. */
  namedFields: string[];
  /** By cluster, the general ones mixed in. */
  defaults: (cluster: string) => GuestDefaults;
  /** The same by the keys that they stand under, the cluster's own first. */
  defaultLayers: (cluster: string) => DefaultLayer[];
}

export interface DefaultLayer {
  /** `netbox-proxmox:defaults`, `netbox-proxmox:clusters["pve-a"]`. */
  key: string;
  values: GuestDefaults;
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
  keptAddressStatus: "deprecated",
  destroyAdopted: "false",
  promote: "true",
  promoteTag: "promote",
  holdTag: "proxmox-hold",
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
  formerStacks: "dev",
  limits: "10",
  missing: "refuse",
  otherAutomation: "refuse",
  journal: "true",
  planUrl: "'https://reports.example.com/{stack}.html'",
  ramBaseUnit: "1024",
  diskBaseUnit: "1024",
  startOnBoot: "netbox",
  statuses: "offline",
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
const knownKeys = [
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
  "policies",
  "neo4j",
  "notify",
];

/** Keys of the stack's configuration that no program reads. */
export function unknownKeys(keys: string[], project: string): SettingProblem[] {
  const prefix = `${project}:`;
  return keys
    .filter((key) => key.startsWith(prefix) && !knownKeys.includes(key.slice(prefix.length)))
    .map((key) => {
      const { problem, remedy } = unknownSetting([key.slice(prefix.length)], knownKeys);
      return { key, problem: `${problem} (there are ${knownKeys.join(", ")})`, remedy };
    });
}

/** What is said of a program that there isn't. */
export function unknownProgram(name: string, programs: string[]): string {
  const meant = nearest(name, programs);
  const all = `netbox-proxmox:program is "${name}"; there is ${programs.join(", ")}`;
  return meant === undefined
    ? `${all}. Name one of them: \`pulumi config set program site\`.`
    : `${all}: is ${meant} meant? Run \`pulumi config set program ${meant}\`.`;
}

/** The path of a section's secret and what it is, by the section's JSON; nothing where it has none. */
type SecretFinder = (text: string) => { path: string; what: "token" | "password" | "secret" } | undefined;

const where =
  (pattern: RegExp, path: string, what: "token" | "password"): SecretFinder =>
  (text) =>
    pattern.test(text) ? { path, what } : undefined;

const secretSettings: Record<string, SecretFinder> = {
  netbox: where(/"token":/, "netbox.token", "token"),
  proxmox: where(/"(token|password|keys)":/, 'proxmox["CLUSTER"].token', "token"),
  neo4j: where(/"password":/, "neo4j.password", "password"),
  passwords: where(/":/, 'passwords["NAME"]', "password"),
  notify: (text) => {
    const path = secretOfNotify(text);
    return path === undefined ? undefined : { path, what: "secret" };
  },
};

/**
 * A token that was set without --secret would stand in state, and in the stack's file, for everyone to read.
 * @param secretKeys the engine's own list of keys that hold secrets, as JSON: the SDK keeps its look-up to itself
 */
export function plainSecrets(
  config: Record<string, string>,
  secretKeys: string | undefined,
  project: string,
): SettingProblem[] {
  const secret = z.array(z.string()).parse(JSON.parse(secretKeys ?? "[]"));
  return Object.entries(secretSettings).flatMap(([name, secretOf]): SettingProblem[] => {
    const key = `${project}:${name}`;
    const found = secretOf(config[key] ?? "");
    if (found === undefined || secret.includes(key)) return [];
    const { path, what } = found;
    return [
      {
        key: `${project}:${path}`,
        problem: "is in the clear",
        remedy: `pulumi config set --path '${project}:${path}' --secret   (and make a new ${what}: this one may have been read)`,
      },
    ];
  });
}

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
  const policies = section("policies", policiesSchema);
  const general = section("defaults", defaultsSchema);
  const special = section("clusters", z.record(z.string(), defaultsSchema));
  for (const name of Object.keys(special ?? {}))
    if (!clusters.includes(name))
      problems.push({
        ...unknownSetting(["clusters", name], clusters),
        key: `netbox-proxmox:clusters["${name}"]`,
        problem: "names no cluster of netbox-proxmox:proxmox",
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
    policies === undefined ||
    general === undefined ||
    special === undefined ||
    problems.length > 0
  )
    return { problems };
  const defaultLayers = (cluster: string): DefaultLayer[] => [
    { key: `netbox-proxmox:clusters["${cluster}"]`, values: special[cluster] ?? {} },
    { key: "netbox-proxmox:defaults", values: general },
  ];
  const defaults = (cluster: string): GuestDefaults => {
    const own = special[cluster] ?? {};
    const both = Object.fromEntries(optionSections.map((key) => [key, { ...general[key], ...own[key] }]));
    return { ...general, ...own, ...both };
  };
  const passwordVersions = Object.fromEntries(
    Object.entries(passwords).map(([name, value]) => [name, passwordVersion(name, value)]),
  );
  return {
    value: {
      site,
      dns,
      discovery,
      intent,
      access,
      templates,
      platform,
      inventory,
      policies,
      passwordVersions,
      namedFields: namedFields(source),
      defaults,
      defaultLayers,
    },
  };
}

function namedFields(source: ConfigSource): string[] {
  const read = readJson(source, "site");
  const site = "value" in read && isRecord(read.value) ? read.value : {};
  return Object.keys(isRecord(site.customFields) ? site.customFields : {});
}

/** Changes when a password does, and does not tell it: slow to guess, and short. */
const passwordVersion = (name: string, value: string): string =>
  scryptSync(value, `netbox-proxmox/${name}`, 8).toString("hex");
