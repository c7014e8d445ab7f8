import { z } from "zod";
import { canonical, hostOf } from "../../netbox/address";
import type { Vrf } from "../../netbox/ipam";
import { allConfigured } from "./configured";
import type { Undeclared } from "./removals";
import type { Site } from "./types";

/** A host that a guest still answers to whose NetBox address may be free already. */
export interface UsedHost {
  host: string;
  /** Undefined where nobody says any more in which VRF it was. */
  in: { vrf: Vrf } | undefined;
}

/** What guests that are about to go still use: their NetBox addresses may be free already, while they still answer. */
export class StillUsed {
  constructor(private readonly hosts: readonly UsedHost[] = []) {}

  /** These and others. */
  with(hosts: readonly UsedHost[]): StillUsed {
    return hosts.length === 0 ? this : new StillUsed([...this.hosts, ...hosts]);
  }

  /** Is an address that NetBox has of another guest this host? Where no VRF is known, it is the global table's. */
  has(address: string, vrf: Vrf): boolean {
    return this.hosts.some((each) => each.host === canonical(address) && each.in?.vrf === vrf);
  }

  /** Hosts that are not to be handed out in a VRF, in an order that does not go by the state's. */
  hostsIn(vrf: Vrf): string[] {
    const inVrf = this.hosts.filter((each) => each.in === undefined || each.in.vrf === vrf);
    return [...new Set(inVrf.map(({ host }) => host))].sort();
  }
}

const allocation = z.object({ mark: z.object({ netboxId: z.number() }), address: z.string(), vrfId: z.number() });

/** By what Proxmox VE has of the guests that go, and what NetBox and the state have of their addresses. */
export function stillUsedBy({ proxmox, netbox, state }: Site, removals: Undeclared[]): StillUsed {
  const recorded = new Map<string, Vrf>();
  for (const { type, properties } of state.resources) {
    const found = type === "NetboxIpAllocation" ? allocation.safeParse(properties).data : undefined;
    if (found) recorded.set(`${found.mark.netboxId} ${canonical(found.address)}`, found.vrfId);
  }
  const interfacesOf = (guestId: number) => netbox.interfaces.filter((each) => each.guestId === guestId);
  return new StillUsed(
    removals.flatMap(({ netboxId, cluster, vmid }) => {
      const seen = proxmox.get(cluster)?.seen.get(vmid)?.addresses;
      // Of one that could not be read, the state says what it had.
      const hosts = (seen === undefined ? allConfigured(state.guests.get(netboxId)) : Object.values(seen).flat()).map(
        (address) => canonical(hostOf(address)),
      );
      const documented = interfacesOf(netboxId).flatMap(({ id }) => netbox.ipam.onInterface(id));
      return hosts.map((host): UsedHost => {
        const there = documented.find(({ address }) => canonical(address) === host);
        const key = `${netboxId} ${host}`;
        if (there !== undefined) return { host, in: { vrf: there.vrfId } };
        return { host, in: recorded.has(key) ? { vrf: recorded.get(key) } : undefined };
      });
    }),
  );
}
