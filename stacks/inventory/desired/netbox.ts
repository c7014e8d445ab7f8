import type {
  NetboxAddress,
  NetboxInterface,
  NetboxPrefix,
  NetboxVirtualMachine,
  NetboxVlan,
} from "../../../providers/netbox/schemas";
import { pageOf } from "../../../providers/page";
import type { LiveGuest } from "../../../providers/proxmox/live.schemas";
import { guestNameOf, memoryFrom } from "../../../providers/proxmox/nodes/guest.model";
import type { GuestConfig } from "../../../providers/proxmox/schemas";
import { groupBy } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import { clustersOfOneName, namedNode, vmidOf } from "../../netbox/identity";
import { slotInterfaces } from "../../netbox/interfaces";
import { Prefixes } from "../../netbox/ipam";
import { nicsOf } from "../../netbox/nics";
import { isBuilt, isLeft, powerOfStatus } from "../../netbox/statuses";
import { toMebibytes } from "../../netbox/units";
import type { Settings } from "../../settings";
import type { End, GraphBuilder } from "./graph";
import type { ClusterFacts, ClusterIds } from "./proxmox";

// NetBox's virtual machines, addresses, prefixes and VLANs as nodes, and what of Proxmox VE they describe.

export interface NetboxInventory {
  url: string;
  machines: NetboxVirtualMachine[];
  interfaces: NetboxInterface[];
  addresses: NetboxAddress[];
  prefixes: NetboxPrefix[];
  vlans: NetboxVlan[];
}

/** A cluster that answered, with its guests at hand. */
export interface KnownCluster {
  facts: ClusterFacts;
  ids: ClusterIds;
}

export const netboxScope = "netbox";

/** @returns what of it can't be told apart: that is left out */
export function addNetbox(
  graph: GraphBuilder,
  netbox: NetboxInventory,
  clusters: Map<string, KnownCluster>,
  settings: Settings,
): string[] {
  const { unclear, problems } = clustersOfOneName(netbox);
  const known = new Map([...clusters].filter(([name]) => !unclear.has(name)));
  for (const { id, vid, name } of netbox.vlans)
    graph.node(netboxScope, "NetboxVLAN", { id: String(id), vid, name, url: pageOf(netbox.url, "ipam/vlans", id) });
  for (const { id, prefix, status, vlan, vrf } of netbox.prefixes) {
    const url = pageOf(netbox.url, "ipam/prefixes", id);
    const own = graph.node(netboxScope, "NetboxPrefix", {
      id: String(id),
      prefix,
      vrf: vrf?.name ?? null,
      status,
      url,
    });
    if (vlan) graph.relate(netboxScope, "ON_VLAN", own, vlanEnd(vlan));
  }
  const carriers = new Map(machinesOf(graph, netbox, known, settings));
  const prefixes = new Prefixes(netbox.prefixes);
  for (const each of netbox.addresses) {
    const { id, address, status, dnsName, interfaceId } = each;
    const url = pageOf(netbox.url, "ipam/ip-addresses", id);
    const own = graph.node(netboxScope, "NetboxIPAddress", {
      id: String(id),
      address,
      vrf: each.vrf?.name ?? null,
      status,
      dns_name: dnsName || null,
      url,
    });
    const carrier = interfaceId === undefined ? undefined : carriers.get(interfaceId);
    if (carrier) graph.relate(netboxScope, "ASSIGNED_TO", own, carrier.machine);
    if (carrier?.nic) graph.relate(netboxScope, "CARRIED_BY", own, carrier.nic);
    const prefix = prefixes.narrowest(address, each.vrfId);
    if (prefix !== undefined)
      graph.relate(netboxScope, "IN_PREFIX", own, { label: "NetboxPrefix", id: String(prefix.id) });
  }
  return problems;
}

const vlanEnd = ({ id }: { id: number }): End => ({ label: "NetboxVLAN", id: String(id) });

/** What an address on an interface belongs to. */
interface Carrier {
  machine: End;
  nic: End | undefined;
}

/** Adds the machines. @returns by the id of NetBox's interface */
function machinesOf(
  graph: GraphBuilder,
  netbox: NetboxInventory,
  clusters: Map<string, KnownCluster>,
  settings: Settings,
): [number, Carrier][] {
  const byMachine = groupBy(netbox.interfaces, ({ guestId }) => guestId);
  const hosts = new Map(
    [...groupBy(netbox.addresses, ({ interfaceId }) => interfaceId)].map(([id, own]) => [
      id,
      own.map(({ address }) => canonical(address)),
    ]),
  );
  const guests = new Map(
    [...clusters].map(([name, { facts }]) => [name, new Map(facts.guests.map((guest) => [guest.vmid, guest]))]),
  );
  return netbox.machines.flatMap((machine): [number, Carrier][] => {
    const { id, name, status, clusterName, vcpus, memory } = machine;
    const cluster = clusters.get(clusterName ?? "");
    const vmid = vmidOf(machine, settings)?.vmid;
    const guest = vmid === undefined ? undefined : guests.get(clusterName ?? "")?.get(vmid);
    const drift = cluster === undefined ? [] : driftOf(machine, guest, cluster.facts, settings);
    const own = graph.node(netboxScope, "NetboxVM", {
      id: String(id),
      name,
      status,
      cluster: clusterName ?? null,
      vcpus: vcpus ?? null,
      memory: memory ?? null,
      url: pageOf(netbox.url, "virtualization/virtual-machines", id),
      drift,
    });
    if (cluster && guest) graph.relate(netboxScope, "DESCRIBES", own, cluster.ids.guest(guest.node, guest.vmid));
    const interfaces = (byMachine.get(id) ?? []).map((each) => ({ ...each, hosts: hosts.get(each.id) ?? [] }));
    const config = guest && cluster?.facts.configs.get(guest.vmid);
    const { slotted, others } = slotInterfaces(interfaces, guest && config ? nicsOf(config, guest.type) : [], () => {});
    return [
      ...others.map((each): [number, Carrier] => [each.id, { machine: own, nic: undefined }]),
      ...[...slotted].map(([slot, each]): [number, Carrier] => {
        const nic = cluster && guest && cluster.ids.nic(guest.vmid, `net${slot}`);
        if (nic && each.untaggedVlan) graph.relate(netboxScope, "ON_VLAN", nic, vlanEnd(each.untaggedVlan));
        return [each.id, { machine: own, nic }];
      }),
    ];
  });
}

/** In what NetBox and Proxmox VE differ, field by field, as far as it is seen without a plan. */
function driftOf(
  machine: NetboxVirtualMachine,
  guest: LiveGuest | undefined,
  { configs, nodes }: ClusterFacts,
  settings: Settings,
): string[] {
  if (guest === undefined) return isBuilt(machine.status) && !isLeft(machine.status) ? ["is not there"] : [];
  const config = configs.get(guest.vmid);
  const power = powerOfStatus(machine.status);
  const node = namedNode(machine, settings.site.customFields.node, { nodes }, () => {});
  const vcpus = machine.vcpus === undefined ? undefined : Math.ceil(machine.vcpus);
  const memory = machine.memory === undefined ? undefined : toMebibytes(machine.memory, settings.site.ramBaseUnit);
  const pairs: [string, string | number | undefined, string | number | undefined][] = [
    ["name", machine.name, guestNameOf(guest)],
    ["status", power, guest.status === "unknown" ? undefined : guest.status],
    ["node", node, guest.node],
    ["vcpus", vcpus, config && cpusOf(guest, config)],
    ["memory", memory, config && memoryFrom(config)],
  ];
  return pairs.flatMap(([field, wanted, there]) =>
    wanted === undefined || there === undefined || wanted === there ? [] : [`${field}: ${there}, not ${wanted}`],
  );
}

const cpusOf = ({ type, maxcpu }: LiveGuest, { cores, sockets }: GuestConfig): number =>
  type === "lxc" ? Number(cores ?? maxcpu) : Number(cores ?? 1) * Number(sockets ?? 1);
