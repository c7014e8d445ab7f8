import { z } from "zod";
import { allowance, defaultAllowance } from "../../providers/missing";
import { nearest } from "../../providers/nearest";
import { spanOf } from "../../providers/netbox/ipam/spans";
import {
  containerOptions,
  diskOptions,
  guestOptions,
  networkOptions,
  type OptionTable,
  optionExample,
  optionProblem,
  volumeOptions,
} from "../../providers/proxmox/nodes/options";
import { customFieldsSchema } from "../netbox/customfields";
import { limitsSchema } from "../plan/limits";

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
        if (!(name in table))
          context.addIssue({
            code: "custom",
            path: [name],
            message: "is no option",
            params: { known: Object.keys(table) },
          });
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
export const guestSchema = z.strictObject({
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
export const defaultsSchema = guestSchema.omit({ rebuild: true }).extend({
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

function isSpan(text: string): boolean {
  try {
    spanOf(text);
    return true;
  } catch {
    return false;
  }
}

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

export const siteSchema = z.strictObject({
  scope: scopeSchema.prefault({}),
  /** Guests that are there already, at the VMID of their custom field, are taken over as they are. */
  adopt: z.boolean().default(false),
  /** The tag (its slug) that does so for one guest. */
  adoptTag: z.string().default("adopt"),
  /** Does `pulumi destroy` delete guests that were adopted, too? They are released where it is false or left out. */
  destroyAdopted: z.boolean().optional(),
  /** Staged guests are started once they are built, and then set to active. */
  promote: z.boolean().default(false),
  /** The tag (its slug) that does so for one guest. */
  promoteTag: z.string().default("promote"),
  /** The tag (its slug) of guests that are neither made, changed nor removed. */
  holdTag: z.string().min(1).default("proxmox-hold"),
  /** Guests that share a tag whose slug begins so are spread over the nodes. */
  antiAffinityPrefix: z.string().min(1).default("anti-affinity"),
  /** Guests with the reboot policy `ask` that this run may restart, by name; `all` is every one. */
  reboots: z.array(z.string().min(1)).default([]),
  /** Names that this stack had before, as `stack` or `project/stack`: what carries their mark is this stack's. */
  formerStacks: z
    .array(z.string().regex(/^[\w.-]+(\/[\w.-]+)?$/, "write a stack's name, like dev or netbox-proxmox/dev"))
    .default([]),
  /** Does one guest that can't be declared as NetBox has it stop the run? It is left out otherwise. */
  strict: z.boolean().default(false),
  /** How many guests a run may leave out: a number, a percentage, or `all`. */
  maxLeftOut: z.union([allowance, z.literal("all")]).optional(),
  /** Does `pulumi destroy` refuse? */
  protect: z.boolean().default(true),
  /** How many guests a run may take away: a number, or a percentage of those there were. */
  maxRemovals: allowance.default(defaultAllowance),
  /** How much of what a run may do to guests, addresses and names at once, by effect: a number, a percentage, or `all`. */
  limits: limitsSchema.prefault({}),
  /** What becomes of built guests that NetBox shows no more, and whose deletion its change log doesn't show either? */
  missing: z.enum(["refuse", "remove"]).default("refuse"),
  /** May another automation's event rules (netbox-proxmox-automation's) be enabled on the same objects? */
  otherAutomation: z.enum(["refuse", "allow"]).default("refuse"),
  /** NetBox's MB are taken as so many thousandths (1000) or 1024ths of PVE's GiB. */
  ramBaseUnit: z.union([z.literal(1000), z.literal(1024)]).default(1024),
  diskBaseUnit: z.union([z.literal(1000), z.literal(1024)]).default(1024),
  /** NetBox's start on boot: `on` counts where it says on or last state; `netbox` counts off, too, which it says of every new machine. */
  startOnBoot: z.enum(["on", "netbox"]).default("on"),
  /** What statuses of a NetBox's own mean, as NetBox's: `{ maintenance: offline }`. */
  statuses: z
    .record(
      z.string().min(1),
      z.enum(["active", "paused", "staged", "offline", "planned", "failed", "decommissioning"]),
    )
    .default({}),
  /** The status of an address that a person gave, once NetBox's object of its guest is gone; it keeps its own where this is left out. */
  keptAddressStatus: z.string().min(1).optional(),
  /** The tag (its slug) of a prefix's gateway address, where its custom field names none. */
  gatewayTag: z.string().default("gateway"),
  /** Roles (their slugs) of the ranges and prefixes that a DHCP server gives addresses from. */
  dhcpRoles: z.array(z.string().min(1)).default(["dhcp"]),
  /** Addresses, ranges (FIRST-LAST) and CIDRs that are never handed out, in no VRF. */
  avoid: z.array(z.string().refine(isSpan, "write an address, a range like 10.0.0.1-10.0.0.9, or a CIDR")).default([]),
  customFields: customFieldsSchema.prefault({}),
  /** Does an `up` write a journal entry on each NetBox object that it followed? */
  journal: z.boolean().default(false),
  /** Where the reports of plans are kept, for links to them; `{stack}` stands for the stack's name. */
  planUrl: z
    .string()
    .regex(/^https?:\/\/[^\s/]+\S*$/, "write a URL, like https://reports.example.com/{stack}.html")
    .optional(),
});

export const policiesSchema = z.strictObject({
  /** The file with the policies; policies.yml where it is left out, if that is there. */
  file: z.string().min(1).optional(),
});

export const dnsSchema = z.strictObject({
  /** Seconds. */
  ttl: z.number().int().min(0).default(300),
  /** Guests whose address we allocate get the name GUEST.DOMAIN. */
  domain: zoneLike.optional(),
  /** What becomes of the zones that netbox-dns keeps: `sync` reads its records and writes the guests' there, `read` only reads. */
  plugin: z.enum(["sync", "read", "off"]).default("sync"),
});

/** May a name of NetBox's stand in a property string? */
export const isOptionValue = (text: string): boolean => optionValue.safeParse(text).success;

export type GuestDefaults = z.infer<typeof defaultsSchema>;
export type NamedGuestSettings = z.infer<typeof guestSchema>;
export type SiteSettings = z.infer<typeof siteSchema>;
export type DnsSettings = z.infer<typeof dnsSchema>;

function unknownOfGuest(key: string): string {
  const meant = nearest(key, Object.keys(guestSchema.shape));
  return meant === undefined ? "is no setting of a guest; remove it" : `is no setting of a guest: is ${meant} meant?`;
}

/** One place's settings of a guest, by key, or what is wrong with each. Options are another matter: each has its own place. */
export function readGuestSettings(
  value: Record<string, unknown>,
): { value: NamedGuestSettings } | { problems: { key: string; problem: string }[] } {
  const sections: readonly string[] = optionSections;
  const parsed = guestSchema.safeParse(
    Object.fromEntries(Object.entries(value).filter(([key]) => !sections.includes(key))),
  );
  if (parsed.success) return { value: parsed.data };
  return {
    problems: parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({ key, problem: unknownOfGuest(key) }))
        : [{ key: issue.path.join("."), problem: `won't do: ${issue.message}` }],
    ),
  };
}
