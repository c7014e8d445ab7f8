import { z } from "zod";
import { FirewallFile } from "./file";
import type { Firewall } from "./firewall";

const values = z.record(z.string(), z.union([z.string(), z.number()]));
const comment = z.string().optional();
const file = z.object({
  options: values,
  rules: z.array(values),
  aliases: z.array(z.object({ name: z.string(), cidr: z.string(), comment })).default([]),
  sets: z.array(z.object({ name: z.string(), comment, entries: z.array(values) })).default([]),
  groups: z.array(z.object({ name: z.string(), comment, rules: z.array(values) })).default([]),
});
const files = {
  guests: z.array(file.extend({ vmid: z.int() })),
  nodes: z.array(file.extend({ node: z.string() })),
  vnets: z.array(file.extend({ vnet: z.string() })),
};

/** A cluster's firewall as a saved lab has it; older ones have only the guests' options and rules. */
export const savedFirewall = z.union([
  z.object({ cluster: file, ...files }),
  files.guests.transform((guests) => ({
    cluster: file.parse({ options: {}, rules: [] }),
    guests,
    nodes: [],
    vnets: [],
  })),
]);
type SavedFirewall = z.output<typeof savedFirewall>;
type SavedFile = z.output<typeof file>;

const saveFile = ({ options, rules, aliases, sets, groups }: FirewallFile): SavedFile => ({
  options,
  rules,
  aliases: [...aliases.values()],
  sets: [...sets].map(([name, set]) => ({ name, ...set })),
  groups: [...groups].map(([name, group]) => ({ name, ...group })),
});

export const saveFirewall = ({ cluster, guests, nodes, vnets }: Firewall): SavedFirewall => ({
  cluster: saveFile(cluster),
  guests: [...guests].map(([vmid, each]) => ({ vmid, ...saveFile(each) })),
  nodes: [...nodes].map(([node, each]) => ({ node, ...saveFile(each) })),
  vnets: [...vnets].map(([vnet, each]) => ({ vnet, ...saveFile(each) })),
});

function restoreFile(into: FirewallFile, { options, rules, aliases, sets, groups }: SavedFile): void {
  Object.assign(into, { options, rules });
  for (const alias of aliases) into.aliases.set(alias.name.toLowerCase(), alias);
  for (const { name, ...set } of sets) into.sets.set(name, set);
  for (const { name, ...group } of groups) into.groups.set(name, group);
}

export function restoreFirewall(firewall: Firewall, saved: SavedFirewall): void {
  restoreFile(firewall.cluster, saved.cluster);
  for (const { vmid, ...each } of saved.guests) restoreFile(firewall.guest(vmid), each);
  for (const { node, ...each } of saved.nodes) restoreFile(firewall.node(node), each);
  for (const { vnet, ...each } of saved.vnets) restoreFile(firewall.vnet(vnet), each);
}
