import { context, former } from "../../context";
import { UserError } from "../../errors";
import { sameNetbox } from "../../ownership/owner";
import { foundOut, handle } from "../../resource";
import type { NetboxClient } from "../client";
import { netboxObject } from "./object";
import { objectDiffers, ownedFrom } from "./object.model";
import { ensureObject, findObject, leaveObject, nameIn, writeObject } from "./objects";

/** One object in NetBox, of whatever type: made, or merged into what is there, with only our fields written. */
export const objectHandler = handle(netboxObject, {
  async create(wanted) {
    const netbox = netboxOf(wanted);
    const { row, made, before } = await ensureObject(netbox, wanted);
    return { id: String(row.id), state: { ...wanted, netboxId: row.id, made, before } };
  },

  async read(known) {
    const found = await findObject(netboxOf(known), known.type, known.netboxId);
    return found === undefined ? undefined : { ...known, ...ownedFrom(known.type, found, known) };
  },

  async update(known, wanted) {
    const netbox = netboxOf(known);
    // Where only the stack's name or NetBox's URL changed, nothing is to be written.
    if (wanted.released !== true && objectDiffers(known, wanted))
      await writeObject(netbox, wanted.type, known.netboxId, nameIn(wanted), wanted, known);
    return { ...wanted, ...foundOut(netboxObject, known) };
  },

  async delete(known) {
    await leaveObject(netboxOf(known), known);
  },
});

/** The NetBox that the object is in. @throws UserError where the configuration leads to another */
export function netboxOf({ netboxUrl }: { netboxUrl: string }): NetboxClient {
  const { netbox } = context();
  if (sameNetbox(netboxUrl, netbox.url, netbox.url, former())) return netbox;
  throw new UserError(
    `This was made in the NetBox at ${netboxUrl}, and netbox-proxmox:netbox.url is ${netbox.url}: set it back; if that NetBox moved to it, set netbox-proxmox:netbox.formerUrls[0] to ${netboxUrl} and run \`pulumi up\` without a refresh; for another NetBox start another stack.`,
  );
}
