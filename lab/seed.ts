import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { extras, ipam, places, vlanName } from "./seed.netbox";

const address = z.union([
  z.string(),
  z.strictObject({
    address: z.string(),
    dnsName: z.string().optional(),
    tags: z.array(z.string()).optional(),
    vrf: z.string().optional(),
    role: z.string().optional(),
    status: z.string().optional(),
    description: z.string().optional(),
    /** The machine's primary one of its family. */
    primary: z.boolean().optional(),
  }),
]);

const vmInterface = z.object({
  name: z.string(),
  mac: z.string().optional(),
  mode: z.enum(["access", "tagged", "tagged-all"]).optional(),
  vlan: vlanName.optional(),
  taggedVlans: z.array(vlanName).optional(),
  /** Interfaces of the same machine, named before. */
  parent: z.string().optional(),
  bridge: z.string().optional(),
  vrf: z.string().optional(),
  mtu: z.number().int().optional(),
  enabled: z.boolean().optional(),
  customFields: z.record(z.string(), z.unknown()).optional(),
  addresses: z.array(address).default([]),
});

const guest = z.object({
  name: z.string(),
  /** The first one where it is left out; null for none. */
  cluster: z.string().nullable().optional(),
  site: z.string().optional(),
  tenant: z.string().optional(),
  device: z.string().optional(),
  status: z.string().default("active"),
  vcpus: z.number().optional(),
  memory: z.number().int().optional(),
  platform: z.string().optional(),
  role: z.string().optional(),
  description: z.string().optional(),
  comments: z.string().optional(),
  tags: z.array(z.string()).default([]),
  customFields: z.record(z.string(), z.unknown()).optional(),
  localContext: z.record(z.string(), z.unknown()).optional(),
  disks: z
    .array(
      z.object({
        name: z.string(),
        size: z.number().int(),
        customFields: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default([]),
  interfaces: z.array(vmInterface).default([]),
});

const netbox = z.object({
  ...places,
  ...ipam,
  ...extras,
  vmRoles: z.array(z.string()).default([]),
  platforms: z.array(z.string()).default([]),
  ipamRoles: z.array(z.string()).default([]),
  configContexts: z
    .array(
      z.object({
        name: z.string(),
        weight: z.number().int().default(1000),
        roles: z.array(z.string()).default([]),
        data: z.record(z.string(), z.unknown()),
      }),
    )
    .default([]),
  guests: z.array(guest).default([]),
});

const proxmoxGuest = z.object({
  vmid: z.number().int(),
  type: z.enum(["qemu", "lxc"]).default("qemu"),
  node: z.string(),
  config: z.record(z.string(), z.union([z.string(), z.number()])),
  template: z.boolean().default(false),
  running: z.boolean().default(false),
});

const proxmoxCluster = z.object({
  nodes: z
    .array(
      z.object({
        node: z.string(),
        /** Its own, in the cluster; `192.0.2.11` and up where it is left out. */
        address: z.string().optional(),
        bridges: z.array(z.string()).default(["vmbr0"]),
        mtus: z.record(z.string(), z.number().int()).optional(),
        /** Interfaces beside its bridges, and what these have besides, as PVE lists them: NICs, bonds, VLANs. */
        network: z.array(z.looseObject({ iface: z.string() })).optional(),
      }),
    )
    .min(1),
  storages: z.array(
    z.object({
      storage: z.string(),
      type: z.enum(["dir", "lvmthin", "rbd"]),
      content: z.string(),
      shared: z.boolean().optional(),
      path: z.string().optional(),
      nodes: z.array(z.string()).optional(),
    }),
  ),
  /** OS templates, by storage. */
  osTemplates: z.record(z.string(), z.array(z.string())).default({}),
  guests: z.array(proxmoxGuest).default([]),
});

export const seedSchema = z.object({
  netbox: netbox.prefault({}),
  proxmox: z.record(z.string(), proxmoxCluster),
  dns: z
    .object({ zones: z.array(z.object({ name: z.string(), updatable: z.array(z.string()).default([]) })).default([]) })
    .prefault({}),
});

/** What a lab starts with: NetBox's objects by name, Proxmox clusters, DNS zones. */
export type Seed = z.infer<typeof seedSchema>;
export type SeedGuest = Seed["netbox"]["guests"][number];

/** @throws with the place of each mistake in the file. */
export function parseSeed(text: string): Seed {
  const parsed = seedSchema.safeParse(parse(text));
  if (!parsed.success) throw new Error(`The seed is not valid:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export const readSeed = (file: string): Seed => parseSeed(readFileSync(file, "utf8"));
