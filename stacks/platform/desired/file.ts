import { z } from "zod";
import { type ParsedFile, parseYaml } from "../../yamlfile";

const word = z.string().regex(/^[\w.-]+$/, "write letters, digits, dots, hyphens and underscores");
const version = z.string().regex(/^\d+(\.\d+)+([a-z0-9.]*)$/, "write a version, like 4.7.3");
const cidr = z
  .string()
  .regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "write an IPv4 address with prefix length, like 10.30.0.10/24");
const ip = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}$/, "write an IPv4 address");
const hostName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    "write a host's name, like netbox.example.com",
  );

const network = z
  .strictObject({
    bridge: word.optional(),
    /** Of the SDN; its name has at most eight letters. */
    vnet: z
      .string()
      .regex(/^[a-z][a-z0-9]{1,7}$/, "write two to eight letters and digits")
      .optional(),
    zone: z
      .string()
      .regex(/^[a-z][a-z0-9]{1,7}$/, "write two to eight letters and digits")
      .optional(),
    /** Is it made where it is missing? */
    make: z.boolean().default(false),
    /** The node's own address in it. */
    address: cidr.optional(),
    snat: z.boolean().default(false),
  })
  .refine(({ bridge, vnet }) => (bridge === undefined) !== (vnet === undefined), {
    error: "name either a bridge or a vnet",
  })
  .refine(({ vnet, zone, make }) => vnet === undefined || zone !== undefined || !make, {
    error: "a vnet that is made needs its zone",
    path: ["zone"],
  });

const container = (vmid: number, memory: number, disk: string) =>
  z
    .strictObject({
      vmid: z.number().int().min(100).default(vmid),
      /** In the backend network. */
      address: cidr.optional(),
      cores: z.number().int().min(1).default(2),
      memory: z.number().int().min(128).default(memory),
      disk: z
        .string()
        .regex(/^\d+[GT]$/, "write a size, like 8G")
        .default(disk),
    })
    .prefault({});

const plugin = z.union([
  version.transform((text): { version?: string | undefined; module?: string | undefined } => ({ version: text })),
  z.null().transform((): { version?: string | undefined; module?: string | undefined } => ({})),
  z.strictObject({ version: version.optional(), module: word.optional() }),
]);

export const platformFileSchema = z.strictObject({
  /** Under which people reach it. */
  name: hostName,
  cluster: z.string().min(1).optional(),
  node: word,
  /** The OS template of every container. Steps are written for Debian 13. */
  template: z
    .string()
    .regex(/^[\w.-]+:vztmpl\/\S+$/, "write a volume, like local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"),
  storage: word,
  nameservers: z.array(ip).default([]),
  networks: z.strictObject({ backend: network, dmz: network }),
  /** Addresses in the backend network follow from the network's own where they are left out: .10 to .13. */
  containers: z
    .strictObject({
      netbox: container(100, 4096, "16G"),
      postgresql: container(101, 2048, "16G"),
      valkey: container(102, 512, "4G"),
      nginx: container(103, 512, "4G"),
    })
    .prefault({}),
  /** nginx's address in the DMZ. */
  dmz: z.strictObject({ address: cidr, gateway: ip.optional() }),
  /** Of the backend; the network's own address where it is left out. */
  gateway: ip.optional(),
  netbox: z.strictObject({
    version,
    /** By PyPI's name: a version, or nothing for the one that is known to fit. */
    plugins: z.record(z.string().regex(/^[a-z0-9-]+$/, "write PyPI's name"), plugin).default({}),
    /** PLUGINS_CONFIG, by module. */
    pluginsConfig: z.record(word, z.record(z.string(), z.unknown())).default({}),
    /** More of configuration.py (`TIME_ZONE`, `LOGIN_REQUIRED`, …). */
    configuration: z
      .record(z.string().regex(/^[A-Z][A-Z0-9_]*$/, "write a name as in configuration.py"), z.unknown())
      .default({}),
    superuser: z
      .strictObject({
        name: z
          .string()
          .regex(/^[\w.@+-]+$/, "write a user's name")
          .default("admin"),
        email: z.email().default("admin@example.com"),
      })
      .prefault({}),
    workers: z.number().int().min(1).default(3),
    restoreFrom: z
      .string()
      .regex(/^\/[^\n]+$/, "write an absolute path in the container")
      .optional(),
    backups: z.number().int().min(1).default(5),
  }),
  /** Who else may come to the database with NetBox's password: a back-up host. */
  databaseClients: z.array(cidr).default([]),
  /** Files on the machine that runs the program. Left out, a certificate is made that signs itself. */
  tls: z.strictObject({ certificateFile: z.string().min(1), keyFile: z.string().min(1) }).optional(),
  ports: z
    .strictObject({
      postgresql: z.number().int().min(1).max(65535).default(5432),
      valkey: z.number().int().min(1).max(65535).default(6379),
      netbox: z.number().int().min(1).max(65535).default(8001),
      https: z.number().int().min(1).max(65535).default(443),
      /** 0 listens to none. */
      http: z.number().int().min(0).max(65535).default(80),
    })
    .prefault({}),
  firewall: z
    .strictObject({
      enable: z.boolean().default(true),
      /** Who may come to nginx: addresses or networks; everybody where it is left out. */
      allowFrom: z.array(z.string().regex(/^[0-9a-fA-F.:/]+$/, "write an address or a network")).default([]),
    })
    .prefault({}),
  /** Clusters that NetBox's container has to reach, with this stack's own tokens. */
  reaches: z.array(z.string().min(1)).default([]),
  /** Of the discovery program that reads into this NetBox. */
  discovery: z
    .strictObject({ readOnly: z.boolean().default(true), clusters: z.array(z.string().min(1)).default([]) })
    .prefault({}),
  /** Does `pulumi destroy` refuse? The database goes with its container. */
  protect: z.boolean().default(true),
});

export type PlatformFile = z.infer<typeof platformFileSchema>;
export type PlatformPart = keyof PlatformFile["containers"];

/** platform.yml. */
export const parsePlatform = (text: string, file: string): ParsedFile<PlatformFile> =>
  parseYaml(text, file, platformFileSchema);
