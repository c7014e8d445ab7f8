import { guestTitle } from "../../../providers/ownership/mark";
import { undecidedText } from "../../../providers/ownership/owner";
import type { RemovalDecision, Undeclared } from "./removals";
import type { Site } from "./types";
import { isMarkedAdopted } from "./vmid";

/** What a destroy does to guests that were adopted, a sentence each, and what keeps it from beginning. */
export interface AdoptedGuests {
  notes: string[];
  problems: string[];
}

/** @param built every guest of this stack's that a destroy meets */
export function adoptedGuests(
  { settings: { site }, netbox, proxmox, state }: Site,
  built: readonly Undeclared[],
  { removals }: Pick<RemovalDecision, "removals">,
): AdoptedGuests {
  const reasons = new Map(removals.map(({ netboxId, reason }) => [netboxId, reason]));
  const tagsOf = new Map(netbox.guests.map(({ id, tags }) => [id, tags]));
  const notes: string[] = [];
  const undecided: string[] = [];
  for (const { netboxId, netboxUrl, name, cluster, vmid } of built) {
    const known = state.guests.get(netboxId);
    const adopted = isMarkedAdopted(proxmox.get(cluster)?.seen.get(vmid), known);
    const tagged = tagsOf.get(netboxId)?.includes(site.adoptTag) === true;
    const maybe = site.adopt || tagged || known?.last.adopted === true;
    const title = guestTitle({ name, mark: { netboxUrl, netboxId } });
    const why = reasons.get(netboxId) ?? (site.destroyAdopted === true ? "site.destroyAdopted is true" : undefined);
    if (!adopted && !maybe) continue;
    if (why !== undefined) notes.push(`${title} was adopted, and is deleted: ${why}.`);
    else if (!adopted && site.destroyAdopted === undefined) undecided.push(title);
    else
      notes.push(
        `${title} was adopted, and is released: its marks are taken away, and the guest, its addresses and its names stay.`,
      );
  }
  return { notes, problems: undecided.length === 0 ? [] : [undecidedText(undecided.join(", "))] };
}
