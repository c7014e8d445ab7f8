import { UserError } from "../../errors";
import type { ProxmoxCluster } from "../client";
import { losses, printLosses } from "./rights.model";
import type { AccessView } from "./view";

/**
 * Refuses a change that would take rights from the credential that makes it: nobody could finish, or mend, what it began.
 * @param what `delete role X`, for the message
 * @param changed what the cluster would show afterwards, in the place of the view
 * @throws UserError
 */
export function keepProxmoxRights(
  { name, authId }: ProxmoxCluster,
  what: string,
  view: AccessView,
  changed: AccessView,
): void {
  const lost = losses(view, changed, authId);
  if (lost.length === 0) return;
  throw new UserError(
    `Refused to ${what} on ${name}: ${authId}, with which this stack works there, would lose ${printLosses(lost)}. Work with another credential (netbox-proxmox:proxmox["${name}"].token or PROXMOX_VE_API_TOKEN), or leave it its rights.`,
  );
}
