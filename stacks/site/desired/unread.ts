import { printUnread } from "../../../providers/proxmox/reads";
import type { Site } from "./types";

/** What of Proxmox VE could not be read, a sentence a cluster and kind: nobody judges it, and what stands there stays. */
export const unreadWarnings = ({ proxmox }: Pick<Site, "proxmox">): string[] =>
  [...proxmox].flatMap(([cluster, { unread = new Map<number, string>(), unreadNodes = [], unreadStorages = [] }]) => {
    const guests = [...unread].map(([vmid, cause]) => ({ what: String(vmid), cause }));
    return [
      ...(guests.length === 0
        ? []
        : [`Guests of ${cluster} that could not be read: ${printUnread(guests)}. They stay as they are.`]),
      ...(unreadNodes.length === 0
        ? []
        : [
            `Nodes of ${cluster} whose bridges could not be read: ${printUnread(unreadNodes)}. No bridge is checked there.`,
          ]),
      ...(unreadStorages.length === 0
        ? []
        : [
            `Storages of ${cluster} that could not be read: ${printUnread(unreadStorages)}. OS templates there are not known.`,
          ]),
    ];
  });

/** Could a guest not be looked at, as its read failed or its node is away? */
export function isUnread({ proxmox }: Pick<Site, "proxmox">, cluster: string | undefined, vmid: number): boolean {
  const facts = proxmox.get(cluster ?? "");
  const there = facts?.guests.get(vmid);
  if (facts === undefined || there === undefined) return false;
  return facts.unread?.has(vmid) === true || facts.nodes.some(({ node, online }) => node === there.node && !online);
}
