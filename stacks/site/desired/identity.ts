import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { Mark } from "../../../providers/ownership/mark";
import type { GuestType } from "../../../providers/proxmox/schemas";
import type { Settings } from "../../settings";
import type { Site } from "./types";

export const markOf = (site: Pick<Site, "stack" | "netbox">, netboxId: number): Mark => ({
  stack: site.stack,
  netboxUrl: site.netbox.url,
  netboxId,
});

/** The VMID that a guest has or will have; undefined where its custom field holds no VMID. */
export function vmidOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
): { vmid: number; derived: boolean } | undefined {
  const derived = (settings.defaults(guest.clusterName ?? "").vmidBase ?? 100_000) + guest.id;
  const text = guest.customFields.get(settings.site.customFields.vmid);
  if (text === undefined) return { vmid: derived, derived: true };
  const given = Number(text);
  if (!Number.isInteger(given) || given < 100 || given > 999_999_999) return undefined;
  return { vmid: given, derived: given === derived };
}

/** Virtual machine or container: by its custom field, else by its role. */
export function typeOf(guest: NetboxVirtualMachine, settings: Settings): GuestType | undefined {
  const named = guest.customFields.get(settings.site.customFields.type);
  if (named === undefined) return guest.role === "proxmox-lxc" ? "lxc" : "qemu";
  return named === "lxc" ? "lxc" : named === "vm" ? "qemu" : undefined;
}
