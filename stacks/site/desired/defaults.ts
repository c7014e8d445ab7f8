import { vmidOf } from "../../netbox/identity";
import { isBuilt } from "../../netbox/statuses";
import type { Problem, Site } from "./types";

/** Defaults that name what a cluster does not have: told once as settings, not of every guest that takes them. */
export function defaultProblems({ netbox, proxmox, settings }: Site): Problem[] {
  return [...proxmox].flatMap(([cluster, facts]) => {
    const guests = netbox.guests.filter(({ status, clusterName }) => clusterName === cluster && isBuilt(status));
    if (guests.length === 0) return [];
    const { bridge, storage } = settings.defaults(cluster);
    // A guest that is there keeps its disks where they are.
    const makesAny = guests.some((guest) => !facts.guests.has(vmidOf(guest, settings)?.vmid ?? 0));
    const storages = new Set(facts.storages.map((each) => each.storage));
    // A node that shows the token no bridge says nothing.
    const bridges = new Set([...facts.bridges.values()].flatMap((each) => [...each.keys()]));
    return [
      ...missing(cluster, "bridge", bridge, bridges),
      ...(makesAny ? missing(cluster, "storage", storage, storages) : []),
    ];
  });
}

function missing(cluster: string, key: string, name: string | undefined, there: Set<string>): Problem[] {
  if (name === undefined || there.size === 0 || there.has(name)) return [];
  return [
    `netbox-proxmox:defaults.${key} (or clusters["${cluster}"].${key}) names ${name}, which no node of ${cluster} has (there is ${[...there].sort().join(", ")}); correct it, or let the token see it`,
  ];
}
