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

/** Is a guest of this status declared: always, or, where it failed, if it is there? */
export const isBuilt = (status: string): boolean => status in powers || status === "failed";

/** Is a guest to be active once it runs? */
export const isToBePromoted = (guest: NetboxVirtualMachine, { site }: Settings): boolean =>
  guest.status === "staged" && (site.promote || guest.tags.includes(site.promoteTag));

/** What a guest of NetBox is to do. */
export const powerOf = (guest: NetboxVirtualMachine, settings: Settings): Power =>
  isToBePromoted(guest, settings) ? "running" : (powers[guest.status] ?? "stopped");
