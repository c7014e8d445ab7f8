import type { NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { Nic } from "../../../providers/proxmox/nodes/guest.model";
import { nicModels } from "../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { withoutUndefined } from "../../../providers/values";
import { type Candidate, firstGiven } from "../../netbox/valuesource";
import type { Settings } from "../../settings";
import { isOptionValue } from "../settings";
import { type GuestSettings, guestFallbacks, type SettingPlace } from "./guestsettings";
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
  const vnet = vnetOf(vmInterface, own);
  const bridge = firstGiven(bridgeCandidates(vmInterface, own, settings))?.value;
  return withoutUndefined({
    bridge: named === noBridge ? "" : (bridge ?? guestFallbacks.bridge),
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

/** The vnet or bridge of an interface's VLAN alone. */
const vnetOf = ({ mode, untaggedVlan }: NetboxInterface, { vnets }: GuestSettings): string | undefined =>
  mode === undefined || untaggedVlan === undefined ? undefined : vnets?.[String(untaggedVlan.vid)];

/** Who may name the bridge of an interface. */
export function bridgeCandidates(
  vmInterface: NetboxInterface,
  own: GuestSettings,
  { site }: Settings,
): Candidate<string, SettingPlace>[] {
  const field = site.customFields.bridge;
  return [
    {
      source: { kind: "custom field", name: `${field} of ${vmInterface.name}` },
      value: vmInterface.customFields.get(field),
    },
    { source: { setting: "vnets", key: String(vmInterface.untaggedVlan?.vid) }, value: vnetOf(vmInterface, own) },
    { source: { setting: "bridge" }, value: own.bridge },
    { source: { kind: "default", name: "bridge" }, value: guestFallbacks.bridge },
  ];
}

/** Who may name the model of an interface's NIC. */
export function nicModelCandidates(
  vmInterface: NetboxInterface,
  own: GuestSettings,
  { site }: Settings,
): Candidate<string, SettingPlace>[] {
  const field = site.customFields.netModel;
  return [
    {
      source: { kind: "custom field", name: `${field} of ${vmInterface.name}` },
      value: vmInterface.customFields.get(field),
    },
    { source: { setting: "netModel" }, value: own.netModel },
    { source: { kind: "default", name: "netModel" }, value: guestFallbacks.netModel },
  ];
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
  return firstGiven(nicModelCandidates(vmInterface, own, settings))?.value ?? guestFallbacks.netModel;
}
