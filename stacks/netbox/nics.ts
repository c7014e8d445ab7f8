import { configText } from "../../providers/proxmox/nodes/guest.model";
import { cardOf, slotsOf } from "../../providers/proxmox/nodes/nics";
import { parsePropertyString } from "../../providers/proxmox/propertystring";
import type { GuestConfig, GuestType } from "../../providers/proxmox/schemas";
import { canonical } from "./address";
import type { NicTraits } from "./interfaces";

/** What a guest itself says of a network device. */
export interface NicSeen {
  /** Its name inside. */
  name?: string | undefined;
  /** With prefix length. */
  addresses: readonly string[];
}

/** The keys that tell a network device its addresses: a container's are its own, a virtual machine's are cloud-init's. */
export const toldAddresses = (config: GuestConfig, slot: number, type: GuestType): Map<string, string> =>
  type === "lxc"
    ? cardOf(config, slot, type).keys
    : parsePropertyString(configText(config, `ipconfig${slot}`) ?? "").options;

/** A guest's network devices, as its interfaces in NetBox are found by. @param seen by MAC in capitals */
export const nicsOf = (config: GuestConfig, type: GuestType, seen: Record<string, NicSeen> = {}): NicTraits[] =>
  slotsOf(config).map((slot) => {
    const { mac, keys } = cardOf(config, slot, type);
    const told = toldAddresses(config, slot, type);
    const own = mac === undefined ? undefined : seen[mac];
    const name = own?.name ?? keys.get("name");
    const addresses = [told.get("ip"), told.get("ip6"), ...(own?.addresses ?? [])];
    return {
      slot,
      mac,
      inside: name,
      hosts: addresses.flatMap((each) => (each?.includes("/") ? [canonical(each)] : [])),
    };
  });
