import { type AddressSource, allocationMark } from "../../../providers/netbox/ipam/ipallocation.model";
import type {
  NetboxAddress,
  NetboxInterface,
  NetboxPrefix,
  NetboxVirtualMachine,
} from "../../../providers/netbox/schemas";
import type { Mark } from "../../../providers/ownership/mark";
import { addressOwner } from "../../../providers/ownership/netbox";
import { canonical, type Family, familyOf, holds, hostOf, inRange } from "../../netbox/address";
import { keptWord } from "../../netbox/interfaces";
import type { Ipam } from "../../netbox/ipam";
import { addressOnProxmox } from "./carried";
import { allocationIdentity } from "./names";
import type { PresentGuest } from "./present";
import { type AddressSelection, selectAddresses } from "./selectors";
import type { AddressRef, Automatic, DesiredAllocation, DesiredNic, Site } from "./types";

export interface Addressing {
  site: Site;
  guest: NetboxVirtualMachine;
  mark: Mark;
  slotted: Map<number, NetboxInterface>;
  /** Interfaces that are no network device of Proxmox VE's: their addresses are documented, and named. */
  others?: NetboxInterface[];
  vmid: number;
  /** What the guest has, where it is there. */
  present?: PresentGuest | undefined;
}

interface Nic {
  /** Undefined of an interface that is no network device. */
  slot: number | undefined;
  vmInterface: NetboxInterface;
  allocations: DesiredAllocation[];
}

/** A guest's addresses: those a person gave it, and those it asks for; which are primary; where its gateways are. */
export function addressesOf(
  addressing: Addressing,
  problem: (text: string) => void,
): { allocations: DesiredAllocation[]; nics: DesiredNic[] } {
  const { slotted, others = [] } = addressing;
  const all: [number | undefined, NetboxInterface][] = [
    ...slotted,
    ...others.map((each): [undefined, NetboxInterface] => [undefined, each]),
  ];
  const nics = all.map(([slot, vmInterface]) => ({
    slot,
    vmInterface,
    allocations: allocationsOf(addressing, slot, vmInterface, problem),
  }));
  for (const family of [4, 6] as const) choosePrimary(nics, addressing.guest, family);
  const withNames = nics.map((nic) => ({
    ...nic,
    allocations: nic.allocations.map((each) => named(addressing, nics, each)),
  }));
  return {
    allocations: withNames.flatMap(({ allocations }) => allocations),
    nics: withNames.flatMap(({ slot, ...nic }) =>
      slot === undefined ? [] : [desiredNic(addressing, withNames, { slot, ...nic })],
    ),
  };
}

// ---- allocations

function allocationsOf(
  addressing: Addressing,
  slot: number | undefined,
  vmInterface: NetboxInterface,
  problem: (text: string) => void,
): DesiredAllocation[] {
  const { site, guest, mark } = addressing;
  const { ipam } = site.netbox;
  const there = ipam.onInterface(vmInterface.id).filter(({ address }) => !site.avoid.includes(hostOf(address)));
  const isOurs = ({ description }: NetboxAddress) => addressOwner(description)?.stack === mark.stack;
  const given = there.filter((each) => !isOurs(each));
  const base = { mark, label: `${guest.name} ${vmInterface.name}`, interfaceId: vmInterface.id, primary: false };
  for (const { address, vrfId } of given)
    if (ipam.prefixes.narrowest(address, vrfId) === undefined)
      problem(
        `address ${address} of interface ${vmInterface.name} lies in no prefix of NetBox; add the prefix, or correct the address`,
      );
  const fromPerson = given.map(({ id, address }): DesiredAllocation => {
    const inputs = { ...base, family: familyOf(address), ordinal: id, given: true, addressId: id, address, from: [] };
    return { key: allocationIdentity(inputs), nic: vmInterface.name, inputs };
  });
  for (const { address, status } of given)
    if (status === "slaac" && familyOf(address) === 4)
      problem(
        `address ${address} of interface ${vmInterface.name} has the status SLAAC, which IPv4 doesn't know; set it to DHCP or active`,
      );
  const wanted = wordsOf(addressing, vmInterface).filter((word) => !(word in automaticWords) && !(word in keptWords));
  const { selections, missing } = selectAddresses(wanted.join(" "), ipam, vmInterface);
  for (const word of missing)
    problem(
      `interface ${vmInterface.name} asks for an address from "${word}", but NetBox has no such prefix or range; correct its ${site.settings.site.customFields.allocateFrom}, or add the prefix`,
    );
  const counts = { 4: 0, 6: 0 };
  const allocated = selections
    .filter(({ family }) => !fromPerson.some(({ inputs }) => inputs.family === family))
    .map(({ family, sources }): DesiredAllocation => {
      const ordinal = counts[family]++;
      const inputs = { ...base, family, ordinal, given: false, from: sources };
      const known = there.find(({ description }) => description === allocationMark(inputs));
      const before = known ?? (slot === undefined ? undefined : keptByGuest(addressing, slot, { family, sources }));
      const recorded = site.state.addresses.get(`${vmInterface.id}/v${family}-${ordinal}`);
      const avoid = known || before || site.avoid.length === 0 ? undefined : site.avoid;
      return {
        key: allocationIdentity(inputs),
        nic: vmInterface.name,
        inputs: {
          ...inputs,
          addressId: known?.id,
          address: before?.address,
          lost: known ? undefined : recorded,
          avoid,
        },
      };
    });
  return [...fromPerson, ...allocated];
}

/** Words of `allocate_from` for what a guest's network gives by itself. */
const automaticWords: Readonly<Record<string, { family: Family; automatic: Automatic["automatic"] }>> = {
  dhcp: { family: 4, automatic: "dhcp" },
  dhcp6: { family: 6, automatic: "dhcp" },
  slaac: { family: 6, automatic: "auto" },
};

/** Words of `allocate_from` for what stays as Proxmox VE has it: NetBox only documents it. */
const keptWords: Readonly<Record<string, Family>> = { [keptWord[4]]: 4, [keptWord[6]]: 6 };

/** What an interface asks for, word by word. */
function wordsOf({ site, guest }: Addressing, vmInterface: NetboxInterface): string[] {
  const asked =
    vmInterface.customFields.get(site.settings.site.customFields.allocateFrom) ?? inContext(guest, vmInterface);
  return asked.split(/[\s,;]+/).filter((word) => word !== "");
}

/** Does the guest get its address of a family by itself: as the status of the documented one says, or as the interface asks? */
function automaticOf(
  addressing: Addressing,
  vmInterface: NetboxInterface,
  family: Family,
  address: string | undefined,
): Automatic | undefined {
  const { ipam } = addressing.site.netbox;
  const status = ipam.onInterface(vmInterface.id).find((each) => each.address === address)?.status;
  if (status === "dhcp") return { automatic: "dhcp" };
  if (status === "slaac" && family === 6) return { automatic: "auto" };
  if (address !== undefined) return undefined;
  const word = wordsOf(addressing, vmInterface).find((each) => automaticWords[each]?.family === family);
  const found = word === undefined ? undefined : automaticWords[word];
  return found && { automatic: found.automatic };
}

/** `{"allocate_from": {"net0": "role:servers"}}` in a guest's config context: for sites without the custom field. */
function inContext({ context }: NetboxVirtualMachine, { name }: NetboxInterface): string {
  const all = context.allocate_from;
  const one =
    typeof all === "object" && all !== null && name in all
      ? Object.entries(all).find(([key]) => key === name)?.[1]
      : undefined;
  return typeof one === "string" ? one : "";
}

/** The address that a built guest still has though NetBox lost it: asked for again, if nobody else has it now. */
function keptByGuest(
  { site, guest, vmid }: Addressing,
  slot: number,
  { family, sources }: AddressSelection,
): { address: string } | undefined {
  const used = site.proxmox.get(guest.clusterName ?? "")?.seen.get(vmid)?.addresses[String(slot)] ?? [];
  const address = used.find((each) => familyOf(each) === family);
  if (address === undefined) return undefined;
  const offered = sources.some(({ kind, text }) =>
    kind === "prefix" ? holds(text, address) : inRange(text.split("-")[0] ?? "", text.split("-")[1] ?? "", address),
  );
  return offered && site.netbox.ipam.hosts.anywhere(address).length === 0 ? { address } : undefined;
}

// ---- primary addresses and names

/** NetBox's own choice, or the first address of the first NIC that has one. */
function choosePrimary(nics: Nic[], guest: NetboxVirtualMachine, family: Family): void {
  const all = nics.flatMap(({ allocations }) => allocations).filter(({ inputs }) => inputs.family === family);
  const chosen =
    all.find(({ inputs }) => inputs.addressId !== undefined && inputs.addressId === guest.primaryIds[family]) ?? all[0];
  if (chosen) chosen.inputs.primary = true;
}

/** A new address on the guest's first NIC with addresses gets the guest's name; later, NetBox's `dns_name` rules. */
function named({ site, guest }: Addressing, nics: Nic[], allocation: DesiredAllocation): DesiredAllocation {
  const { domain } = site.settings.dns;
  const first = nics.find(({ allocations }) => allocations.length > 0);
  const { given, addressId } = allocation.inputs;
  if (
    given ||
    addressId !== undefined ||
    domain === undefined ||
    !first?.allocations.some(({ key }) => key === allocation.key)
  )
    return allocation;
  return {
    ...allocation,
    inputs: { ...allocation.inputs, dnsName: `${guest.name}.${domain.replace(/\.$/, "")}`.toLowerCase() },
  };
}

// ---- NICs

function desiredNic(
  addressing: Addressing,
  all: Nic[],
  { slot, vmInterface, allocations }: Nic & { slot: number },
): DesiredNic {
  const { site, present } = addressing;
  const has = present?.nics.get(slot) ?? {};
  const { ipam } = site.netbox;
  const vrfOf = (address: string) => ipam.onInterface(vmInterface.id).find((each) => each.address === address)?.vrfId;
  const nic: DesiredNic = { slot };
  for (const family of [4, 6] as const) {
    const [ip, gw] = family === 4 ? [has.ip, has.gw] : [has.ip6, has.gw6];
    if (present !== undefined && wordsOf(addressing, vmInterface).some((word) => keptWords[word] === family)) {
      const kept = ip === undefined ? undefined : presentRef(ip);
      nic.kept = [...(nic.kept ?? []), family];
      Object.assign(nic, family === 4 ? { v4: kept, gateway4: gw } : { v6: kept, gateway6: gw });
      continue;
    }
    const ofFamily = allocations.filter(({ inputs }) => inputs.family === family);
    // PVE's cloud-init takes one address of a family a NIC.
    const chosen =
      ofFamily.find(({ inputs }) => inputs.primary) ??
      ofFamily.find(({ inputs }) => inputs.address !== undefined && isSameHost(inputs.address, ip)) ??
      ofFamily[0];
    const automatic = automaticOf(addressing, vmInterface, family, chosen?.inputs.address);
    if (automatic !== undefined && (chosen === undefined || chosen.inputs.address !== undefined)) {
      Object.assign(nic, family === 4 ? { v4: automatic } : { v6: automatic });
      continue;
    }
    if (chosen === undefined) {
      // It says nothing of an address, which is what no word says, too.
      if (ip === "manual") Object.assign(nic, family === 4 ? { v4: presentRef(ip) } : { v6: presentRef(ip) });
      continue;
    }
    const { address, from } = chosen.inputs;
    const ref: AddressRef =
      address === undefined ? { allocation: chosen.key } : { address: addressOnProxmox(address, ip) };
    const prefix =
      address === undefined ? prefixOfSource(ipam, from[0]) : ipam.prefixes.narrowest(address, vrfOf(address));
    // A second default route would fight with the first: only the primary address brings its gateway.
    const found = chosen.key === routed(all, family) && prefix ? gatewayOf(site, prefix) : undefined;
    const gateway = found === undefined ? undefined : addressOnProxmox(found, gw);
    if (family === 4) Object.assign(nic, { v4: ref, gateway4: gateway });
    else Object.assign(nic, { v6: ref, gateway6: gateway });
  }
  return nic;
}

/** The key of the allocation that the default route goes with: the primary one, or the first, where that is on no network device. */
function routed(all: Nic[], family: Family): string | undefined {
  const own = all
    .filter(({ slot }) => slot !== undefined)
    .flatMap(({ allocations }) => allocations.filter(({ inputs }) => inputs.family === family));
  return (own.find(({ inputs }) => inputs.primary) ?? own[0])?.key;
}

/** What a guest has, as it is wanted. */
const presentRef = (ip: string): AddressRef | Automatic =>
  ip === "dhcp" || ip === "auto" || ip === "manual" ? { automatic: ip } : { address: ip };

const isSameHost = (address: string, present: string | undefined): boolean =>
  present?.includes("/") === true && canonical(address) === canonical(present);

/** The prefix that an address to come is taken from, or that its range lies in. */
function prefixOfSource(ipam: Ipam, source: AddressSource | undefined): NetboxPrefix | undefined {
  const prefix = source?.kind === "prefix" ? ipam.prefix(source.id) : undefined;
  if (source === undefined || prefix !== undefined) return prefix;
  return ipam.prefixes.narrowest(source.text.split("-")[0] ?? "", undefined);
}

/** The prefix's custom field, else its address with the gateway tag; a gateway is never guessed. */
function gatewayOf({ netbox, settings }: Site, prefix: NetboxPrefix): string | undefined {
  const field = prefix.customFields.get(settings.site.customFields.gateway);
  if (field !== undefined) return hostOf(field);
  const tagged = netbox.ipam.taggedGateway(prefix);
  return tagged && hostOf(tagged.address);
}
