// Which of NetBox's interfaces is which network device of a guest: one rule for all programs.

/** An interface of NetBox, as far as the rule looks at it. */
export interface InterfaceTraits {
  id: number;
  name: string;
  /** In capitals. */
  mac?: string | undefined;
  /** The interface that this one is a part of. */
  parentId?: number | undefined;
  /** The bridge that this one is a port of. */
  bridgeId?: number | undefined;
  /** Somebody named its bridge or model on Proxmox VE: it is a network device, whatever it is called. */
  isDevice?: boolean | undefined;
  /** Its addresses without prefix length, in their canonical form. */
  hosts: readonly string[];
}

/** A network device that a guest has on Proxmox VE. */
export interface NicTraits {
  slot: number;
  /** In capitals. */
  mac?: string | undefined;
  /** Its name inside the guest, where the agent or a container's configuration says it. */
  inside?: string | undefined;
  /** As above. */
  hosts: readonly string[];
}

/** Names of what software makes inside a guest. */
const virtualName = new RegExp(
  `^(${[
    String.raw`lo\d*|loopback.*|dummy\d*|ifb\d+|ip6tnl\d+|sit\d+|gre(tap)?\d+|erspan\d+|vti.*|gif\d+|enc\d+|pflog\d+|pfsync\d+`,
    String.raw`docker.*|br-.*|br\d+|bridge\d*|virbr.*|vmbr\d+|fw(br|pr|ln).*|tap.*|veth.*|vnet\d+|ovs-system`,
    String.raw`wg.*|tun.*|tailscale.*|zt.*|ppp\d+|ovpn.*|ipsec\d*|vxlan.*|geneve.*|macvlan.*|ipvlan.*`,
    String.raw`cni\d*|cni-.*|cali.*|cilium.*|flannel.*|kube-.*|nodelocaldns|weave.*`,
    String.raw`bond\d+|team\d+|lagg\d+|port-channel.*|vlan\d+`,
  ].join("|")})$`,
  "i",
);

/** `eth0` of `eth0.100` and `eth0:1`. */
const baseOf = (name: string): string | undefined => /^(.+)[.:]\d+$/.exec(name)?.[1];

/** Is it what a network device is, and no part, bridge, tunnel or loopback that software makes inside? */
export function isHardware(each: InterfaceTraits, all: readonly InterfaceTraits[]): boolean {
  if (each.parentId !== undefined) return false;
  if (each.isDevice === true) return true;
  // A port names its bridge. Where a bridge names its port instead, its own name tells.
  if (all.some(({ bridgeId, name }) => bridgeId === each.id && !virtualName.test(name))) return false;
  if (virtualName.test(each.name)) return false;
  const base = baseOf(each.name);
  return base === undefined || !all.some(({ name }) => name === base);
}

/** Does the name say that it is a VLAN or an alias of another one, or made by software? */
export const isVirtualName = (name: string): boolean => virtualName.test(name) || baseOf(name) !== undefined;

export const slotNamed = (name: string): number | undefined => {
  const number = /^net(\d+)$/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
};

/**
 * The interface of each network device that is there, by slot: by its MAC, else by its slot's name, by its name inside the guest,
 * by an address; else the only one that is left on both sides, or in the order of their names where as many are.
 */
export function matchInterfaces<T extends InterfaceTraits>(
  interfaces: readonly T[],
  nics: readonly NicTraits[],
): Map<number, T> {
  const matched = new Map<number, T>();
  const used = new Set<T>();
  const isFree = (each: T) => !used.has(each);
  const hardware = interfaces.filter((each) => isHardware(each, interfaces));
  const order = inOrder(hardware).slotted;
  const isInside = ({ slot, inside }: NicTraits, each: T) =>
    inside === undefined
      ? // Whoever called a virtual machine's interfaces by their order meant that.
        order.get(slot) === each && usualNames(slot).includes(each.name.toLowerCase())
      : inside.toLowerCase() === each.name.toLowerCase();
  const named = (nic: NicTraits, each: T) => (slotNamed(each.name) === nic.slot ? 2 : isInside(nic, each) ? 1 : 0);
  const ways: ((nic: NicTraits) => T | undefined)[] = [
    (nic) => {
      const same = interfaces.filter((each) => isFree(each) && nic.mac !== undefined && each.mac === nic.mac);
      const own = same.filter((each) => hardware.includes(each));
      // A bridge or VLAN has the MAC of what it is on.
      const likely = own.length > 0 ? own : same.length === 1 ? same.filter((each) => each.parentId === undefined) : [];
      return [...likely].sort((a, b) => named(nic, b) - named(nic, a))[0];
    },
    (nic) => hardware.find((each) => isFree(each) && named(nic, each) === 2),
    (nic) => hardware.find((each) => isFree(each) && named(nic, each) === 1),
    (nic) => only(hardware.filter((each) => isFree(each) && each.hosts.some((host) => nic.hosts.includes(host)))),
  ];
  const pair = (nic: NicTraits | undefined, each: T | undefined) => {
    if (nic === undefined || each === undefined) return;
    matched.set(nic.slot, each);
    used.add(each);
  };
  const left = () => nics.filter(({ slot }) => !matched.has(slot));
  for (const way of ways) for (const nic of left()) pair(nic, way(nic));
  const [nicsLeft, free] = [left(), hardware.filter(isFree).sort(byName)];
  if (nicsLeft.length === free.length) for (const [n, nic] of nicsLeft.entries()) pair(nic, free[n]);
  return matched;
}

const byName = (a: InterfaceTraits, b: InterfaceTraits): number =>
  a.name.localeCompare(b.name, "en", { numeric: true });

/** What a network device is called inside a guest by the kernel's old rule, and by its place on PVE's buses. */
const usualNames = (slot: number): string[] => [`eth${slot}`, `ens${18 + slot}`, `enp6s${18 + slot}`];

const only = <T>(all: readonly T[]): T | undefined => (all.length === 1 ? all[0] : undefined);

/** The interfaces that are a guest's network devices, by slot, and those that are none. */
export interface SlottedInterfaces<T> {
  slotted: Map<number, T>;
  others: T[];
}

/** PVE's last network device. */
const lastSlot = 31;

/**
 * The slot of each interface that is a network device: that of the device that is there, else the one that its name says, else a
 * free one in the order of the names. @param nics what the guest has; nothing of one that is to be made
 */
export function slotInterfaces<T extends InterfaceTraits>(
  interfaces: readonly T[],
  nics: readonly NicTraits[],
  problem: (text: string) => void,
): SlottedInterfaces<T> {
  const hardware = interfaces.filter((each) => isHardware(each, interfaces));
  const { slotted, past } = inOrder(hardware, matchInterfaces(interfaces, nics));
  for (const { name } of past) problem(`interface ${name} is past PVE's last NIC; name it net0 to net31`);
  const taken = new Set([...slotted.values(), ...past]);
  return { slotted, others: interfaces.filter((each) => !taken.has(each)) };
}

/** Beside those that have a slot, interfaces that are named by one, and the others on the free ones in the order of their names. */
function inOrder<T extends InterfaceTraits>(hardware: readonly T[], known: ReadonlyMap<number, T> = new Map()) {
  const slotted = new Map(known);
  const taken = new Set(known.values());
  const rest: T[] = [];
  const past: T[] = [];
  for (const each of hardware.filter((one) => !taken.has(one))) {
    const slot = slotNamed(each.name);
    if (slot !== undefined && slot > lastSlot) past.push(each);
    else if (slot === undefined || slotted.has(slot)) rest.push(each);
    else slotted.set(slot, each);
  }
  let next = 0;
  for (const each of rest.sort(byName)) {
    while (slotted.has(next)) next++;
    slotted.set(next, each);
  }
  return { slotted: new Map([...slotted].sort(([a], [b]) => a - b)), past };
}

/** Words of an interface's `allocate_from`: its address of a family is Proxmox VE's own, which NetBox can't say. */
export const keptWord = { 4: "kept", 6: "kept6" } as const;

/** Its name inside a container, which is at most 15 characters long. */
export const nameInside = (slot: number, { name }: { name: string }): string =>
  slotNamed(name) === undefined ? name.slice(0, 15) : `eth${slot}`;
