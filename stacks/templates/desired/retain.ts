import { supersededTag } from "../../../providers/proxmox/nodes/template.model";
import type { DeclaredTemplates } from "./declared";

function isAway({ facts }: DeclaredTemplates, name: string, node: string): boolean {
  const cluster = facts.clusters.find((each) => each.name === name);
  return cluster?.nodes.some((each) => each.node === node && !each.online) ?? true;
}

/** What another build took the place of goes, unless a linked clone still needs it. */
export function retain(declared: DeclaredTemplates): void {
  // What a node that is offline holds can't be taken away now.
  declared.keepFiles(({ cluster, node }) => isAway(declared, cluster, node));
  for (const [name, inputs] of declared.knownTemplates) {
    if (declared.templates.has(name)) continue;
    const cluster = declared.facts.clusters.find((each) => each.name === inputs.cluster);
    const clones = cluster?.linkedClones.get(inputs.vmid) ?? [];
    const isOffline = isAway(declared, inputs.cluster, inputs.node);
    const what = `Template ${inputs.title} (VM ${inputs.vmid} on ${inputs.node})`;
    if (isOffline) {
      declared.notes.push(`${what} stays as it is: its node is offline.`);
      declared.templates.set(name, { name, inputs, after: [] });
      continue;
    }
    const unread = cluster?.unreadStorages?.find(
      ({ node, storage }) => node === inputs.node && storage === inputs.storage,
    );
    if (unread !== undefined) {
      declared.notes.push(
        `${what} stays as it is: the disks of its storage ${inputs.storage} could not be read (${unread.cause}), and a linked clone may need it.`,
      );
      declared.templates.set(name, { name, inputs, after: [] });
      continue;
    }
    if (clones.length === 0) {
      declared.notes.push(
        `${what} goes: ${declared.current.has(inputs.title) ? "a newer build takes its place" : "the file names it no more"}.`,
      );
      continue;
    }
    declared.notes.push(
      `${what} stays: ${clones.length === 1 ? "a linked clone needs" : `${clones.length} linked clones need`} it (VM ${clones.slice(0, 5).join(", ")}${clones.length > 5 ? ", …" : ""}).`,
    );
    const tags = [...new Set([...inputs.tags, supersededTag])];
    declared.templates.set(name, { name, inputs: { ...inputs, tags }, after: [] });
  }
}
