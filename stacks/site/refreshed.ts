import type { Context } from "../../providers/context";
import { findMark } from "../../providers/ownership/mark";
import type { Self } from "../../providers/ownership/owner";
import { descriptionFrom, type Power } from "../../providers/proxmox/nodes/guest.model";
import { containerFromApi, containerState } from "../../providers/proxmox/nodes/lxc/container.model";
import { vmFromApi, vmState } from "../../providers/proxmox/nodes/qemu/vm.model";
import { SingleReads } from "../../providers/proxmox/reads";
import type { ReadGuest } from "../../providers/proxmox/schemas";
import type { Environment } from "../../providers/settings";
import type { StateResource } from "../known";
import type { ProxmoxFacts, Site } from "./desired/types";

// The engine refreshes beside the program and tells it nothing: what was changed by hand is looked at here, for the limits.

/** Is the state refreshed before it is compared? Our commands say so (cli/operation.ts); the engine doesn't. */
export const isRefreshed = (env: Environment = process.env): boolean => env.NETBOX_PROXMOX_REFRESH === "true";

/**
 * The resources of the state with guests as a refresh finds them: what they do, and their configuration. One that can't be read,
 * is gone or is another's stays as it was.
 */
export async function refreshedResources(
  context: Context,
  { proxmox, state, self }: Pick<Site, "proxmox" | "state" | "self">,
): Promise<StateResource[]> {
  const reads = new Map(context.proxmox.map((cluster) => [cluster.name, { cluster, reads: new SingleReads() }]));
  return Promise.all(
    state.resources.map(async (resource) => {
      const known = guestIn(resource);
      const facts = known && proxmox.get(known.cluster);
      const there = known && facts?.guests.get(known.vmid);
      const from = known && reads.get(known.cluster);
      if (known === undefined || there === undefined || from === undefined || !isOnline(facts, there.node))
        return resource;
      const read = await from.reads.read(there.node, () => from.cluster.guest(there.type, there.node, there.vmid));
      const seen = read.unread === undefined ? read.found : undefined;
      return seen === undefined || !isOurs(self, seen) ? resource : known.refreshed(seen, powerOf(there.status));
    }),
  );
}

const isOnline = (facts: ProxmoxFacts | undefined, node: string): boolean =>
  facts?.nodes.some((each) => each.node === node && each.online) ?? false;

function isOurs(self: Self, { config }: ReadGuest): boolean {
  const mark = findMark(descriptionFrom(config));
  return mark !== undefined && self.isOurs(self.renewed(mark));
}

/** By the cluster's statistics, which tell a paused guest. */
const powerOf = (status: string): Power => (status === "running" || status === "paused" ? status : "stopped");

interface GuestInState {
  cluster: string;
  vmid: number;
  refreshed(seen: ReadGuest, power: Power): StateResource;
}

/** A guest that the state has, as far as this version can read it. */
function guestIn({ properties, ...resource }: StateResource): GuestInState | undefined {
  const { type } = resource;
  const after = (found: object, { pending }: ReadGuest): StateResource => ({
    ...resource,
    properties: { ...properties, ...found, pending },
  });
  if (type === "ProxmoxVm") {
    const { data: vm } = vmState.safeParse(properties);
    return vm && { ...vm, refreshed: (seen, power) => after(vmFromApi(seen.config, { power, ...only(vm) }, vm), seen) };
  }
  if (type !== "ProxmoxContainer") return undefined;
  const { data: container } = containerState.safeParse(properties);
  return (
    container && {
      ...container,
      refreshed: (seen, power) => after(containerFromApi(seen.config, { power, ...only(container) }, container), seen),
    }
  );
}

/** What would take a request more each, and no limit counts. */
const only = ({ pool, ha }: { pool?: string | undefined; ha?: string | undefined }) => ({ pool, ha });
