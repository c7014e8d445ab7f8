import { z } from "zod";
import { type ParsedFile, parseYaml } from "../../yamlfile";
import { isPreset, presets } from "./presets";

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "write a host name's letters: a-z, digits and hyphens");
const word = z.string().regex(/^[\w.-]+$/, "write letters, digits, dots, hyphens and underscores");
const url = z.string().regex(/^https?:\/\/[^\s/]+\/\S+$/, "write a URL, like https://HOST/IMAGE.qcow2");
const size = z.string().regex(/^\d+[MGT]$/, "write a size as PVE does, like 10G");
const checksum = z
  .string()
  .regex(/^(md5|sha1|sha256|sha512):[0-9a-f]{32,128}$/i, "write ALGORITHM:HEX, like sha256:3f2a…")
  .transform((text) => {
    const [algorithm = "", hex = ""] = text.toLowerCase().split(":");
    return { algorithm: z.enum(["md5", "sha1", "sha256", "sha512"]).parse(algorithm), hex };
  });
const source = {
  /** Where the node downloads it from. */
  url: url.optional(),
  /** Pins this very image. */
  checksum: checksum.optional(),
  /** A published list of checksums, which is looked at by every run: a newer image makes a new template. */
  checksumUrl: url.optional(),
  /** Of the list, where its name doesn't say. */
  algorithm: z.enum(["sha256", "sha512"]).optional(),
};
const image = z
  .strictObject({
    ...source,
    /** An image of content `import` that is there already: `local:import/win.qcow2`. */
    volume: z
      .string()
      .regex(/^[\w.-]+:import\/[\w.+-]+\.(qcow2|raw|vmdk)$/, "write a volume, like local:import/win.qcow2")
      .optional(),
    /** A file on the nodes, with the method ssh. */
    path: z
      .string()
      .regex(/^\/[^\n]+$/, "write an absolute path on the node")
      .optional(),
  })
  .refine((given) => [given.url, given.volume, given.path].filter((each) => each !== undefined).length === 1, {
    error: "name one of url, volume and path",
  })
  .refine((given) => given.url === undefined || given.checksum !== undefined || given.checksumUrl !== undefined, {
    error: "a download needs its `checksum`, or the `checksumUrl` of a list of them",
  });

/** What templates have in common, and each may say for itself. */
const common = {
  cluster: z.string().min(1).optional(),
  /** One for each of these; all that are online where they are left out. */
  nodes: z.array(word).min(1, "name a node, or leave it out").optional(),
  storage: word.optional(),
  /** By `api`: a storage with content `import`. */
  importStorage: word.optional(),
  method: z.enum(["api", "ssh"]).optional(),
  size: size.optional(),
  cores: z.number().int().min(1).optional(),
  memory: z.number().int().min(16).optional(),
  cpu: z
    .string()
    .regex(/^[\w.,;=+-]+$/, "write a CPU type, like host")
    .optional(),
  bridge: word.optional(),
  vlan: z.number().int().min(1).max(4094).optional(),
  /** By `ssh`. */
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.:_-]*$/i, "write a package's name")).optional(),
  commands: z.array(z.string().min(1)).optional(),
  sysprep: z.boolean().optional(),
  tags: z
    .array(z.string().regex(/^[a-z0-9_][a-z0-9_.+-]*$/i, "write a tag as PVE allows it: letters, digits, _ . + -"))
    .optional(),
};

const template = z.strictObject({
  ...common,
  preset: z
    .string()
    .refine(isPreset, { error: `there is ${Object.keys(presets).join(", ")}` })
    .optional(),
  image: image.optional(),
  /** The first VMID that it may take. */
  vmid: z.number().int().min(100).max(999_999_999).default(9000),
  ostype: z
    .enum(["l26", "l24", "win10", "win11", "win8", "win7", "w2k8", "wxp", "w2k", "wvista", "solaris", "other"])
    .optional(),
  bios: z.enum(["seabios", "ovmf"]).optional(),
  machine: word.optional(),
  tpm: z.boolean().optional(),
  serial: z.boolean().optional(),
  agent: z.boolean().optional(),
  notes: z
    .string()
    .regex(
      /^(?!.*^(Image|Managed by Pulumi stack)\b)/ms,
      "no line of it may begin with `Image` or `Managed by Pulumi stack`",
    )
    .transform((text) => text.trim())
    .optional(),
});

/** An OS template of containers: from PVE's list, or from a URL. */
const osTemplate = z
  .strictObject({
    cluster: common.cluster,
    nodes: common.nodes,
    storage: word.optional(),
    /** Its name in PVE's list (`pveam available`), or the beginning of it: then the newest that there is. */
    appliance: z
      .string()
      .regex(/^[\w.+-]+$/, "write a name as `pveam available` prints it")
      .optional(),
    ...source,
  })
  .refine(({ appliance, url: from }) => (appliance === undefined) !== (from === undefined), {
    error: "name either an appliance of PVE's list or a url",
  })
  .refine((given) => given.url === undefined || given.checksum !== undefined || given.checksumUrl !== undefined, {
    error: "a download needs its `checksum`, or the `checksumUrl` of a list of them",
  });

export const templatesFileSchema = z.strictObject({
  defaults: z.strictObject(common).prefault({}),
  templates: z
    .record(
      name,
      template.nullish().transform((given) => given ?? template.parse({})),
    )
    .prefault({}),
  osTemplates: z.record(name, osTemplate).prefault({}),
  /** Does NetBox offer them? By default where its custom field has a choice set. */
  choices: z.boolean().default(true),
});

export type TemplatesFile = z.infer<typeof templatesFileSchema>;
export type TemplateEntry = TemplatesFile["templates"][string];
export type OsTemplateEntry = TemplatesFile["osTemplates"][string];

/** templates.yml. */
export const parseTemplates = (text: string, file: string): ParsedFile<TemplatesFile> =>
  parseYaml(text, file, templatesFileSchema);
