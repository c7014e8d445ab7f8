import type { AddressSource } from "../../../providers/netbox/ipam/ipallocation.model";
import type { NetboxAddress, NetboxInterface, NetboxPrefix, NetboxRange } from "../../../providers/netbox/schemas";
import { type Family, familyOf, holds, hostOf, inRange } from "../../netbox/address";
import { globalTable, type Ipam, type Vrf } from "../../netbox/ipam";

/** Where one address is to come from: the sources to try, in order, all of one family and VRF. */
export interface AddressSelection {
  family: Family;
  vrfId: Vrf;
  sources: AddressSource[];
  /** Which one of its family it is, from 0. */
  place: number;
  /** The one that the interface has already. */
  known?: NetboxAddress;
}

export interface Selected {
  selections: AddressSelection[];
  /** What is wrong with a word, as `asks for …; …`. */
  problems: string[];
}

/** What stands in `allocate_from`, word by word; a name with spaces in it stands in quotation marks. */
export const wordsIn = (text: string): string[] =>
  (text.match(/(?:[^\s,;"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ""));

const isUsable = ({ status }: { status: string }) => status === "active" || status === "reserved";

interface Candidate {
  source: AddressSource;
  vrfId: Vrf;
  family: Family;
  isUsable: boolean;
}

const ofPrefix = (prefix: NetboxPrefix): Candidate => ({
  source: { kind: "prefix", id: prefix.id, text: prefix.prefix },
  vrfId: prefix.vrfId,
  family: familyOf(prefix.prefix),
  isUsable: isUsable(prefix),
});

/** @param isMeant does the word name just this range? Else one that is kept for something gives nothing. */
const ofRange = (range: NetboxRange, isMeant: boolean): Candidate => ({
  source: { kind: "range", id: range.id, text: `${hostOf(range.start)}-${hostOf(range.end)}` },
  vrfId: range.vrfId,
  family: familyOf(range.start),
  isUsable: range.isPopulated !== true && (isMeant ? isUsable(range) : range.status === "active"),
});

/** What a word names: `10.0.0.0/24`, `prefix:12`, `range:3`, `range:10.0.0.5-10.0.0.9`, `role:NAME`, `vlan:71`, `vlan`, `tag:NAME`. */
function candidatesOf(word: string, ipam: Ipam, { untaggedVlan }: NetboxInterface): Candidate[] {
  const [, kind = "", name = ""] = /^(prefix|range|role|vlan|tag):(.+)$/.exec(word) ?? [];
  if (word === "vlan")
    return untaggedVlan === undefined ? [] : ipam.prefixesWith("vlan", untaggedVlan.id).map(ofPrefix);
  switch (kind) {
    case "prefix":
      return [...ipam.prefixesWith("id", name), ...ipam.prefixesWith("text", name)].map(ofPrefix);
    case "range":
      return [...ipam.rangesWith("id", name), ...ipam.rangesWith("text", name)].map((each) => ofRange(each, true));
    case "role":
    case "tag":
      return [
        ...ipam.prefixesWith(kind, name).map(ofPrefix),
        ...ipam.rangesWith(kind, name).map((each) => ofRange(each, false)),
      ];
    case "vlan":
      return ipam.prefixesWith("vid", name).map(ofPrefix);
    default:
      return ipam.prefixesWith("text", word).map(ofPrefix);
  }
}

/** Does one of the sources hold the address? */
export const offers = (sources: readonly AddressSource[], address: string): boolean =>
  sources.some(({ kind, text }) => {
    const [first = "", last = ""] = text.split("-");
    return kind === "prefix" ? holds(text, address) : inRange(first, last, address);
  });

/**
 * The addresses that the words of an `allocate_from` ask for: one of each family that a word leads to. `@4` or `@6` behind a
 * word takes that family only; `vrf:NAME` (`vrf:global` for none) says where the words behind it are looked up, and the
 * interface's VRF where none does. What several VRFs have is nobody's guess.
 * @param held what the interface has of a family and place already: it stays, but for one of a VLAN that the interface left
 * @param given families that a person gave an address of: nothing is asked for
 */
export function selectAddresses(
  words: readonly string[],
  ipam: Ipam,
  vmInterface: NetboxInterface,
  held: (family: Family, place: number) => readonly NetboxAddress[] = () => [],
  given: ReadonlySet<Family> = new Set(),
): Selected {
  const selections: AddressSelection[] = [];
  const problems: string[] = [];
  const counts = { 4: 0, 6: 0 };
  let named: { vrf: Vrf } | undefined;
  for (const word of words) {
    const vrf = /^vrf:(.+)$/.exec(word)?.[1];
    if (vrf !== undefined) {
      const [found, ...others] = ipam.vrfsNamed(vrf);
      named = vrf === globalTable || found !== undefined ? { vrf: found } : undefined;
      if (named === undefined) problems.push(`names the VRF "${vrf}", in which NetBox has no prefix or range`);
      else if (others.length > 0)
        problems.push(
          `names the VRF "${vrf}", and NetBox has several of that name; write the id of the right one (${[found, ...others].map((id) => `vrf:${id}`).join(", ")})`,
        );
      continue;
    }
    const [, name = word, only] = /^(.*)@([46])$/.exec(word) ?? [];
    const all = candidatesOf(name, ipam, vmInterface);
    const scope = named ?? (vmInterface.vrf === undefined ? undefined : { vrf: vmInterface.vrf.id });
    let finds = false;
    for (const family of [4, 6] as const) {
      if (only !== undefined && only !== String(family)) continue;
      const ofFamily = all.filter((each) => each.family === family);
      if (given.has(family)) {
        finds ||= ofFamily.some(({ vrfId }) => scope === undefined || vrfId === scope.vrf);
        continue;
      }
      const have = ofFamily.length === 0 ? [] : held(family, counts[family]);
      const isOffered = ({ address, vrfId }: NetboxAddress) =>
        ofFamily.some((each) => each.vrfId === vrfId && offers([each.source], address));
      const known = have.find(isOffered) ?? (name === "vlan" ? undefined : have[0]);
      const at = known === undefined ? scope : { vrf: known.vrfId };
      const usable = ofFamily.filter((each) => each.isUsable && (at === undefined || each.vrfId === at.vrf));
      if (usable.length === 0 && known === undefined) continue;
      finds = true;
      const vrfs = [...new Set(usable.map(({ vrfId }) => vrfId))];
      if (vrfs.length > 1) {
        problems.push(
          `asks for an address from "${word}", which is in ${vrfs.map((vrfId) => ipam.vrfName(vrfId)).join(" and in ")}; set the VRF of the interface in NetBox, or write vrf:NAME before it (vrf:${globalTable} for none)`,
        );
        continue;
      }
      selections.push({
        family,
        vrfId: known === undefined ? vrfs[0] : known.vrfId,
        sources: usable.map(({ source }) => source),
        place: counts[family]++,
        ...(known === undefined ? {} : { known }),
      });
    }
    if (!finds) problems.push(`asks for an address from "${word}", but ${whyNone(all, scope, ipam)}`);
  }
  return { selections, problems };
}

function whyNone(all: Candidate[], scope: { vrf: Vrf } | undefined, ipam: Ipam): string {
  const elsewhere = [...new Set(all.map(({ vrfId }) => vrfId))].filter((vrfId) => scope && vrfId !== scope.vrf);
  if (all.length === 0) return "NetBox has no such prefix or range; correct it, or add the prefix";
  if (scope !== undefined && elsewhere.length > 0 && all.every(({ vrfId }) => vrfId !== scope.vrf))
    return `NetBox has that in ${elsewhere.map((vrfId) => ipam.vrfName(vrfId)).join(" and ")} and not in ${ipam.vrfName(scope.vrf)}; correct it, or the VRF of the interface`;
  return `what NetBox has of that is no source of addresses (${all.map(({ source }) => source.text).join(", ")}: a container, deprecated, or populated); correct it, or add a prefix`;
}
