import { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import { pageOf } from "../../providers/page";
import { GuestType } from "../../providers/proxmox/schemas";
import { groupBy } from "../../providers/values";
import type { Settings } from "../settings";

/** The VMID that a guest has or will have; undefined where its custom field holds no VMID. */
export function vmidOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
): { vmid: number; derived: boolean } | undefined {
  const derived = (settings.defaults(guest.clusterName ?? "").vmidBase ?? 100_000) + guest.id;
  const text = guest.customFields.get(settings.site.customFields.vmid);
  if (text === undefined) return { vmid: derived, derived: true };
  const given = Number(text);
  if (!Number.isInteger(given) || given < 100 || given > 999_999_999) return undefined;
  return { vmid: given, derived: given === derived };
}

/** Names that several of NetBox's clusters have: by its name, a guest of theirs could be on any. */
export function clustersOfOneName({ url, machines }: { url: string; machines: NetboxVirtualMachine[] }): {
  unclear: Set<string>;
  problems: string[];
} {
  const byName = groupBy(
    machines.flatMap(({ clusterName, clusterId }) =>
      clusterName === undefined || clusterId === undefined ? [] : [{ name: clusterName, id: clusterId }],
    ),
    ({ name }) => name,
  );
  const several = [...byName]
    .map(([name, all]) => ({ name, ids: [...new Set(all.map(({ id }) => id))] }))
    .filter(({ ids }) => ids.length > 1);
  return {
    unclear: new Set(several.map(({ name }) => name)),
    problems: several.map(
      ({ name, ids }) =>
        `Cluster "${name}" is in NetBox ${ids.length} times (${ids.map((id) => pageOf(url, "virtualization/clusters", id)).join(" and ")}), and which guest is on which can't be told: rename all but one of them.`,
    ),
  };
}

/** Virtual machine or container: by its custom field, else by its role. */
export function guestTypeOf(guest: NetboxVirtualMachine, settings: Settings): GuestType | undefined {
  const named = guest.customFields.get(settings.site.customFields.type);
  if (named === undefined) return guest.role === "proxmox-lxc" ? "lxc" : "qemu";
  return named === "lxc" ? "lxc" : named === "vm" ? "qemu" : undefined;
}

/** The node that NetBox names: its device, or the custom field. */
export function namedNode(
  guest: NetboxVirtualMachine,
  field: string,
  { nodes }: { nodes: { node: string }[] },
  problem: (text: string) => void,
): string | undefined {
  const custom = guest.customFields.get(field);
  // Devices often have the node's full name.
  const device = guest.device?.split(".")[0];
  if (custom !== undefined && device !== undefined && custom !== device)
    problem(`its device is ${device}, and its custom field ${field} names ${custom}; empty one of them in NetBox`);
  const node = device ?? custom;
  if (node !== undefined && !nodes.some((each) => each.node === node)) {
    const from = device === undefined ? `custom field ${field}` : "device";
    problem(
      `its ${from} names ${node}, which is no node of ${guest.clusterName} (${nodes.map((each) => each.node).join(", ")}); correct it in NetBox`,
    );
    return undefined;
  }
  return node;
}
