import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { withoutUndefined } from "../../../providers/values";
import type { SeenNode } from "./types";

export const nodeRole = "Proxmox node";
export const nodeType = { maker: "Proxmox", model: "Proxmox VE node" };

const types: Record<string, string> = {
  bridge: "bridge",
  bond: "lag",
  vlan: "virtual",
  OVSBridge: "bridge",
  OVSBond: "lag",
};

/** A node as a device with its interfaces: ports of bonds and bridges lead to them, VLANs to what they are on. */
export function nodeArgs(
  { node, online, interfaces, address }: SeenNode,
  cluster: string,
  site: string,
  vlan: (vid: number) => string | undefined,
): Pick<MachineArgs, "fields" | "interfaces" | "primary"> {
  const shown = interfaces.filter(({ iface, type }) => iface !== "lo" && type !== "alias");
  const names = new Set(shown.map(({ iface }) => iface));
  const parts = Object.fromEntries(
    shown.map((each) => {
      const { iface, type, active, mtu, addresses } = each;
      const raw = each.rawDevice ?? (type === "vlan" ? /^(.+)\.\d+$/.exec(iface)?.[1] : undefined);
      const vid = each.vid ?? (type === "vlan" ? Number(/\.?(\d+)$/.exec(iface)?.[1]) : undefined);
      const named = vid === undefined ? undefined : vlan(vid);
      const fields = withoutUndefined({
        // NetBox wants a speed of what is plugged; PVE doesn't say any.
        type: types[type] ?? "other",
        enabled: active,
        mtu,
        parent: raw !== undefined && names.has(raw) ? raw : undefined,
        bridge: shown.find(({ ports }) => ports.includes(iface))?.iface,
        lag: shown.find(({ slaves }) => slaves.includes(iface))?.iface,
        mode: named === undefined ? undefined : "access",
        untaggedVlan: named,
      });
      return [iface, { fields, customFields: {}, tags: [], addresses: [...addresses] }];
    }),
  );
  const primary = Object.entries(parts).find(([, { addresses }]) =>
    addresses.some((each) => address !== undefined && each.startsWith(`${address}/`)),
  )?.[0];
  return {
    fields: { name: node, cluster, site, status: online ? "active" : "offline" },
    interfaces: parts,
    ...(primary === undefined ? {} : { primary }),
  };
}
