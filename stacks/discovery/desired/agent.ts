import { isVirtualName } from "../../netbox/interfaces";
import type { AgentView } from "./types";

/** An interface as it is inside a guest, with its addresses and their prefix lengths. */
export interface InsideInterface {
  name: string;
  mac: string | undefined;
  addresses: string[];
}

/** Addresses that say nothing outside of their own link. */
const isLocal = (address: string): boolean => /^(127\.|169\.254\.|::1\/|fe80:)/i.test(address);

/** The VID of `eth0.100` and `vlan100`, which have the MAC of what they are on; NaN of what is no VLAN. */
export const vidInside = (name: string): number => {
  const [, dotted, plain] = /\.(\d+)(?:@.*)?$|^vlan(\d+)$/i.exec(name) ?? [];
  return Number(dotted ?? plain ?? Number.NaN);
};
const isVlan = (name: string): boolean => !Number.isNaN(vidInside(name));

/**
 * A guest's interfaces by their MACs. Of those that share one, the network device's own name and addresses come first, and bridges
 * and aliases speak for it too; VLANs on it are interfaces of their own.
 */
export function agentView(all: InsideInterface[]): Pick<AgentView, "addresses" | "names" | "vlans"> {
  const view: Required<Pick<AgentView, "addresses" | "names" | "vlans">> = { addresses: {}, names: {}, vlans: [] };
  for (const { name, mac: written, addresses: given } of [...all].sort((a, b) => rank(a) - rank(b))) {
    if (written === undefined) continue;
    const mac = written.toUpperCase();
    const addresses = [...new Set(given)].filter((each) => !isLocal(each));
    const own = view.addresses[mac];
    if (own !== undefined && isVlan(name)) {
      if (addresses.length > 0) view.vlans.push({ name, mac, addresses });
      continue;
    }
    if (own === undefined && !isVirtualName(name)) view.names[mac] = name;
    view.addresses[mac] = [...new Set([...(own ?? []), ...addresses])];
  }
  return view;
}

/** Network devices first, and VLANs last. */
const rank = ({ name }: InsideInterface): number => (isVlan(name) ? 2 : isVirtualName(name) ? 1 : 0);
