import type { z } from "zod";
import { UserError } from "../../../providers/errors";
import { ipAllocationInputs } from "../../../providers/netbox/ipam/ipallocation.model";
import { netboxGuestState } from "../../../providers/netbox/virtualization/guest.model";
import { guestUrl, mark as markSchema } from "../../../providers/ownership/mark";
import { containerInputs } from "../../../providers/proxmox/nodes/lxc/container.model";
import { vmInputs } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { snapshotInputs } from "../../../providers/proxmox/nodes/snapshot.model";
import type { KnownResource } from "../../known";
import { canonical, hostOf } from "../../netbox/address";
import { markOf } from "./identity";
import { allocationIdentity } from "./names";
import type { UsedHost } from "./stillused";
import type { DesiredAllocation, KeptGuest, Machine, Site } from "./types";

// Guests that a run leaves out: what the state has of them is declared just as it is there, so that nothing of them changes.

/** The resources of a state that carry a guest's mark, by its NetBox id. */
export function knownOfGuests(resources: readonly KnownResource[]): Map<number, KnownResource[]> {
  const found = new Map<number, KnownResource[]>();
  for (const resource of resources) {
    const owner = markSchema.safeParse(resource.properties.mark);
    if (!owner.success) continue;
    const { netboxId } = owner.data;
    const all = found.get(netboxId);
    if (all === undefined) found.set(netboxId, [resource]);
    else all.push(resource);
  }
  return found;
}

/** Of these guests those that the state has something of. @throws UserError for a resource that can't be read */
export function keptGuests(site: Pick<Site, "stack" | "netbox" | "state">, ids: Iterable<number>): KeptGuest[] {
  const known = knownOfGuests(site.state.resources);
  const names = new Map(site.netbox.guests.map(({ id, name }) => [id, name]));
  return [...ids]
    .sort((a, b) => a - b)
    .flatMap((id) => {
      const resources = known.get(id);
      if (resources === undefined) return [];
      const name = site.state.guests.get(id)?.name ?? names.get(id) ?? String(id);
      return [keptGuest(site, id, name, resources)];
    });
}

function keptGuest(
  site: Pick<Site, "stack" | "netbox">,
  id: number,
  name: string,
  resources: readonly KnownResource[],
): KeptGuest {
  const fallback = markOf(site, id);
  const title = `${name} (${guestUrl(fallback)})`;
  const all = <T>(type: string, schema: z.ZodType<T>): T[] =>
    resources.flatMap((resource) => {
      if (resource.type !== type) return [];
      const parsed = schema.safeParse(resource.properties);
      if (parsed.success) return [parsed.data];
      const [issue] = parsed.error.issues;
      throw new UserError(
        `The state of this stack has a ${type} of ${title} that this version can't read (${issue?.path.join(".")}: ${issue?.message}): correct the guest in NetBox, so that it is not left out, or run the version that wrote the state.`,
      );
    });
  const [vm] = all("ProxmoxVm", vmInputs);
  const [container] = all("ProxmoxContainer", containerInputs);
  const machine: Machine | undefined =
    vm !== undefined ? { type: "qemu", inputs: asItIs(vm) } : container && { type: "lxc", inputs: asItIs(container) };
  const [netbox] = all("NetboxGuest", netboxGuestState);
  const [snapshot] = all("ProxmoxSnapshot", snapshotInputs);
  const { vmid } = machine?.inputs ?? {};
  const written = netbox?.vmid ?? vmid;
  return {
    id,
    name,
    mark: netbox?.mark ?? fallback,
    // Without its field nothing is compared or written, whatever became of the VMID in NetBox.
    ...(netbox && { netbox: { mark: netbox.mark, derived: netbox.derived, vmid: written ?? 0 } }),
    allocations: all("NetboxIpAllocation", ipAllocationInputs).map(
      ({ lost: _lost, avoid: _avoid, notFrom: _notFrom, renames: _renames, vrfId, ...inputs }): DesiredAllocation => ({
        key: allocationIdentity(inputs),
        nic: inputs.label.split(" ").slice(1).join(" "),
        vrfId,
        isConfigurable: true,
        inputs,
      }),
    ),
    ...(machine && { machine }),
    // Nothing is due, and nothing has been kept for too long.
    ...(snapshot && { snapshot: { ...snapshot, due: undefined, before: undefined, expired: [] } }),
  };
}

/** A machine that no run changes. */
const asItIs = <I extends { adopt?: boolean | undefined; restart?: boolean | undefined }>(inputs: I) => {
  const { adopt: _adopt, restart: _restart, ...rest } = inputs;
  return { ...rest, inert: true };
};

/** Hosts of guests that are left out which NetBox holds no more: nobody else gets them. */
export const keptHosts = ({ netbox }: Pick<Site, "netbox">, kept: KeptGuest[]): UsedHost[] =>
  kept.flatMap(({ allocations }) =>
    allocations.flatMap(({ vrfId, inputs: { address } }) =>
      address === undefined || netbox.ipam.hosts.anywhere(address).some((each) => each.vrfId === vrfId)
        ? []
        : [{ host: canonical(hostOf(address)), in: { vrf: vrfId } }],
    ),
  );
