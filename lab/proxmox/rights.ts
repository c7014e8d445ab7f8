import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { forbidden } from "./errors";
import { parseVmOption } from "./qemu/vm";
import { isPveSince } from "./releases";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

// Rights on what a guest's options name. Nothing is recorded of them: from PVE's sources (PVE::GuestHelpers,
// PVE::QemuServer, PVE::RPCEnvironment).

/** A bridge below its zone, with a VLAN below it. */
const bridgePath = ({ sdn }: Cluster, bridge: string, tag?: string) =>
  `/sdn/zones/${sdn.zoneOf(bridge)}/${bridge}${tag === undefined ? "" : `/${tag}`}`;

/** Network devices need SDN.Use on their bridge, with a VLAN tag on that tag of it. */
export function requireUse(cluster: Cluster, { authId }: ProxmoxCaller, options: Values): void {
  const { access } = cluster;
  // The rights came with 8.
  if (authId === "root@pam" || !isPveSince(cluster, 8)) return;
  for (const [key, value] of Object.entries(options)) {
    if (/^net\d+$/.test(key)) {
      const { bridge, tag, trunks = "" } = parseVmOption("net0", String(value));
      if (bridge === undefined) continue;
      const vlans = [...(tag === undefined ? [] : [tag]), ...trunks.split(";").filter(Boolean)];
      for (const path of vlans.length === 0
        ? [bridgePath(cluster, bridge)]
        : vlans.map((vlan) => bridgePath(cluster, bridge, vlan)))
        access.require(authId, path, ["SDN.Use"]);
    }
  }
}

/** May the caller see a bridge in a node's list? */
export const seesBridge = (cluster: Cluster, { authId }: ProxmoxCaller, bridge: string): boolean =>
  !isPveSince(cluster, 8) || cluster.access.may(authId, bridgePath(cluster, bridge), ["SDN.Audit", "SDN.Use"], true);

/** Who puts a guest or a storage into a pool, or takes it out, needs the right to hand out rights on it. */
export function requirePoolMembers({ access }: Cluster, { authId }: ProxmoxCaller, { vms, storage }: Values): void {
  const needed = [
    ...words(vms).map((vmid) => [`/vms/${vmid}`, "VM.Allocate"] as const),
    ...words(storage).map((id) => [`/storage/${id}`, "Datastore.Allocate"] as const),
  ];
  for (const [path, privilege] of needed)
    if (!access.may(authId, path, ["Permissions.Modify", privilege], true)) forbidden(`${path}, Permissions.Modify`);
}
