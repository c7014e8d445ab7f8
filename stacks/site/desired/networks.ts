import type { NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { Nic } from "../../../providers/proxmox/nodes/guest.model";
import { nicModels } from "../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { withoutUndefined } from "../../../providers/values";
import type { Settings } from "../../settings";
import { isOptionValue } from "../settings";
import type { GuestSettings } from "./guestsettings";
import { networkOptionsOf } from "./options";

/** A NIC, with its name inside a container where NetBox's isn't that. */
export type DesiredNetwork = Nic & { name?: string | undefined };

/** In the custom field for a bridge: a NIC that is on none. */
const noBridge = "none";

/** One interface's NIC, without its addresses. */
export function nicOf(
  vmInterface: NetboxInterface,
  guest: NetboxVirtualMachine,
  type: GuestType,
  own: GuestSettings,
  settings: Settings,
  problem: (text: string) => void,
): DesiredNetwork {
  const { name, mode, untaggedVlan, taggedVids, mtu, mac, enabled } = vmInterface;
  if (mode === "access" && untaggedVlan === undefined)
    problem(
      `interface ${name} is in access mode without an untagged VLAN; choose its VLAN in NetBox, or clear the mode`,
    );
  if (mode === "tagged" && taggedVids.length === 0)
    problem(`interface ${name} is in tagged mode without a tagged VLAN; choose them in NetBox, or use tagged (all)`);
  if (mode === "q-in-q")
    problem(
      `interface ${name} is in Q-in-Q mode, which a Proxmox bridge port doesn't have; use access, tagged or tagged (all)`,
    );
  const named = vmInterface.customFields.get(settings.site.customFields.bridge);
  if (named !== undefined && !isOptionValue(named))
    problem(
      `custom field ${settings.site.customFields.bridge} of ${name}: "${named}" is no bridge's or vnet's name; correct it`,
    );
  if (type === "lxc" && !isOptionValue(name))
    problem(`interface "${name}" can't be called so in a container; rename it to letters, digits, dots and hyphens`);
  const { trunks, name: inside, ...options } = networkOptionsOf(vmInterface, guest, type, settings, problem) ?? {};
  const vnet = mode === undefined || untaggedVlan === undefined ? undefined : own.vnets?.[String(untaggedVlan.vid)];
  return withoutUndefined({
    bridge: named === noBridge ? "" : (named ?? vnet ?? own.bridge ?? "vmbr0"),
    tag: mode === undefined || (named === undefined && vnet !== undefined) ? undefined : untaggedVlan?.vid,
    trunks:
      mode === "tagged"
        ? [...taggedVids].sort((a, b) => a - b).join(";")
        : // Ranges that nobody lists VLAN by VLAN.
          mode === "tagged-all" && trunks !== undefined
          ? String(trunks)
          : undefined,
    mtu,
    linkDown: enabled ? undefined : true,
    mac,
    options: Object.keys(options).length === 0 ? undefined : options,
    name: inside === undefined ? undefined : String(inside),
  });
}

/** The model of a virtual machine's NIC. */
export function nicModelOf(
  vmInterface: NetboxInterface,
  own: GuestSettings,
  settings: Settings,
  problem: (text: string) => void,
): string {
  const field = settings.site.customFields.netModel;
  const named = vmInterface.customFields.get(field);
  if (named !== undefined && !nicModels.includes(named))
    problem(`custom field ${field} of ${vmInterface.name}: "${named}" won't do; write ${nicModels.join(", ")}`);
  return named ?? own.netModel ?? "virtio";
}
