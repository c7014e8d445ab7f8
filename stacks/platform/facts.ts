import type { Context } from "../../providers/context";
import { findAnyMark } from "../../providers/ownership/mark";
import { descriptionFrom } from "../../providers/proxmox/nodes/guest.model";
import type { PlatformFile } from "./desired/file";
import type { PlatformFacts } from "./desired/plan";

/** What is there on the chosen cluster; nothing where none is chosen. */
export async function readPlatform(
  context: Context,
  file: PlatformFile,
  name: string | undefined,
): Promise<Pick<PlatformFacts, "guests" | "nodes" | "sshNodes" | "osTemplates">> {
  const cluster = context.proxmox.find((each) => each.name === name);
  if (cluster === undefined) return { guests: [], nodes: [], sshNodes: [], osTemplates: [] };
  // It says what is wrong with a first contact.
  await cluster.version();
  const { guests, nodes, storages } = await cluster.inventory();
  const vmids = Object.values(file.containers).map(({ vmid }) => vmid);
  const online = nodes.filter((node) => node.online).map(({ node }) => node);
  const [storage = ""] = file.template.split(":");
  const holds = storages.some((each) => each.storage === storage && each.node === file.node && each.available);
  const [there, osTemplates] = await Promise.all([
    Promise.all(
      guests
        .filter(({ vmid, node }) => vmids.includes(vmid) && online.includes(node))
        .map(async ({ vmid, name: title, node, type }) => {
          // Whose it is has to be known: each of them is a container of the file.
          const seen = await cluster.guest(type, node, vmid);
          const mark = seen && findAnyMark(descriptionFrom(seen.config));
          const part = mark && "part" in mark ? mark.part : undefined;
          return { vmid, name: title, node, part };
        }),
    ),
    holds ? cluster.osTemplates(file.node, storage) : [],
  ]);
  return { guests: there, nodes: online, sshNodes: context.sshNodes(cluster.name), osTemplates };
}
