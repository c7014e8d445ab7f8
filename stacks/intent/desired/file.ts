import { z } from "zod";
import { type ParsedFile, parseYaml } from "../../yamlfile";

// vms.yml: the guests that a team wants, and what NetBox has to have for them.

const word = z.string().min(1);
/** NetBox's MB, or a text like `10G`. */
const size = z
  .union([z.number().int().positive(), z.string().regex(/^\d+[MGT]$/, "write MB as a number, or a size like 10G")])
  .describe("MB, or a size like 10G");
const cidr = z.string().regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, "write an address with its prefix length, like 10.0.0.5/24");
/** By its name, its route distinguisher or its id; `global` is the global table. */
const vrf = z
  .union([word, z.number().int().transform(String)])
  .describe("a VRF: its name, its route distinguisher or NetBox's id; global is the global table");
const address = z.union([
  cidr,
  z.strictObject({ address: cidr, vrf: vrf.optional() }),
  z.strictObject({ next: cidr.describe("the next available one of this prefix"), vrf: vrf.optional() }),
]);
const vid = z.number().int().min(1).max(4094);
/** Where a VLAN is: by name, slug or id; null is without one. */
const place = (what: string) =>
  z
    .union([word, z.number().int().transform(String), z.null()])
    .optional()
    .describe(`its ${what}: by name, slug or NetBox's id; null where it has none`);
const scopedVlan = z.strictObject({ vid, group: place("VLAN group"), site: place("site") });
const vlan = z.union([vid, scopedVlan]);
const orNone = z.union([word, z.null()]).optional();
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const customFields = z
  .record(z.string(), z.union([scalar, z.array(scalar)]))
  .describe("other objects by NetBox's ids; lists where the field holds several");

const disk = z.union([size, z.strictObject({ size, storage: word.optional(), customFields: customFields.optional() })]);
const vmInterface = z.strictObject({
  vlan: vlan.optional().describe("the untagged VLAN: its VID, with its group or site where several have that"),
  taggedVlans: z.union([z.array(vlan), z.literal("all")]).optional(),
  vrf: vrf.optional().describe("its VRF, and that of its addresses where they name none"),
  mac: z
    .string()
    .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, "write a MAC address, like BC:24:11:00:00:01")
    .optional(),
  mtu: z.number().int().min(68).max(65520).optional(),
  enabled: z.boolean().optional(),
  bridge: word.optional(),
  description: word.optional(),
  addresses: z.array(address).optional(),
  dnsName: word.optional().describe("of its addresses; left out on the primary interface, GUEST.DOMAIN"),
  customFields: customFields.optional(),
});

/** What every guest takes that doesn't say otherwise. */
const environment = z.strictObject({
  cluster: word.optional(),
  type: z.enum(["vm", "lxc"]).optional(),
  role: orNone.describe("by name or slug; left out, Proxmox VM or Proxmox LXC; null is without one"),
  platform: word.optional().describe("by name or slug"),
  tenant: orNone.describe("by name or slug; null is without one"),
  template: z.union([z.number().int(), word]).optional(),
  storage: word.optional(),
  node: word.optional(),
  domain: word.optional().describe("the DNS zone of the guests' names"),
  vrf: vrf.optional().describe("of interfaces that name none"),
  vlanGroup: place("VLAN group").describe("of VLANs that name neither group nor site"),
  vcpus: z.number().positive().optional(),
  memory: size.optional(),
  startOnBoot: z.enum(["on", "off", "laststate"]).optional(),
  tags: z.array(word).optional(),
  customFields: customFields.optional(),
});

const guest = environment.extend({
  name: word.optional().describe("where it is not the guest's key here"),
  vmid: z.number().int().min(100).optional(),
  description: word.optional(),
  comments: word.optional(),
  disks: z.record(word, disk).optional(),
  interfaces: z.record(word, vmInterface).optional(),
  primary: orNone.describe("the interface with the primary addresses; left out, the first that has any; null is none"),
});

const named = z.union([word, z.strictObject({ name: word, slug: word.optional(), description: word.optional() })]);
const netbox = z.strictObject({
  tags: z.array(named).optional(),
  roles: z.array(named).optional(),
  platforms: z.array(named).optional(),
  clusterTypes: z.array(named).optional(),
  clusters: z.array(z.strictObject({ name: word, type: word, description: word.optional() })).optional(),
  rirs: z.array(z.strictObject({ name: word, private: z.boolean().optional() })).optional(),
  aggregates: z.array(z.strictObject({ prefix: cidr, rir: word, description: word.optional() })).optional(),
  ipamRoles: z.array(named).optional(),
  vlans: z
    .array(
      z.strictObject({
        vid,
        name: word,
        group: place("VLAN group"),
        site: place("site"),
        role: word.optional(),
        description: word.optional(),
      }),
    )
    .optional(),
  prefixes: z
    .array(
      z.strictObject({
        prefix: cidr,
        vrf: vrf.optional(),
        vlan: vlan.optional(),
        role: word.optional(),
        gateway: word.optional(),
        pool: z.boolean().optional(),
        description: word.optional(),
        customFields: customFields.optional(),
      }),
    )
    .optional(),
  ranges: z
    .array(
      z.strictObject({
        start: cidr,
        end: cidr,
        vrf: vrf.optional(),
        role: word.optional(),
        description: word.optional(),
      }),
    )
    .optional(),
  zones: z
    .array(
      z.strictObject({
        name: word,
        view: word.optional(),
        nameServers: z.array(word).min(1),
        contact: word.describe("SOA RNAME, like hostmaster.example.com"),
        ttl: z.number().int().positive().optional(),
      }),
    )
    .optional(),
});

export const vmsFile = z.strictObject({
  environment: environment.optional(),
  netbox: netbox.optional(),
  guests: z
    .record(
      word,
      guest.nullable().transform((each) => each ?? {}),
    )
    .default({}),
});
export type VmsFile = z.infer<typeof vmsFile>;
export type VmsGuest = z.infer<typeof guest>;
export type VmsVlan = z.infer<typeof scopedVlan>;

/** The JSON Schema of vms.yml, for editors. */
export const vmsSchema = (): unknown => ({
  $id: "vms.schema.json",
  title: "vms.yml of netbox-proxmox",
  ...z.toJSONSchema(vmsFile, { io: "input" }),
});

/** The file's content, or everything that is wrong with it, each with line and column. */
export const parseVms = (text: string, name: string): ParsedFile<VmsFile> => parseYaml(text, name, vmsFile);
