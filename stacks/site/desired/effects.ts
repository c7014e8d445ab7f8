import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import { awaitsRestart, type Disks } from "../../../providers/proxmox/nodes/guest.model";
import { waitsForStart } from "../../../providers/proxmox/nodes/inforce";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { isRecord } from "../../../providers/values";
import { hostOf } from "../../netbox/address";
import type { Effect } from "../../plan/change";

// What a guest's new properties do to it.

type Properties = Record<string, unknown>;

export interface GuestSituation {
  type: GuestType;
  /** The node where it is now. */
  node: string | undefined;
  /** Hosts that this run releases: what a guest loses with them is counted as that. */
  released: ReadonlySet<string>;
}

/** Of an update; one that is left as it is has none. */
export function guestEffects(
  state: Properties,
  inputs: Properties,
  { type, node, released }: GuestSituation,
): Effect[] {
  const found = new Set<Effect>();
  const runs = state.power === "running";
  if (runs && inputs.power !== "running") found.add("stops");
  const restarts = inputs.restart === true && waitsForStart(type, state, inputs).length > 0;
  if (runs && inputs.power === "running" && (restarts || awaitsRestart(state, inputs))) found.add("restarts");
  if (inputs.node !== undefined && inputs.node !== state.node && inputs.node !== node) {
    found.add("migrates");
    // A container can't be moved while it runs.
    if (type === "lxc" && runs) found.add("restarts");
  }
  if (losesAddress(addressesOf(type, state), addressesOf(type, inputs), released)) found.add("renumbers");
  for (const effect of diskEffects(diskKinds[type], state.disks, inputs.disks)) found.add(effect);
  return [...found];
}

function diskEffects({ stays }: Disks, before: unknown, after: unknown): Effect[] {
  if (!isRecord(before) || !isRecord(after)) return [];
  const detaches = Object.keys(before).some((slot) => !stays(slot) && !(slot in after));
  const moves = Object.entries(after).some(([slot, disk]) => {
    const there = before[slot];
    return isRecord(disk) && isRecord(there) && disk.storage !== undefined && disk.storage !== there.storage;
  });
  return [...(detaches ? (["detaches"] as const) : []), ...(moves ? (["moves"] as const) : [])];
}

/** Is there an address that it had, and has no more, though nobody releases it? */
const losesAddress = (
  before: Map<string, string>,
  after: Map<string, string>,
  released: ReadonlySet<string>,
): boolean =>
  [...before].some(([place, host]) => {
    const next = after.get(place);
    return next === undefined ? !released.has(host) : next !== host;
  });

/** The static addresses of a guest's configuration, without prefix length, by `SLOT ip` and `SLOT ip6`. */
function addressesOf(type: GuestType, properties: Properties): Map<string, string> {
  const given =
    type === "lxc"
      ? Object.entries(isRecord(properties.networks) ? properties.networks : {}).flatMap(([slot, nic]) =>
          ["ip", "ip6"].map((key): [string, unknown] => [`${slot} ${key}`, isRecord(nic) ? nic[key] : undefined]),
        )
      : Object.entries(ipconfigOf(properties)).flatMap(([slot, text]) =>
          String(text)
            .split(",")
            .map((part): [string, unknown] => [`${slot} ${part.split("=")[0]}`, part.split("=")[1]])
            .filter(([place]) => /ip6?$/.test(place)),
        );
  return new Map(given.flatMap(([place, value]) => (typeof value === "string" ? [[place, hostOf(value)]] : [])));
}

const ipconfigOf = ({ cloudInit }: Properties): Properties =>
  isRecord(cloudInit) && isRecord(cloudInit.ipconfig) ? cloudInit.ipconfig : {};
