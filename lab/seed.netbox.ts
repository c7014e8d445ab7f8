import { z } from "zod";

// What a seed says of NetBox beside its guests. Objects name each other: sites, clusters and VRFs by name, a VLAN by its id or,
// where the id is there several times, as `group/vid`, a device as `cluster/name` or `site/name`.

const customFields = z.record(z.string(), z.unknown()).optional();
const tags = z.array(z.string()).optional();
export const vlanName = z.union([z.int(), z.string()]);

/** Where something belongs, by one of these names; `{}` is nowhere. */
const placeInSeed = z.strictObject({
  region: z.string().optional(),
  siteGroup: z.string().optional(),
  site: z.string().optional(),
  location: z.string().optional(),
  cluster: z.string().optional(),
});
export type SeedScope = z.infer<typeof placeInSeed>;

export const places = {
  /** The first site. */
  site: z.string().default("Lab"),
  /** Further sites. */
  sites: z
    .array(z.strictObject({ name: z.string(), region: z.string().optional(), group: z.string().optional() }))
    .default([]),
  regions: z.array(z.string()).default([]),
  siteGroups: z.array(z.string()).default([]),
  locations: z.array(z.strictObject({ name: z.string(), site: z.string() })).default([]),
  tenants: z.array(z.string()).default([]),
  /** Clusters beside those of Proxmox VE, and what is special of any; its scope is the first site where nothing is said. */
  clusters: z
    .array(
      z.union([
        z.string(),
        z.strictObject({ name: z.string(), scope: placeInSeed.optional(), tenant: z.string().optional() }),
      ]),
    )
    .default([]),
  /** The nodes of a cluster, by its name. */
  devices: z.record(z.string(), z.array(z.string())).default({}),
  /** Devices without a cluster, by their site. */
  hosts: z.record(z.string(), z.array(z.string())).default({}),
};

export const ipam = {
  vrfs: z
    .array(
      z.union([
        z.string(),
        z.strictObject({ name: z.string(), rd: z.string().optional(), enforceUnique: z.boolean().optional() }),
      ]),
    )
    .default([]),
  vlanGroups: z.array(z.strictObject({ name: z.string(), scope: placeInSeed.optional() })).default([]),
  vlans: z
    .array(
      z.strictObject({
        vid: z.int(),
        name: z.string(),
        group: z.string().optional(),
        site: z.string().optional(),
        tenant: z.string().optional(),
      }),
    )
    .default([]),
  prefixes: z
    .array(
      z.strictObject({
        prefix: z.string(),
        vrf: z.string().optional(),
        vlan: vlanName.optional(),
        role: z.string().optional(),
        status: z.string().optional(),
        scope: placeInSeed.optional(),
        isPool: z.boolean().optional(),
        tags,
        customFields,
      }),
    )
    .default([]),
  ranges: z
    .array(
      z.strictObject({
        start: z.string(),
        end: z.string(),
        vrf: z.string().optional(),
        role: z.string().optional(),
        status: z.string().optional(),
        populated: z.boolean().optional(),
        description: z.string().optional(),
        tags,
      }),
    )
    .default([]),
  addresses: z
    .array(
      z.strictObject({
        address: z.string(),
        vrf: z.string().optional(),
        role: z.string().optional(),
        status: z.string().optional(),
        dnsName: z.string().optional(),
        description: z.string().optional(),
        /** The FHRP group that has it. */
        fhrpGroup: z.string().optional(),
        tags,
        customFields,
      }),
    )
    .default([]),
  fhrpGroups: z.array(z.strictObject({ name: z.string(), protocol: z.string(), groupId: z.int() })).default([]),
};

export const extras = {
  tags: z.array(z.string()).default([]),
  choiceSets: z.record(z.string(), z.array(z.string())).default({}),
  /** A required one becomes so at the end, as on a NetBox that had objects before it. */
  customFields: z
    .array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        objectTypes: z.array(z.string()),
        choiceSet: z.string().optional(),
        required: z.boolean().optional(),
        default: z.unknown().optional(),
        relatedObjectType: z.string().optional(),
      }),
    )
    .default([]),
  /** NetBox's FIELD_CHOICES: choices beside its own, by `virtualization.virtualmachine.status`. On a real one they stand in its configuration. */
  fieldChoices: z.record(z.string(), z.array(z.string())).default({}),
};
