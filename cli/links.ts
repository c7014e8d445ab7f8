import { z } from "zod";
import type { NetboxClient } from "../providers/netbox/client";
import type { GuestLink } from "../stacks/netbox/links";

const linksPath = "extras/custom-links";
const customLink = z.object({
  id: z.number(),
  name: z.string(),
  object_types: z.array(z.string()),
  enabled: z.boolean(),
  link_text: z.string(),
  link_url: z.string(),
  new_window: z.boolean(),
});
const linkFields = Object.keys(customLink.shape).join(",");
const machine = "virtualization.virtualmachine";

/** A link that NetBox lacks, or has otherwise. */
export interface LinkChange {
  action: "create" | "update";
  name: string;
  write: () => Promise<void>;
}

/** What of a link is ours. Whether it is shown at all (`enabled`), its group, weight and colour are NetBox's people's. */
const bodyOfLink = ({ name, text, url, opensWindow }: GuestLink) => ({
  name,
  link_text: text,
  link_url: url,
  new_window: opensWindow,
});

/** What makes NetBox's links ours; a link of another name is not looked at. */
export async function linkChanges(netbox: NetboxClient, links: readonly GuestLink[]): Promise<LinkChange[]> {
  const there = await netbox.list(linksPath, customLink, linkFields);
  return links.flatMap((link): LinkChange[] => {
    const { name } = link;
    const body = bodyOfLink(link);
    const found = there.find((each) => each.name === name);
    if (found === undefined) {
      const write = async () => {
        await netbox.create(linksPath, customLink.pick({ id: true }), { ...body, object_types: [machine] });
      };
      return [{ action: "create", name, write }];
    }
    const { link_text, link_url, new_window, object_types } = found;
    const isSame =
      link_text === body.link_text &&
      link_url === body.link_url &&
      new_window === body.new_window &&
      object_types.includes(machine);
    if (isSame) return [];
    const write = async () => {
      await netbox.change(linksPath, found.id, customLink, linkFields, (now) => ({
        ...body,
        object_types: [...new Set([...now.object_types, machine])],
      }));
    };
    return [{ action: "update", name, write }];
  });
}
