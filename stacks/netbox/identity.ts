import { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import { pageOf } from "../../providers/page";
import { GuestType } from "../../providers/proxmox/schemas";
import { groupBy } from "../../providers/values";
import type { Settings } from "../settings";
import { type Candidate, firstGiven } from "./valuesource";

/** Who says a guest's VMID: its custom field, which may hold none, or the base of its cluster's guests. */
export function vmidCandidates(guest: NetboxVirtualMachine, settings: Settings): Candidate<number>[] {
  const field = settings.site.customFields.vmid;
  const text = guest.customFields.get(field);
  const named = settings.defaultLayers(guest.clusterName ?? "").find(({ values }) => values.vmidBase !== undefined);
  return [
    { source: { kind: "custom field", name: field }, value: text === undefined ? undefined : Number(text) },
    {
      source: named ? { kind: "setting", name: `${named.key}.vmidBase` } : { kind: "default", name: "vmidBase" },
      value: (named?.values.vmidBase ?? 100_000) + guest.id,
    },
  ];
}

/** The VMID that a guest has or will have; undefined where its custom field holds no VMID. */
export function vmidOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
): { vmid: number; derived: boolean } | undefined {
  const found = firstGiven(vmidCandidates(guest, settings));
  if (found === undefined) return undefined;
  const { value: vmid, source, overrules } = found;
  const isVmid = Number.isInteger(vmid) && vmid >= 100 && vmid <= 999_999_999;
  if (source.kind === "custom field" && !isVmid) return undefined;
  return { vmid, derived: overrules.every(({ value }) => value === vmid) };
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

/** Who says whether it is a virtual machine (`vm`) or a container (`lxc`): its custom field, which may hold neither, or its role. */
export function typeCandidates(guest: NetboxVirtualMachine, settings: Settings): Candidate<string>[] {
  const field = settings.site.customFields.type;
  return [
    { source: { kind: "custom field", name: field }, value: guest.customFields.get(field) },
    { source: { kind: "field", name: "role" }, value: guest.role === "proxmox-lxc" ? "lxc" : undefined },
    { source: { kind: "default", name: "type" }, value: "vm" },
  ];
}

/** Virtual machine or container; undefined where its custom field says neither. */
export function guestTypeOf(guest: NetboxVirtualMachine, settings: Settings): GuestType | undefined {
  const named = firstGiven(typeCandidates(guest, settings))?.value;
  return named === "lxc" ? "lxc" : named === "vm" ? "qemu" : undefined;
}

/** Who names its node: its device, which often has the node's full name, or its custom field. */
export const nodeCandidates = (guest: NetboxVirtualMachine, field: string): Candidate<string>[] => [
  { source: { kind: "field", name: "device" }, value: guest.device?.split(".")[0] },
  { source: { kind: "custom field", name: field }, value: guest.customFields.get(field) },
];

/** The node that NetBox names: its device, or the custom field. */
export function namedNode(
  guest: NetboxVirtualMachine,
  field: string,
  { nodes }: { nodes: { node: string }[] },
  problem: (text: string) => void,
): string | undefined {
  const found = firstGiven(nodeCandidates(guest, field));
  const node = found?.value;
  for (const { value: custom } of found?.overrules ?? [])
    if (custom !== node)
      problem(`its device is ${node}, and its custom field ${field} names ${custom}; empty one of them in NetBox`);
  if (node !== undefined && !nodes.some((each) => each.node === node)) {
    const from = found?.source.kind === "custom field" ? `custom field ${field}` : "device";
    problem(
      `its ${from} names ${node}, which is no node of ${guest.clusterName} (${nodes.map((each) => each.node).join(", ")}); correct it in NetBox`,
    );
    return undefined;
  }
  return node;
}
