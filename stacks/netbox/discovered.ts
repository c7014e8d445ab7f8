import type { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import type { GuestType } from "../../providers/proxmox/schemas";
import type { Settings } from "../settings";

/** Tags of what discovery put into NetBox, as netbox-proxmox-automation has them, too. */
export const discoveredTag: Record<GuestType, string> = {
  qemu: "proxmox-vm-discovered",
  lxc: "proxmox-lxc-discovered",
};
export const discoveredTags: readonly string[] = Object.values(discoveredTag);

/** Was the guest read from Proxmox VE, and handed over to nobody? Then it is documented, and not the site program's to build. */
export const isOnlyDiscovered = (
  { tags }: Pick<NetboxVirtualMachine, "tags">,
  { adopt, adoptTag }: Pick<Settings["site"], "adopt" | "adoptTag">,
): boolean => !adopt && !tags.includes(adoptTag) && discoveredTags.some((tag) => tags.includes(tag));
