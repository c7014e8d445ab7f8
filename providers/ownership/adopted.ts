import { context, former, leavingSettings } from "../context";
import { UserError } from "../errors";
import type { NetboxClient } from "../netbox/client";
import { readDeletions } from "../netbox/deletions";
import { virtualMachine, virtualMachineFields } from "../netbox/schemas";
import { guestUrl, type Mark } from "./mark";
import { sameNetbox, undecidedText } from "./owner";

/** A guest that is about to leave a stack. */
export interface LeavingGuest extends Pick<Mark, "netboxUrl" | "netboxId"> {
  /** Does its mark say that it was adopted? */
  adopted: boolean;
  /** May it have been adopted by a version whose marks didn't say so? */
  maybe?: boolean;
}

/** What NetBox says of a guest that leaves. */
interface Evidence {
  /** Decommissioning, or deleted by somebody whose name is known. */
  isToGo: boolean;
  tags: string[];
}

/** What was asked already, by the connection that it was asked with: NetBox is asked once for a guest and all that it has. */
const asked = new WeakMap<NetboxClient, Map<number, Promise<Evidence>>>();

/**
 * Is a guest that was adopted, or what belongs to it, only released: the mark taken away, and everything left? What NetBox says is to
 * go is removed, and what was made is. @throws UserError where nobody can tell whether it was adopted, and no setting decides
 */
export async function isReleased(guest: LeavingGuest): Promise<boolean> {
  const { netboxUrl, netboxId, adopted } = guest;
  if (!context().hasNetbox) return false;
  const { netbox } = context();
  // Another NetBox's objects say nothing of this guest.
  const isKnown = sameNetbox(netbox.url, netboxUrl, netbox.url, former());
  const { isToGo, tags } = isKnown ? await evidenceOf(netbox, netboxId) : { isToGo: false, tags: [] };
  const { adopt, adoptTag, destroyAdopted } = leavingSettings();
  const maybe = guest.maybe === true || adopt || tags.includes(adoptTag);
  if (isToGo || !(adopted || (isKnown && maybe)) || destroyAdopted === true) return false;
  if (!adopted && destroyAdopted === undefined) throw new UserError(undecidedText(guestUrl(guest)));
  return true;
}

function evidenceOf(netbox: NetboxClient, id: number): Promise<Evidence> {
  const known = asked.get(netbox) ?? new Map<number, Promise<Evidence>>();
  asked.set(netbox, known);
  const evidence = known.get(id) ?? readEvidence(netbox, id);
  known.set(id, evidence);
  evidence.catch(() => known.delete(id));
  return evidence;
}

async function readEvidence(netbox: NetboxClient, id: number): Promise<Evidence> {
  const found = await netbox.find("virtualization/virtual-machines", id, virtualMachine, virtualMachineFields);
  if (found !== undefined) return { isToGo: found.status === "decommissioning", tags: found.tags };
  const deletions = await readDeletions(netbox, [id]);
  return { isToGo: deletions.some(({ user }) => user !== ""), tags: [] };
}
