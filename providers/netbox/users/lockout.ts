import { z } from "zod";
import { UserError } from "../../errors";
import type { NetboxClient } from "../client";
import type { ObjectRow } from "../objects/object.model";
import { type ObjectTypeName, typeOf } from "../objects/objecttypes";
import { lostBy, type Myself, myself, rightsOf } from "./rights.model";

// What would take rights from the token that this stack works with is refused: nobody could finish what it began.

const row = z.looseObject({ id: z.number() });

/** @throws UserError where the token is the one that is in use */
export async function keepOwnToken(netbox: NetboxClient, id: number, title: string): Promise<void> {
  if ((await netbox.ownTokenId()) === id)
    throw new UserError(
      `Refused to delete ${title}: this stack works with it. Set another one (netbox-proxmox:netbox.token or NETBOX_API_TOKEN) first.`,
    );
}

/**
 * Refuses to take away, switch off or empty a user, group or permission that the token in use has its rights from.
 * @param bodyOf what would be written to it
 * @throws UserError
 */
export async function keepNetboxRights(
  netbox: NetboxClient,
  type: ObjectTypeName,
  id: number,
  bodyOf: (there: ObjectRow) => object | "delete" | undefined,
  title: string,
): Promise<void> {
  if (type !== "user" && type !== "userGroup" && type !== "permission") return;
  const before = await netbox.find(typeOf(type).path, id, row, rightsFields);
  const body = before && bodyOf(before);
  if (before === undefined || body === undefined) return;
  const self = await netbox.myself(myself);
  const lost = lostBy(type, self, before, body === "delete" ? undefined : { ...before, ...body });
  if (lost === undefined) return;
  // A superuser needs no permission, but its user.
  if (lost !== "its user" && (await isSuperuser(netbox, self))) return;
  throw new UserError(
    `Refused to change ${title}: ${self.username}, as whom this stack works in NetBox, would lose ${lost}. Work with another user's token (netbox-proxmox:netbox.token or NETBOX_API_TOKEN), or leave it its rights.`,
  );
}

/**
 * Is NetBox's 404 for a token one of a token that is gone? It says the same of one that the caller may not see.
 * @throws UserError where it may not see other users' tokens
 */
export async function proveTokenGone(netbox: NetboxClient, title: string): Promise<void> {
  const self = await netbox.myself(myself);
  if (await isSuperuser(netbox, self)) return;
  const all = await netbox.list(typeOf("permission").path, row, rightsFields);
  if (all.some((each) => rightsOf(each, self).includes("view users.token"))) return;
  throw new UserError(
    `NetBox doesn't show ${title}, and ${self.username}, as whom this stack works there, may not see other users' tokens: give it the object permission to view users.token (docs/privileges.md). Nothing was changed.`,
  );
}

const rightsFields = "id,is_active,groups,users,enabled,object_types,actions,constraints";

/** A superuser needs no permission. */
export async function isSuperuser(netbox: NetboxClient, { username }: Pick<Myself, "username">): Promise<boolean> {
  const found = await netbox.list("users/users", z.object({ id: z.number(), username: z.string() }), "id,username", {
    username,
    is_superuser: true,
  });
  return found.some((each) => each.username === username);
}
