import { context, former } from "../../context";
import { UserError } from "../../errors";
import { sameNetbox } from "../../ownership/owner";
import type { Handler } from "../../resource";
import type { NetboxClient } from "../client";
import { likeGiven, objectDiffers, objectInputs, objectState, ownedFrom } from "./object.model";
import { ensureObject, findObject, leaveObject, nameIn, writeObject } from "./objects";

/** One object in NetBox, of whatever type: made, or merged into what is there, with only our fields written. */
export const objectHandler: Handler = {
  diff: (state, inputs) => ({ changes: isRenewed(state, inputs) || objectDiffers(state, inputs) }),

  async create(raw) {
    const wanted = objectInputs.parse(raw);
    const netbox = netboxOf(wanted);
    const { row, made, before } = await ensureObject(netbox, wanted);
    return { id: String(row.id), state: { ...raw, netboxId: row.id, made, before } };
  },

  async read(id, raw) {
    const known = objectState.parse(raw);
    const found = await findObject(netboxOf(known), known.type, known.netboxId);
    if (found === undefined) return undefined;
    const state = { ...raw, ...likeGiven(raw, ownedFrom(known.type, found, known)) };
    return { id, state, inputs: withoutFound(state) };
  },

  async update(_id, oldRaw, raw) {
    const known = objectState.parse(oldRaw);
    const wanted = objectInputs.parse(raw);
    const netbox = netboxOf(known);
    const { netboxId, made, before } = known;
    // Where only the stack's name or NetBox's URL changed, nothing is to be written.
    if (wanted.released !== true && objectDiffers(oldRaw, raw))
      await writeObject(netbox, wanted.type, netboxId, nameIn(wanted), wanted, known);
    return { ...raw, netboxId, made, before };
  },

  async delete(_id, raw) {
    const known = objectState.parse(raw);
    await leaveObject(netboxOf(known), known);
  },
};

/** Properties of the state that were found out, and are no inputs. */
const foundOut = ["netboxId", "made", "before", "parts", "written", "writtenParts"];
export const withoutFound = (state: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(state).filter(([key]) => !foundOut.includes(key)));

/** Does state know its stack or its NetBox by another name than the program? */
export const isRenewed = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  state.stack !== inputs.stack || state.netboxUrl !== inputs.netboxUrl;

/** The NetBox that the object is in. @throws UserError where the configuration leads to another */
export function netboxOf({ netboxUrl }: { netboxUrl: string }): NetboxClient {
  const { netbox } = context();
  if (sameNetbox(netboxUrl, netbox.url, netbox.url, former())) return netbox;
  throw new UserError(
    `This was made in the NetBox at ${netboxUrl}, and netbox-proxmox:netbox.url is ${netbox.url}: set it back; if that NetBox moved to it, set netbox-proxmox:netbox.formerUrls[0] to ${netboxUrl} and run \`pulumi up\` without a refresh; for another NetBox start another stack.`,
  );
}
