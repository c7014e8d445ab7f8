import type { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import type { Power } from "../../providers/proxmox/nodes/guest.model";
import type { Settings } from "../settings";

/** Statuses whose guests are built, and what these do. */
const powers: Readonly<Record<string, Power>> = {
  active: "running",
  paused: "paused",
  staged: "stopped",
  offline: "stopped",
};

/** What a guest of this status does; nothing where the status doesn't say. */
export const powerOfStatus = (status: string): Power | undefined =>
  Object.hasOwn(powers, status) ? powers[status] : undefined;

/** Statuses of guests that are not made, or are taken away. */
const unbuilt = ["planned", "decommissioning"];

/** Is a guest of this status declared: always, or, where it is left as it is, if it is there? */
export const isBuilt = (status: string): boolean => !unbuilt.includes(status);

/** Is a guest of this status left as it is, and not made: did it fail, or is the status a NetBox's own, which says nothing of power? */
export const isLeft = (status: string): boolean => isBuilt(status) && !Object.hasOwn(powers, status);

/** Is it a status that NetBox doesn't come with, and that the settings give no meaning? */
export const isStrange = (status: string): boolean => isLeft(status) && status !== "failed";

/** A status as NetBox's own, where the settings say what it means. */
export const meantStatus = (status: string, { site }: Pick<Settings, "site">): string =>
  site.statuses[status] ?? status;

/** What a guest of NetBox does by its status, as the settings take that; nothing where it is left as it is, or not built. */
export function powerMeant(guest: NetboxVirtualMachine, settings: Settings): Power | undefined {
  const status = meantStatus(guest.status, settings);
  return powerOfStatus(status) === undefined ? undefined : powerOf({ ...guest, status }, settings);
}

/** The statuses of a NetBox's own that mean just this, as the settings say. */
export const ownStatuses = (meaning: string, { site }: Pick<Settings, "site">): string[] =>
  Object.entries(site.statuses).flatMap(([own, meant]) => (meant === meaning ? [own] : []));

/** Is a guest to be active once it runs? */
export const isToBePromoted = (guest: NetboxVirtualMachine, { site }: Settings): boolean =>
  guest.status === "staged" && (site.promote || guest.tags.includes(site.promoteTag));

/** What a guest of NetBox is to do. */
export const powerOf = (guest: NetboxVirtualMachine, settings: Settings): Power =>
  isToBePromoted(guest, settings) ? "running" : (powers[guest.status] ?? "stopped");
