import { z } from "zod";
import { allowance, defaultAllowance } from "../../providers/missing";
import { duration } from "../duration";

const globs = z.array(z.string().min(1)).min(1, "write at least one, or leave it out");
const vmidRange = z.union([
  z.number().int().min(100),
  z.string().regex(/^\d+(-\d+)?$/, "write a VMID or a range, like 100-199"),
]);

const choices = {
  /** Which guests: those that pass every filter that is named. A `*` stands for anything. */
  nodes: globs.optional(),
  pools: globs.optional(),
  tags: globs.optional(),
  names: globs.optional(),
  vmids: z.array(vmidRange).min(1, "write at least one, or leave it out").optional(),
  /** What is read at all. */
  syncVms: z.boolean().optional(),
  syncContainers: z.boolean().optional(),
  syncNodes: z.boolean().optional(),
  /** Storages become choices of the custom fields that name one. */
  syncStorage: z.boolean().optional(),
  /** Guest agents are asked for addresses and systems. */
  syncAgent: z.boolean().optional(),
  /** Prefixes that NetBox lacks for the addresses of guests. */
  syncPrefixes: z.boolean().optional(),
  /** The VRF (its name, route distinguisher or id; `global` for none) of addresses, where NetBox doesn't say. */
  vrf: z.string().min(1).optional(),
  /** The same by the network device's bridge, VID, or both: `vmbr1`, `71`, `vmbr1.71`. */
  vrfs: z.record(z.string().min(1), z.string().min(1)).optional(),
  /** The VLAN group (its name, slug or id) of the VLANs that a cluster's guests are in, where NetBox doesn't say. */
  vlanGroup: z.string().min(1).optional(),
  /** Nothing is written: only the report says what would be. */
  readOnly: z.boolean().optional(),
};

const clusterChoices = z.strictObject(choices);

export const discoverySchema = z.strictObject({
  ...choices,
  /** The clusters that are read, each with what differs for it; left out, all of netbox-proxmox:proxmox. */
  clusters: z.record(z.string(), clusterChoices).optional(),
  /** What becomes of a field that a person wrote otherwise? */
  conflicts: z.enum(["keep", "overwrite"]).default("keep"),
  /** What becomes of guests that Proxmox VE has no more, once the grace time is over? */
  vanished: z.enum(["remove", "keep"]).default("remove"),
  graceTime: duration.default("7d"),
  /** How many vanished guests a run may remove. */
  maxRemovals: allowance.default(defaultAllowance),
  /** The NetBox site (its slug) of nodes whose cluster has none. */
  site: z.string().min(1).optional(),
  /** Where the report is written as JSON, in a preview too. */
  reportFile: z.string().min(1).optional(),
  /** Seconds that all agents of a cluster together have. */
  agentTimeout: z.number().positive().default(20),
  /** When a scheduled pipeline runs this: said in the report beside the time since the last run. */
  interval: duration.optional(),
});

export type DiscoverySettings = z.infer<typeof discoverySchema>;
/** What is read of one cluster. */
export type ClusterChoices = z.infer<typeof clusterChoices>;

const everything = {
  syncVms: true,
  syncContainers: true,
  syncNodes: true,
  syncStorage: true,
  syncAgent: true,
  syncPrefixes: true,
  readOnly: false,
};

/** The clusters to read, each with its choices. */
export function chosenClusters(settings: DiscoverySettings, all: string[]): Map<string, ClusterChoices> {
  const names = settings.clusters === undefined ? all : Object.keys(settings.clusters);
  const general = Object.fromEntries(
    Object.keys(choices).flatMap((key) => {
      const value = Object.entries(settings).find(([name]) => name === key)?.[1];
      return value === undefined ? [] : [[key, value]];
    }),
  );
  return new Map(names.map((name) => [name, { ...everything, ...general, ...settings.clusters?.[name] }]));
}

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
    "i",
  );
const passes = (patterns: string[] | undefined, values: string[]): boolean =>
  patterns === undefined || values.some((value) => patterns.some((pattern) => glob(pattern).test(value)));

/** Is a guest among those that are to be read? */
export function isChosen(
  chosen: ClusterChoices,
  guest: { vmid: number; type: "qemu" | "lxc"; node: string; name: string; pool?: string | undefined; tags: string[] },
): boolean {
  const inRange = chosen.vmids?.some((range) => {
    const [first = 0, last = first] = String(range).split("-").map(Number);
    return guest.vmid >= first && guest.vmid <= last;
  });
  return (
    (guest.type === "qemu" ? chosen.syncVms !== false : chosen.syncContainers !== false) &&
    inRange !== false &&
    passes(chosen.nodes, [guest.node]) &&
    passes(chosen.pools, guest.pool === undefined ? [] : [guest.pool]) &&
    passes(chosen.tags, guest.tags) &&
    passes(chosen.names, [guest.name])
  );
}
