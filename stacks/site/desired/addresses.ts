import type { AddressSource } from "../../../providers/netbox/ipam/ipallocation.model";
import type {
  NetboxAddress,
  NetboxInterface,
  NetboxPrefix,
  NetboxVirtualMachine,
} from "../../../providers/netbox/schemas";
import type { Mark } from "../../../providers/ownership/mark";
import { addressOwner, parseAllocation } from "../../../providers/ownership/netbox";
import { canonical, type Family, familyOf, hostOf, lengthOf } from "../../netbox/address";
import { guestFullName } from "../../netbox/hostnames";
import { keptWord } from "../../netbox/interfaces";
import type { Ipam } from "../../netbox/ipam";
import { isConfigurable } from "../../netbox/roles";
import { type Candidate, firstGiven } from "../../netbox/valuesource";
import type { Settings } from "../../settings";
import { addressOnProxmox } from "./carried";
import { configuredIn } from "./configured";
import { formerName } from "./guestnames";
import { keptOutOf } from "./keptout";
import { allocationIdentity } from "./names";
import type { PresentGuest } from "./present";
import { type AddressSelection, offers, selectAddresses, wordsIn } from "./selectors";
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
  for (const family of [4, 6] as const) choosePrimary(addressing.site, nics, addressing.guest, family);
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
  const there = ipam.onInterface(vmInterface.id).filter(({ address, vrfId }) => !site.stillUsed.has(address, vrfId));
  const isOurs = ({ description }: NetboxAddress) => addressOwner(description)?.stack === mark.stack;
  const base = { mark, label: `${guest.name} ${vmInterface.name}`, interfaceId: vmInterface.id, primary: false };
  const fromPerson = there
    .filter((each) => !isOurs(each))
    .map((each): DesiredAllocation => {
      const { id, address, vrfId } = each;
      const configured = hasConfigured(addressing, slot, address);
      const inputs = { ...base, family: familyOf(address), ordinal: id, given: true, addressId: id, address, from: [] };
      const key = allocationIdentity(inputs);
      return { key, nic: vmInterface.name, vrfId, isConfigurable: isConfigurable(each, configured), inputs };
    });
  for (const { inputs, vrfId, isConfigurable: needsPrefix } of fromPerson)
    if (slot !== undefined && needsPrefix && ipam.prefixes.narrowest(inputs.address ?? "", vrfId) === undefined)
      problem(
        `address ${inputs.address} of interface ${vmInterface.name} lies in no prefix of ${vrfId === undefined ? "" : `${ipam.vrfName(vrfId)} in `}NetBox; add the prefix, or correct the address`,
      );
  for (const { address, status } of there.filter((each) => !isOurs(each)))
    if (status === "slaac" && familyOf(address) === 4)
      problem(
        `address ${address} of interface ${vmInterface.name} has the status SLAAC, which IPv4 doesn't know; set it to DHCP or active`,
      );
  const words = wordsOf(addressing, vmInterface).filter((word) => !(word in automaticWords) && !(word in keptWords));
  const given = new Set(fromPerson.flatMap((each) => (each.isConfigurable ? [each.inputs.family] : [])));
  const { selections, problems } = selectAddresses(
    words,
    ipam,
    vmInterface,
    heldBy(site, vmInterface.id, there),
    given,
  );
  for (const text of problems)
    problem(`interface ${vmInterface.name} (custom field ${site.settings.site.customFields.allocateFrom}) ${text}`);
  const allocated = selections.map((selection): DesiredAllocation => {
    const { family, sources, place, known, vrfId } = selection;
    const ordinal = ordinalOf(site, vmInterface.id, there, selection);
    const inputs = { ...base, family, ordinal, given: false, from: sources };
    const before = known ?? (slot === undefined ? undefined : keptByGuest(addressing, slot, selection));
    const recorded = site.state.addresses.get(`${vmInterface.id}/v${family}-${ordinal}`);
    const isNew = known === undefined && before === undefined;
    const left =
      isNew && place !== ordinal ? there.find((each) => placeIn(each, vmInterface.id, family) === place) : undefined;
    return {
      key: allocationIdentity(inputs),
      nic: vmInterface.name,
      vrfId,
      isConfigurable: true,
      inputs: {
        ...inputs,
        addressId: known?.id,
        address: before?.address,
        lost: known ? undefined : recorded,
        vrfId,
        avoid: isNew ? listed(site.stillUsed.hostsIn(vrfId)) : undefined,
        notFrom: isNew ? listed(keptOutOf(site, selection)) : undefined,
        // A name that it had goes with the guest into its new VLAN.
        dnsName: left?.dnsName || undefined,
      },
    };
  });
  return [...fromPerson, ...allocated];
}

const listed = (texts: string[]): string[] | undefined => (texts.length === 0 ? undefined : texts);

/** Ordinals of one place are so far apart: an interface that gets another address for a place has both for a while. */
const generation = 100;

/** The place among an interface's asked addresses of a family that one of ours has. */
function placeIn({ description }: NetboxAddress, interfaceId: number, family: Family): number | undefined {
  const found = parseAllocation(description);
  return found?.interfaceId === interfaceId && found.family === family ? found.ordinal % generation : undefined;
}

const ordinalIn = ({ description }: NetboxAddress): number => parseAllocation(description)?.ordinal ?? 0;

/** What the interface has from us, by family and place. */
const heldBy =
  ({ stack }: Site, interfaceId: number, there: NetboxAddress[]) =>
  (family: Family, place: number): NetboxAddress[] =>
    there
      .filter((each) => addressOwner(each.description)?.stack === stack && placeIn(each, interfaceId, family) === place)
      .sort((a, b) => ordinalIn(a) - ordinalIn(b));

/** The ordinal of what is known, of what state has of its place, or the next one that the place has free. */
function ordinalOf(
  site: Site,
  interfaceId: number,
  there: NetboxAddress[],
  { family, place, known }: AddressSelection,
): number {
  if (known !== undefined) return ordinalIn(known);
  const others = heldBy(site, interfaceId, there)(family, place).map(ordinalIn);
  if (others.length > 0) return Math.max(...others) + generation;
  for (let ordinal = place + 9 * generation; ordinal > place; ordinal -= generation) {
    const recorded = site.state.addresses.get(`${interfaceId}/v${family}-${ordinal}`);
    // A given one has its id in the place of an ordinal.
    if (recorded !== undefined && recorded !== ordinal) return ordinal;
  }
  return place;
}

/** Is this just what the guest's configuration on Proxmox VE has for the device? */
function hasConfigured({ site, guest, vmid }: Addressing, slot: number | undefined, address: string): boolean {
  if (slot === undefined) return false;
  const seen = site.proxmox.get(guest.clusterName ?? "")?.seen.get(vmid)?.addresses[String(slot)];
  const all = seen ?? configuredIn(site.state.guests.get(guest.id), slot);
  return all.some((each) => isSameHost(address, each) && lengthOf(each) === lengthOf(address));
}

/** Words of `allocate_from` for what a guest's network gives by itself. */
const automaticWords: Readonly<Record<string, { family: Family; automatic: Automatic["automatic"] }>> = {
  dhcp: { family: 4, automatic: "dhcp" },
  dhcp6: { family: 6, automatic: "dhcp" },
  slaac: { family: 6, automatic: "auto" },
};

/** Words of `allocate_from` for what stays as Proxmox VE has it: NetBox only documents it. */
const keptWords: Readonly<Record<string, Family>> = { [keptWord[4]]: 4, [keptWord[6]]: 6 };

/** Who may say what an interface asks for. */
export function allocateCandidates(
  guest: NetboxVirtualMachine,
  vmInterface: NetboxInterface,
  { site }: Settings,
): Candidate<string>[] {
  const field = site.customFields.allocateFrom;
  const { name } = vmInterface;
  return [
    { source: { kind: "custom field", name: `${field} of ${name}` }, value: vmInterface.customFields.get(field) },
    { source: { kind: "config context", name: `allocate_from.${name}` }, value: inContext(guest, vmInterface) },
  ];
}

/** What an interface asks for, word by word. */
const wordsOf = ({ site, guest }: Addressing, vmInterface: NetboxInterface): string[] =>
  wordsIn(firstGiven(allocateCandidates(guest, vmInterface, site.settings))?.value ?? "");

/** Does the guest get its address of a family by itself: as the status of the documented one says, or as the interface asks? */
function automaticOf(
  addressing: Addressing,
  vmInterface: NetboxInterface,
  family: Family,
  chosen: DesiredAllocation | undefined,
): Automatic | undefined {
  const { address, addressId } = chosen?.inputs ?? {};
  const status = addressId === undefined ? undefined : addressing.site.netbox.ipam.address(addressId)?.status;
  if (status === "dhcp") return { automatic: "dhcp" };
  if (status === "slaac" && family === 6) return { automatic: "auto" };
  if (address !== undefined) return undefined;
  const word = wordsOf(addressing, vmInterface).find((each) => automaticWords[each]?.family === family);
  const found = word === undefined ? undefined : automaticWords[word];
  return found && { automatic: found.automatic };
}

/** `{"allocate_from": {"net0": "role:servers"}}` in a guest's config context: for sites without the custom field. */
function inContext({ context }: NetboxVirtualMachine, { name }: NetboxInterface): string | undefined {
  const all = context.allocate_from;
  const one =
    typeof all === "object" && all !== null && name in all
      ? Object.entries(all).find(([key]) => key === name)?.[1]
      : undefined;
  return typeof one === "string" ? one : undefined;
}

/** The address that a built guest still has though NetBox lost it: asked for again, if nobody else has it now. */
function keptByGuest(
  { site, guest, vmid }: Addressing,
  slot: number,
  { family, sources, vrfId }: AddressSelection,
): { address: string } | undefined {
  const used = site.proxmox.get(guest.clusterName ?? "")?.seen.get(vmid)?.addresses[String(slot)] ?? [];
  const address = used.find((each) => familyOf(each) === family);
  if (address === undefined) return undefined;
  const isFree = offers(sources, address) && site.netbox.ipam.hosts.in(address, vrfId).length === 0;
  return isFree ? { address } : undefined;
}

// ---- primary addresses and names

/** NetBox's own choice, or the first address of the first NIC that can be configured. */
function choosePrimary(site: Site, nics: Nic[], guest: NetboxVirtualMachine, family: Family): void {
  const all = nics.flatMap(({ allocations }) => allocations).filter(({ inputs }) => inputs.family === family);
  const chosen =
    all.find(({ inputs }) => inputs.addressId !== undefined && inputs.addressId === guest.primaryIds[family]) ??
    firstOf(site, all);
  if (chosen) chosen.inputs.primary = true;
}

/** The first one that a NIC is configured with: one of the role secondary only where there is no other. */
function firstOf({ netbox }: Site, allocations: DesiredAllocation[]): DesiredAllocation | undefined {
  const all = allocations.filter((each) => each.isConfigurable);
  const roleOf = ({ inputs: { addressId } }: DesiredAllocation) =>
    addressId === undefined ? undefined : netbox.ipam.address(addressId)?.role;
  return all.find((each) => roleOf(each) !== "secondary") ?? all[0];
}

/**
 * A new address on the guest's first NIC with addresses gets the name that another address of the NIC has, else the guest's full
 * name; later, NetBox's `dns_name` rules. What the guest's former name gave to an address of ours goes with the guest's name.
 */
function named({ site, guest }: Addressing, nics: Nic[], allocation: DesiredAllocation): DesiredAllocation {
  const { domain } = site.settings.dns;
  const { given, addressId, dnsName: carried } = allocation.inputs;
  if (given) return allocation;
  if (addressId !== undefined) {
    const former = formerName(site.state.guests.get(guest.id), guest);
    if (domain === undefined || former === undefined) return allocation;
    const [renames, dnsName] = [guestFullName(former, domain), guestFullName(guest.name, domain)];
    const isGiven = dnsName !== renames && site.netbox.ipam.address(addressId)?.dnsName === renames;
    return isGiven ? { ...allocation, inputs: { ...allocation.inputs, dnsName, renames } } : allocation;
  }
  if (carried !== undefined) return allocation;
  const first = nics.find(({ allocations }) => allocations.some((each) => each.isConfigurable));
  if (!first?.allocations.some(({ key }) => key === allocation.key)) return allocation;
  const dnsName = nameOnNic(site, first) ?? (domain === undefined ? undefined : guestFullName(guest.name, domain));
  return dnsName === undefined ? allocation : { ...allocation, inputs: { ...allocation.inputs, dnsName } };
}

/** The name of a NIC's documented addresses: the primary one's before the others'. */
function nameOnNic({ netbox }: Site, { allocations }: Nic): string | undefined {
  const names = allocations
    .filter((each) => each.isConfigurable)
    .sort((a, b) => Number(b.inputs.primary) - Number(a.inputs.primary))
    .map(({ inputs }) =>
      inputs.addressId === undefined ? "" : (netbox.ipam.address(inputs.addressId)?.dnsName ?? ""),
    );
  return names.find((name) => name !== "");
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
  const nic: DesiredNic = { slot };
  for (const family of [4, 6] as const) {
    const [ip, gw] = family === 4 ? [has.ip, has.gw] : [has.ip6, has.gw6];
    if (present !== undefined && wordsOf(addressing, vmInterface).some((word) => keptWords[word] === family)) {
      const kept = ip === undefined ? undefined : presentRef(ip);
      nic.kept = [...(nic.kept ?? []), family];
      Object.assign(nic, family === 4 ? { v4: kept, gateway4: gw } : { v6: kept, gateway6: gw });
      continue;
    }
    const ofFamily = allocations.filter(({ inputs, isConfigurable }) => isConfigurable && inputs.family === family);
    // PVE's cloud-init takes one address of a family a NIC.
    const chosen =
      ofFamily.find(({ inputs }) => inputs.primary) ??
      ofFamily.find(({ inputs }) => inputs.address !== undefined && isSameHost(inputs.address, ip)) ??
      firstOf(site, ofFamily);
    const automatic = automaticOf(addressing, vmInterface, family, chosen);
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
      address === undefined ? prefixOfSource(ipam, from[0]) : ipam.prefixes.narrowest(address, chosen.vrfId);
    // A second default route would fight with the first.
    const found = chosen.key === leading(site, all, family)?.key && prefix ? gatewayOf(site, prefix) : undefined;
    const gateway = found === undefined ? undefined : addressOnProxmox(found, gw);
    if (family === 4) Object.assign(nic, { v4: ref, gateway4: gateway });
    else Object.assign(nic, { v6: ref, gateway6: gateway });
  }
  return nic;
}

/** The address whose gateway is the guest's: the primary one, or the first where no NIC is configured with that. */
function leading(site: Site, nics: Nic[], family: Family): DesiredAllocation | undefined {
  const all = nics
    .filter(({ slot }) => slot !== undefined)
    .flatMap(({ allocations }) => allocations)
    .filter(({ inputs, isConfigurable }) => isConfigurable && inputs.family === family);
  return all.find(({ inputs }) => inputs.primary) ?? firstOf(site, all);
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
  const vrfId = ipam.rangesWith("id", source.id)[0]?.vrfId;
  return ipam.prefixes.narrowest(source.text.split("-")[0] ?? "", vrfId);
}

/** Who may name a prefix's gateway: its custom field, else its address with the gateway tag; it is never guessed. */
export function gatewayCandidates(
  { netbox, settings }: Pick<Site, "netbox" | "settings">,
  prefix: NetboxPrefix,
): Candidate<string>[] {
  const { customFields, gatewayTag } = settings.site;
  const field = prefix.customFields.get(customFields.gateway);
  const tagged = netbox.ipam.taggedGateway(prefix);
  return [
    {
      source: { kind: "custom field", name: `${customFields.gateway} of ${prefix.prefix}` },
      value: field && hostOf(field),
    },
    { source: { kind: "field", name: `address with the tag ${gatewayTag}` }, value: tagged && hostOf(tagged.address) },
  ];
}

const gatewayOf = (site: Site, prefix: NetboxPrefix): string | undefined =>
  firstGiven(gatewayCandidates(site, prefix))?.value;
