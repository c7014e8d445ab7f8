import { z } from "zod";
import { duration } from "../../duration";
import { type ParsedFile, parseYaml } from "../../yamlfile";

// token_setup.json as other tools know it, or the same and more as YAML: who may do what on Proxmox VE and in NetBox.

const word = z.string().min(1);
const idLike = (what: string) => z.string().regex(/^[A-Za-z0-9._-]+$/, `write ${what} of letters, digits, ., _ and -`);
const userLike = z.string().regex(/^[^\s:/!]+@[A-Za-z][\w.-]*$/, "write USER@REALM, like netbox@pve");
const authLike = z
  .string()
  .regex(/^[^\s:/!]+@[A-Za-z][\w.-]*![A-Za-z][\w.-]*$/, "write USER@REALM!TOKENID, like netbox@pve!site");
const tokenLike = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]+$/, "write a token's name: a letter, then letters, digits, ., _ and -");
const flag = z.union([z.boolean(), z.literal(0).transform(() => false), z.literal(1).transform(() => true)]);
/** Seconds since 1970 (0: never), a date, or how long after it is made. */
const moment = z
  .union([
    z.number().int().min(0),
    duration,
    z
      .string()
      .regex(
        /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?Z?)?$/,
        "write seconds since 1970, a date like 2027-01-31, or a time like 90d",
      )
      .refine((text) => !Number.isNaN(Date.parse(text)), "write a date that there is"),
  ])
  .describe("seconds since 1970 (0: never), a date, or how long after it is made, like 90d");
/** PVE's own list (PVE::AccessControl::check_path), of releases 8 and 9 together. */
const aclPath =
  /^\/(access(\/(groups|realm)(\/[^\s/]+)?)?|mapping(\/[a-z]+(\/[^\s/]+)?)?|nodes(\/[^\s/]+)?|pool(\/[^\s/]+){0,4}|sdn(\/[a-z-]+(\/[^\s/]+){0,3})?|storage(\/[^\s/]+)?|vms(\/[1-9]\d{2,})?)?$/;
const path = z
  .string()
  .regex(
    aclPath,
    "write a path of Proxmox VE's ACL: /, /vms/100, /pool/NAME, /storage/NAME, /nodes/NAME, /sdn/…, /mapping/…, /access/…",
  );
const clusters = z
  .array(word)
  .min(1, "name at least one, or leave it out")
  .optional()
  .describe("names of netbox-proxmox:proxmox; left out, all of them");

const sink = z
  .union([
    z.strictObject({ file: word.describe("the outcome as JSON, readable by its owner alone") }),
    z.strictObject({
      env: word.describe("an environment file"),
      variable: z.string().regex(/^[A-Za-z_]\w*$/, "write a variable's name, like PROXMOX_VE_API_TOKEN"),
    }),
    z.strictObject({
      vault: word.describe("the path of a secret in HashiCorp Vault's KV v2 engine"),
      mount: word.default("secret"),
      prefix: z.string().default("").describe("what its keys begin with"),
    }),
    z.strictObject({
      stack: word.describe("another Pulumi stack"),
      key: word.describe('a path of its configuration, like netbox-proxmox:proxmox["pve"].token'),
      project: word.default(".").describe("the folder of its project"),
    }),
  ])
  .describe("where the secret is put, beside the stack's output");
export type Sink = z.infer<typeof sink>;

const turns = {
  expire: moment.optional(),
  rotateAfter: duration.optional().describe("how old a token may become before the next one takes over"),
  overlap: duration.optional().describe("how long the last one goes on beside it"),
  rotation: z.number().int().min(0).default(0).describe("another number rotates at once"),
  sinks: z.array(sink).default([]),
};

/** One entry of the known form: a token with its user, role and rights. */
const token = z.strictObject({
  name: tokenLike,
  ugid: userLike,
  role: idLike("a role's name").optional(),
  privileges: z.array(word).optional().describe("of that role; left out, a role that is there already"),
  paths: z.array(path).min(1, "name at least one").optional().describe("where it has that role; left out, everywhere"),
  comment: z.string().optional(),
  privsep: flag.default(true).describe("has it less than its user? Then its rights are granted to both"),
  clusters,
  ...turns,
});
export type TokenEntry = z.infer<typeof token>;

const user = z
  .strictObject({
    comment: z.string().optional(),
    enable: flag.optional(),
    expire: moment.optional(),
    email: z.string().optional(),
    firstname: z.string().optional(),
    lastname: z.string().optional(),
    groups: z.array(idLike("a group's name")).optional(),
    password: word.optional().describe("the name of one of netbox-proxmox:passwords"),
    generatePassword: z.literal(true).optional(),
    clusters,
  })
  .nullable()
  .transform((each) => each ?? {});
export type UserEntry = z.infer<typeof user>;

const aclEntry = z
  .strictObject({
    path,
    role: idLike("a role's name"),
    user: userLike.optional(),
    group: idLike("a group's name").optional(),
    token: authLike.optional(),
    propagate: flag.default(true),
    clusters,
  })
  .refine(
    (each) => [each.user, each.group, each.token].filter((one) => one !== undefined).length === 1,
    "say who has it: one of user, group and token",
  );
export type AclFileEntry = z.infer<typeof aclEntry>;

const actions = z.array(word).min(1, "name at least one: view, add, change, delete");
const objectType = z.string().regex(/^[a-z_]+\.[a-z]+$/, "write APP.MODEL, like ipam.ipaddress");
const netboxToken = z.strictObject({
  name: tokenLike,
  user: word,
  version: z.union([z.literal(1), z.literal(2)]).default(2),
  description: z.string().max(100).optional(),
  writeEnabled: z.boolean().default(true),
  allowedIps: z.array(word).default([]),
  ...turns,
});
export type NetboxTokenEntry = z.infer<typeof netboxToken>;
const permission = z.strictObject({
  objectTypes: z.array(objectType).min(1, "name at least one, like ipam.ipaddress"),
  actions,
  constraints: z.union([z.record(z.string(), z.unknown()), z.array(z.record(z.string(), z.unknown()))]).optional(),
  users: z.array(word).default([]),
  groups: z.array(word).default([]),
  description: z.string().optional(),
  enabled: z.boolean().optional(),
});
const netboxUser = z
  .strictObject({
    firstName: z.string().optional(),
    lastName: z.string().optional(),
    email: z.string().optional(),
    isActive: z.boolean().optional(),
    groups: z.array(word).optional(),
  })
  .nullable()
  .transform((each) => each ?? {});
const described = z
  .strictObject({ description: z.string().optional() })
  .nullable()
  .transform((each) => each ?? {});

const netbox = z.strictObject({
  groups: z.record(word, described).default({}),
  users: z.record(word, netboxUser).default({}),
  permissions: z.record(word, permission).default({}),
  tokens: z.array(netboxToken).default([]),
});

export const programNames = [
  "site",
  "plan",
  "discovery",
  "intent",
  "ops",
  "access",
  "templates",
  "platform",
  "inventory",
] as const;
export type ProgramName = (typeof programNames)[number];

/** A program of this project: what it needs, and no more. */
const someProgram = z.strictObject({
  user: userLike.optional().describe("on Proxmox VE; left out, netbox-PROGRAM@pve"),
  netboxUser: word.optional().describe("left out, netbox-PROGRAM"),
  uses: z.array(word).default([]).describe("the parts of the program that are not always used, like pools and HA"),
  storages: z.array(idLike("a storage's name")).min(1).optional().describe("left out, all of them"),
  bridges: z.array(idLike("a bridge's name")).min(1).optional().describe("left out, all of them, and every vnet"),
  proxmox: z.boolean().default(true).describe("a user and a token on Proxmox VE?"),
  netbox: z.boolean().default(true).describe("a user, permissions and a token in NetBox?"),
  netboxSinks: z.array(sink).default([]),
  clusters,
  ...turns,
});
const program = someProgram.nullable().transform((each) => each ?? someProgram.parse({}));

export const accessFile = z.strictObject({
  token_setup: z.array(token).default([]),
  roles: z.record(idLike("a role's name"), z.strictObject({ privileges: z.array(word), clusters })).default({}),
  groups: z
    .record(
      idLike("a group's name"),
      z
        .strictObject({ comment: z.string().optional(), clusters })
        .nullable()
        .transform((each) => each ?? {}),
    )
    .default({}),
  users: z.record(userLike, user).default({}),
  acl: z.array(aclEntry).default([]),
  programs: z.partialRecord(z.enum(programNames), program).default({}),
  netbox: netbox.prefault({}),
});
export type AccessFile = z.infer<typeof accessFile>;
export type ProgramEntry = z.infer<typeof program>;

/** The JSON Schema of the file, for editors. */
export const accessFileSchema = (): unknown => ({
  $id: "access.schema.json",
  title: "access.yml of netbox-proxmox",
  ...z.toJSONSchema(accessFile, { io: "input" }),
});

/** The file's content, or everything that is wrong with it, each with line and column. */
export const parseAccess = (text: string, name: string): ParsedFile<AccessFile> => parseYaml(text, name, accessFile);
