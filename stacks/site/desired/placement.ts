import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { Nic } from "../../../providers/proxmox/nodes/guest.model";
import type { ProxmoxFacts, TemplateFacts } from "./types";
import type { GuestTarget } from "./vmid";

/** What a new guest needs of a node. */
export interface NodeNeeds {
  /** What it is made from: a template that was read, or the nodes that have an OS template. */
  source: TemplateFacts | { nodes: string[] };
  /** The storages that its disks go to, and what these must hold. */
  storages: string[];
  /** The storage that a full clone is made on; left out where each disk stays on the template's. */
  cloneStorage?: string | undefined;
  content: "images" | "rootdir";
  nics: Nic[];
}

/** What is placed in this run, so that the next guest sees it. */
export class Placement {
  /** Bytes of a node's memory that no guest is configured with: the same in preview and up, unlike what is in use. */
  private readonly free = new Map<string, number>();
  private readonly tagged = new Map<string, Map<string, number>>();

  constructor(
    private readonly facts: ProxmoxFacts,
    private readonly prefix: string,
  ) {
    for (const { node, memory } of facts.nodes) this.free.set(node, memory);
    for (const { node, template, memory } of facts.guests.values()) if (!template) this.take(node, memory);
  }

  private take(node: string, memory: number): void {
    this.free.set(node, (this.free.get(node) ?? 0) - memory);
  }

  private groupsOf = ({ tags }: Pick<NetboxVirtualMachine, "tags">) =>
    tags.filter((tag) => tag.startsWith(this.prefix));

  /** Counts a guest that has its node. */
  count(guest: Pick<NetboxVirtualMachine, "tags">, node: string, newMemory = 0): void {
    this.take(node, newMemory);
    for (const group of this.groupsOf(guest)) {
      const nodes = this.tagged.get(group) ?? new Map<string, number>();
      this.tagged.set(group, nodes.set(node, (nodes.get(node) ?? 0) + 1));
    }
  }

  /** The node for a new guest: that which keeps it apart from its group, then the one with most memory to give, then by name. */
  choose(
    guest: Pick<NetboxVirtualMachine, "tags">,
    needs: NodeNeeds,
    memory: number,
  ): { node: string } | { problem: string } {
    const reasons: string[] = [];
    const fit = this.facts.nodes.filter(({ node }) => {
      const reason = unfit(this.facts, node, needs);
      if (reason !== undefined) reasons.push(`${node} ${reason}`);
      return reason === undefined;
    });
    const groups = this.groupsOf(guest);
    const crowd = (node: string) => groups.reduce((sum, group) => sum + (this.tagged.get(group)?.get(node) ?? 0), 0);
    const [best] = fit
      .map(({ node }) => ({ node, crowd: crowd(node), free: this.free.get(node) ?? 0 }))
      .sort((a, b) => a.crowd - b.crowd || b.free - a.free || (a.node < b.node ? -1 : 1));
    if (best === undefined) return { problem: `no node can take it: ${reasons.join("; ")}` };
    this.count(guest, best.node, memory);
    return { node: best.node };
  }
}

/** Why a node takes no guest, whatever it needs. */
function closed({ nodes }: Pick<ProxmoxFacts, "nodes">, node: string): string | undefined {
  const found = nodes.find((each) => each.node === node);
  if (found?.online === false) return "is offline";
  // It runs, and its HA manager moves guests away from it.
  return found?.maintenance ? "is in HA maintenance" : undefined;
}

/** Why a node can't take a new guest; undefined where it can. */
export function unfit(facts: ProxmoxFacts, node: string, needs: NodeNeeds): string | undefined {
  const { source, storages, content, nics, cloneStorage } = needs;
  const on = (name: string) => facts.storages.find((each) => each.node === node && each.storage === name);
  const shut = closed(facts, node);
  if (shut !== undefined) return shut;
  if ("nodes" in source) {
    if (!source.nodes.includes(node)) return "lacks the OS template";
  } else if (source.node !== node) {
    const lacking = source.storages.find((name) => on(name) === undefined);
    if (lacking !== undefined) return `lacks template ${source.name}, whose storage ${lacking} it does not have`;
    const local = source.storages.find((name) => !on(name)?.shared);
    if (local !== undefined) return `lacks template ${source.name}, whose storage ${local} is ${source.node}'s own`;
    // PVE clones from one node to another onto what both have.
    if (cloneStorage !== undefined && on(cloneStorage)?.shared === false)
      return `has storage ${cloneStorage} for itself, and Proxmox VE clones template ${source.name} from ${source.node} onto shared storage only`;
  }
  const missing = storages.find((name) => !on(name)?.available);
  if (missing !== undefined) return `lacks storage ${missing}`;
  const unable = storages.find((name) => !on(name)?.content.includes(content));
  return unable !== undefined
    ? `has storage ${unable}, which doesn't hold ${content === "images" ? "disk images" : "containers"} (${content})`
    : nics.map((nic) => nicProblem(facts, node, nic)).find(Boolean);
}

/**
 * Why a guest can't migrate to a node.
 * @param storages those that its disks are on, as far as they are known
 */
export function migrationProblem(facts: ProxmoxFacts, node: string, storages: string[]): string | undefined {
  const missing = storages.find(
    (name) => !facts.storages.some((each) => each.node === node && each.storage === name && each.available),
  );
  return closed(facts, node) ?? (missing === undefined ? undefined : `lacks storage ${missing}`);
}

/** Why a node can't carry a NIC. */
export function nicProblem(
  { bridges, vlanUnaware }: Pick<ProxmoxFacts, "bridges" | "vlanUnaware">,
  node: string,
  { bridge, mtu, tag, trunks }: Nic,
): string | undefined {
  const known = bridges.get(node);
  if (known === undefined) return undefined;
  if (bridge !== "" && !known.has(bridge)) return `lacks bridge ${bridge}`;
  // PVE's MTU of 1 is the bridge's own; a bridge that says nothing has 1500.
  const most = known.get(bridge) ?? 1500;
  if (mtu !== undefined && mtu > most)
    return `has bridge ${bridge} with an MTU of ${most}, less than the ${mtu} of an interface`;
  // PVE takes such a NIC, and then the guest doesn't start.
  const unaware = vlanUnaware?.get(node)?.get(bridge);
  if (unaware !== undefined && trunks !== undefined)
    return `has bridge ${bridge} without VLAN awareness, which a trunk of VLANs needs`;
  return unaware?.hasPorts === false && tag !== undefined
    ? `has bridge ${bridge} without a port or VLAN awareness, one of which VLAN ${tag} needs`
    : undefined;
}

/** Bytes that a new guest takes of its node; PVE's default is 512 MB. */
export const memoryOf = ({ memory = 512 }: NetboxVirtualMachine): number => memory * 1024 ** 2;

/** What of a guest its place depends on. */
interface Seeking {
  guest: NetboxVirtualMachine;
  facts: ProxmoxFacts;
  problem: (text: string) => void;
}

/** Where a new guest goes: to the node that NetBox names, if that can take it, else to one that is chosen. */
export function placeOfGuest(
  { guest, problem, facts }: Seeking,
  node: string | undefined,
  needs: NodeNeeds | undefined,
  placement: Placement | undefined,
): string | undefined {
  if (needs === undefined || placement === undefined) return undefined;
  if (node !== undefined) {
    const reason = unfit(facts, node, needs);
    if (reason !== undefined) problem(`node ${node} can't take it: ${node} ${reason}; name another node in NetBox`);
    return undefined;
  }
  const chosen = placement.choose(guest, needs, memoryOf(guest));
  if ("problem" in chosen) problem(`${chosen.problem}; name a node in NetBox that can, or mend one of these`);
  return "node" in chosen ? chosen.node : undefined;
}

/** NICs of a guest that is there are looked at where they change: what it has works, whatever is said of it. */
export function nicProblems(
  { facts, problem }: Seeking,
  node: string,
  nics: Map<number, Nic>,
  before: GuestTarget["networks"],
): void {
  for (const [slot, nic] of nics) {
    const last = before?.[`net${slot}`];
    const isAsBefore = (["bridge", "mtu", "tag", "trunks"] as const).every((key) => last?.[key] === nic[key]);
    if (last !== undefined && isAsBefore) continue;
    const reason = nicProblem(facts, node, nic);
    if (reason !== undefined) problem(`network device net${slot}: ${node} ${reason}; correct it in NetBox`);
  }
}

/** The node of a guest, where that is away. */
export function awayOf({ guests, nodes }: Pick<ProxmoxFacts, "guests" | "nodes">, vmid: number | undefined) {
  const on = vmid === undefined ? undefined : guests.get(vmid)?.node;
  return nodes.some(({ node, online }) => node === on && !online) ? on : undefined;
}
