import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { branchOf } from "./branch";
import { keepSecret, leastSecret } from "./http/redact";
import {
  type ConfigSource,
  type Environment,
  readJson,
  readSection,
  type SettingProblem,
  setCommand,
} from "./settings";
import { isRecord } from "./values";

const httpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/]+/, "write a URL, like https://host")
  .transform((url) => url.replace(/\/+$/, ""));
const file = z
  .string()
  .refine((path) => existsSync(path), { error: ({ input }) => `there is no file ${String(input)}` });
const tls = {
  caFile: file.optional(),
  fingerprint: z
    .string()
    .regex(/^([0-9a-fA-F]{2}:?){32}$/, "write the certificate's SHA-256 fingerprint as 64 hex digits")
    .optional(),
  insecure: z.boolean().optional(),
};

/** Seconds until a system must have answered a request. */
const requestTimeout = (seconds: number) => z.number().positive().default(seconds);

/** The pinned key is written down, or is in a file. */
const hasHostKey = ({ hostKey, hostKeyFile }: { hostKey?: string; hostKeyFile?: string }): boolean =>
  hostKey !== undefined || hostKeyFile !== undefined;
const noHostKey = {
  error: "the server's ssh host key is missing (as `ssh-keyscan HOST` prints it, checked by you)",
  path: ["hostKey"],
};

const netboxSchema = z.strictObject({
  url: httpUrl,
  token: z
    .string()
    // NetBox 4.7 makes v1 tokens of letters and digits, earlier ones of hex digits.
    .regex(/^(nbt_[^.\s]+\.\S+|[0-9a-z]{40})$/i, "write a v2 token (nbt_KEY.SECRET) or a v1 token (40 characters)"),
  requestTimeout: requestTimeout(120),
  /** URLs at which it was before: what was recorded from them is of this NetBox. */
  formerUrls: z.array(httpUrl).optional(),
  /** What is written into required custom fields that nobody filled, by their names. */
  customFields: z.record(z.string(), z.json()).optional(),
  ...tls,
});

const sshNode = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65535).default(22),
    hostKey: z.string().optional(),
    hostKeyFile: file.optional(),
  })
  .refine(hasHostKey, noHostKey)
  .transform(({ hostKeyFile, ...node }) => ({
    ...node,
    hostKey: node.hostKey ?? readFileSync(hostKeyFile ?? "", "utf8"),
  }));

/** How to reach the nodes themselves, for what the API can't do. */
const nodeSsh = z
  .strictObject({
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_.-]*$/i, "write a user's name")
      .default("root"),
    keyFile: file,
    /** Does the user become root by sudo? Every one but root does. */
    sudo: z.boolean().optional(),
    /** Seconds until a step must have ended. */
    requestTimeout: requestTimeout(3600),
    /** On the nodes, where images are kept while templates are built of them. */
    folder: z
      .string()
      .regex(/^\/[^\n]*$/, "write an absolute path on the nodes")
      .default("/var/lib/netbox-proxmox"),
    /** By the node's name on Proxmox VE. */
    nodes: z.record(z.string(), sshNode),
  })
  .transform(({ sudo, ...ssh }) => ({ ...ssh, sudo: sudo ?? ssh.user !== "root" }));

const tooShort = `write at least ${leastSecret} characters: a shorter secret can't be kept out of messages`;
const secret = z.string().min(leastSecret, tooShort);

/** A token of Proxmox VE, whole. */
export const apiToken = z
  .string()
  .regex(/^[^@\s]+@[^!\s]+![^=\s]+=\S+$/, "write USER@REALM!TOKENID=SECRET")
  .refine((token) => token.slice(token.indexOf("=") + 1).length >= leastSecret, { error: tooShort });

const proxmoxSchema = z
  .strictObject({
    url: httpUrl.optional(),
    /** In the place of a URL. */
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/, "write a host's name or address")
      .optional(),
    port: z.number().int().min(1).max(65535).default(8006),
    /** Other nodes of the cluster, asked in turn where nobody can connect to the last. */
    urls: z.array(httpUrl).optional(),
    token: apiToken.optional(),
    /** In the place of a token: a login, whose ticket is renewed. */
    user: z
      .string()
      .regex(/^[^@\s]+@\S+$/, "write USER@REALM")
      .optional(),
    password: secret.optional(),
    /** Other tokens, by a name of the user's choice, for who works by hand: `ops --key NAME`. */
    keys: z.record(z.string(), apiToken).optional(),
    /** Some writes answer only when all is done. */
    requestTimeout: requestTimeout(600),
    /** Seconds. */
    taskTimeout: z.number().positive().default(1800),
    /** Seconds given to a guest's shutdown before it is stopped. */
    shutdownTimeout: z.number().positive().default(120),
    /** Clones from one template at once. */
    parallelClones: z.number().int().positive().default(4),
    ssh: nodeSsh.optional(),
    ...tls,
  })
  .superRefine(({ url, urls, host, token, user, password, fingerprint }, context) => {
    if (urls !== undefined && fingerprint !== undefined)
      context.addIssue({
        code: "custom",
        message:
          "each node shows a certificate of its own: with urls, set caFile to the cluster's CA (/etc/pve/pve-root-ca.pem)",
        path: ["fingerprint"],
        input: fingerprint,
      });
    const missing = (path: string, input: unknown) =>
      context.addIssue({ code: "invalid_type", expected: "string", path: [path], input });
    if (url === undefined && host === undefined) missing("url", url);
    if (token === undefined && user === undefined && password === undefined) missing("token", token);
    else if (token === undefined && user === undefined) missing("user", user);
    else if (token === undefined && password === undefined) missing("password", password);
  })
  .transform(({ url, host = "", port, ...cluster }) => ({
    ...cluster,
    url: url ?? `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
  }));

/** `GUEST_PASSWORD_DEFAULT` is the password named `default`. */
const passwordVariable = "GUEST_PASSWORD_";

/** A classless reverse zone may have a slash in its first label (RFC 2317). */
const zoneName = z
  .string()
  .regex(/^([a-z0-9_-]+|\d{1,3}\/\d{2})(\.[a-z0-9_-]+)*\.?$/i, "write a zone's name, like example.com");

const nameServerSchema = z
  .strictObject({
    /** ssh. */
    host: z.string().min(1),
    port: z.number().int().min(1).max(65535).default(22),
    user: z.string().min(1),
    keyFile: file,
    hostKey: z.string().optional(),
    hostKeyFile: file.optional(),
    /** Paths and addresses as the name server itself sees them. */
    tsigKeyFile: z.string().regex(/^\/[^\s'"\\]+$/, "write an absolute path on the name server"),
    dnsHost: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/)
      .default("127.0.0.1"),
    dnsPort: z.number().int().min(1).max(65535).default(53),
    zones: z.array(zoneName).min(1, "name the zones that are kept here"),
    requestTimeout: requestTimeout(120),
    /** The view of netbox-dns whose zones these are; left out, its default view. */
    view: z.string().min(1).optional(),
  })
  .refine(hasHostKey, noHostKey)
  .transform(({ hostKeyFile, ...server }) => ({
    ...server,
    hostKey: server.hostKey ?? readFileSync(hostKeyFile ?? "", "utf8"),
  }));

const neo4jSchema = z.strictObject({
  url: z.string().regex(/^(bolt|neo4j)(\+s|\+ssc)?:\/\/[^\s/]+$/, "write a URL, like neo4j+s://HOST:7687"),
  user: z.string().min(1).default("neo4j"),
  password: secret,
  /** Left out, the user's own. */
  database: z.string().min(1).optional(),
  requestTimeout: requestTimeout(120),
});

export type Neo4jSettings = z.infer<typeof neo4jSchema>;
export type NetboxSettings = z.infer<typeof netboxSchema>;
export type ProxmoxSettings = z.infer<typeof proxmoxSchema>;
export type NameServerSettings = z.infer<typeof nameServerSchema>;

/** How to reach every system: what the program and the providers share. */
export interface Connections {
  /** Nothing where no NetBox is configured, and none is needed. */
  netbox: NetboxSettings | undefined;
  /** By the name of the NetBox cluster. */
  proxmox: Record<string, ProxmoxSettings>;
  /** By a name of the user's choice. */
  bind9: Record<string, NameServerSettings>;
  /** Of guests, by a name of the user's choice. */
  passwords: Record<string, string>;
  /** The branch of NetBox that is planned in the place of main. */
  branch: string | undefined;
  /** Where the inventory is loaded into; nothing where none is configured. */
  neo4j: Neo4jSettings | undefined;
}

const examples: Record<string, string> = {
  url: "https://HOST",
  netbox: "https://HOST",
  customFields: "VALUE",
  caFile: "/etc/ssl/certs/ca.pem",
  fingerprint: "AB:CD:…",
  insecure: "false",
  host: "ns1.example.com",
  port: "22",
  user: "ddns",
  keyFile: "~/.ssh/id_ed25519",
  hostKey: "'ssh-ed25519 AAAA…'",
  hostKeyFile: "ns1.pub",
  tsigKeyFile: "/etc/bind/ddns.key",
  dnsHost: "127.0.0.1",
  dnsPort: "53",
  zones: "example.com",
  urls: "https://pve2.example.com:8006",
  database: "neo4j",
  view: "internal",
  requestTimeout: "120",
  taskTimeout: "1800",
  shutdownTimeout: "120",
  parallelClones: "4",
  sudo: "true",
  folder: "/var/lib/netbox-proxmox",
};

/** A cluster's name as it stands at the end of its environment variables. */
export const suffix = (name: string) => name.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
const given = (values: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));

/** How nodes are reached, with the key file that the environment names. */
const withKeyFile = (ssh: unknown, keyFile: string | undefined) =>
  isRecord(ssh) ? { ssh: { ...ssh, ...given({ keyFile }) } } : {};

/**
 * The connections: environment before configuration, since what a provider is configured with on refresh and destroy is
 * the copy of the last `up`, with the tokens of that day.
 */
export function readConnections(
  source: ConfigSource,
  env: Environment,
  { needsProxmox = true, needsNetbox = true, readsNeo4j = false } = {},
): { value: Connections } | { problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const section = (key: string): Record<string, unknown> => {
    const read = readJson(source, key);
    if ("problems" in read) problems.push(...read.problems);
    return "value" in read ? record(read.value) : {};
  };
  const parsed = <T>(name: string, schema: z.ZodType<T>, value: unknown, own = {}): T | undefined => {
    const result = readSection(name, schema, value, { ...examples, ...own });
    if ("value" in result) return result.value;
    problems.push(...result.problems);
    return undefined;
  };
  const each = <T>(name: string, schema: z.ZodType<T>, values: Record<string, unknown>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(values).flatMap(([key, value]) => {
        const result = readSection(name, z.record(z.literal(key), schema), { [key]: value }, examples);
        if ("problems" in result) problems.push(...result.problems);
        const one = "value" in result ? result.value[key] : undefined;
        return one === undefined ? [] : [[key, one]];
      }),
    );

  const formerUrls = (env.NETBOX_PROXMOX_FORMER_URLS ?? "").split(",").filter((url) => url !== "");
  const netboxSection = {
    ...section("netbox"),
    ...given({ url: env.NETBOX_SERVER_URL, token: env.NETBOX_API_TOKEN }),
    ...(formerUrls.length > 0 ? { formerUrls } : {}),
  };
  const isWithout = !needsNetbox && !("url" in netboxSection);
  const netbox = isWithout ? undefined : parsed("netbox", netboxSchema, netboxSection);
  const clusters = section("proxmox");
  const names = Object.keys(clusters);
  if (names.length === 0 && needsProxmox)
    problems.push({
      key: "netbox-proxmox:proxmox",
      problem: "is missing: no Proxmox VE cluster is named",
      remedy: setCommand(["proxmox", "CLUSTER", "url"], "https://HOST:8006"),
    });
  const single = names.length === 1;
  const proxmox = each(
    "proxmox",
    proxmoxSchema,
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          ...record(clusters[name]),
          ...given({
            url: single ? env.PROXMOX_VE_ENDPOINT : undefined,
            token: single ? env.PROXMOX_VE_API_TOKEN : undefined,
            user: single ? env.PROXMOX_VE_USERNAME : undefined,
            password: single ? env.PROXMOX_VE_PASSWORD : undefined,
            caFile: single ? env.PROXMOX_VE_CA_FILE : undefined,
            fingerprint: single ? env.PROXMOX_VE_FINGERPRINT : undefined,
          }),
          ...(single && /^(1|true|yes)$/i.test(env.PROXMOX_VE_INSECURE ?? "") ? { insecure: true } : {}),
          ...given({
            url: env[`PROXMOX_VE_ENDPOINT_${suffix(name)}`],
            token: env[`PROXMOX_VE_API_TOKEN_${suffix(name)}`],
            user: env[`PROXMOX_VE_USERNAME_${suffix(name)}`],
            password: env[`PROXMOX_VE_PASSWORD_${suffix(name)}`],
          }),
          ...withKeyFile(record(clusters[name]).ssh, env.PROXMOX_SSH_KEY_FILE),
        },
      ]),
    ),
  );
  const servers = section("bind9");
  const bind9 = each(
    "bind9",
    nameServerSchema,
    Object.fromEntries(
      Object.entries(servers).map(([name, value]) => [
        name,
        { ...record(value), ...given({ keyFile: env.BIND9_SSH_KEY_FILE }) },
      ]),
    ),
  );
  const passwords = each("passwords", secret, {
    ...section("passwords"),
    ...Object.fromEntries(
      Object.entries(env).flatMap(([key, value]) =>
        key.startsWith(passwordVariable) && value !== undefined
          ? [[key.slice(passwordVariable.length).toLowerCase(), value]]
          : [],
      ),
    ),
  });
  const neo4jSection = {
    ...section("neo4j"),
    ...given({
      url: env.NEO4J_URI,
      user: env.NEO4J_USERNAME,
      password: env.NEO4J_PASSWORD,
      database: env.NEO4J_DATABASE,
    }),
  };
  // What is set for other programs is none of this one's business.
  const neo4j =
    !readsNeo4j || Object.keys(neo4jSection).length === 0
      ? undefined
      : parsed("neo4j", neo4jSchema, neo4jSection, { url: "neo4j+s://HOST:7687" });
  for (const value of Object.values(passwords)) keepSecret(value);
  for (const { keys = {} } of Object.values(proxmox)) for (const value of Object.values(keys)) keepSecret(value);
  if (problems.length > 0) return { problems };
  return { value: { netbox, proxmox, bind9, passwords, branch: branchOf(env), neo4j } };
}
