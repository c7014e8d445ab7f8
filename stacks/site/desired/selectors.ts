import type { AddressSource } from "../../../providers/netbox/ipam/ipallocation.model";
import type { NetboxInterface, NetboxPrefix, NetboxRange } from "../../../providers/netbox/schemas";
import { type Family, familyOf, hostOf } from "../../netbox/address";
import type { Ipam } from "../../netbox/ipam";

/** Where one address is to come from: the sources to try, in order, all of one family. */
export interface AddressSelection {
  family: Family;
  sources: AddressSource[];
}

const isUsable = ({ status }: { status: string }) => status === "active" || status === "reserved";

const prefixSources = (prefixes: readonly NetboxPrefix[]): AddressSource[] =>
  prefixes.filter(isUsable).map(({ id, prefix }) => ({ kind: "prefix", id, text: prefix }));

const rangeSources = (ranges: readonly NetboxRange[]): AddressSource[] =>
  ranges.filter(isUsable).map(({ id, start, end }) => ({ kind: "range", id, text: `${hostOf(start)}-${hostOf(end)}` }));

/** What a word names: `10.0.0.0/24`, `prefix:12`, `range:3`, `range:10.0.0.5-10.0.0.9`, `role:NAME`, `vlan:71`, `vlan`, `tag:NAME`. */
function sourcesOf(word: string, ipam: Ipam, { untaggedVlan }: NetboxInterface): AddressSource[] {
  const [, kind = "", name = ""] = /^(prefix|range|role|vlan|tag):(.+)$/.exec(word) ?? [];
  if (word === "vlan")
    return untaggedVlan === undefined ? [] : prefixSources(ipam.prefixesWith("vlan", untaggedVlan.id));
  switch (kind) {
    case "prefix":
      return prefixSources([...ipam.prefixesWith("id", name), ...ipam.prefixesWith("text", name)]);
    case "range":
      return rangeSources([...ipam.rangesWith("id", name), ...ipam.rangesWith("text", name)]);
    case "role":
    case "tag":
      return [...prefixSources(ipam.prefixesWith(kind, name)), ...rangeSources(ipam.rangesWith(kind, name))];
    case "vlan":
      return prefixSources(ipam.prefixesWith("vid", name));
    default:
      return prefixSources(ipam.prefixesWith("text", word));
  }
}

/**
 * The addresses that an `allocate_from` text asks for: one of each family that a word leads to. `@4` or `@6` behind a word
 * takes that family only.
 * @returns what can't be found as words
 */
export function selectAddresses(
  text: string,
  ipam: Ipam,
  vmInterface: NetboxInterface,
): { selections: AddressSelection[]; missing: string[] } {
  const selections: AddressSelection[] = [];
  const missing: string[] = [];
  for (const word of text.split(/[\s,;]+/).filter((each) => each !== "")) {
    const [, name = word, only] = /^(.*)@([46])$/.exec(word) ?? [];
    const sources = sourcesOf(name, ipam, vmInterface);
    const families = ([4, 6] as const).filter((family) => only === undefined || only === String(family));
    const found = families
      .map((family) => ({ family, sources: sources.filter((source) => familyOf(source.text) === family) }))
      .filter((each) => each.sources.length > 0);
    selections.push(...found);
    if (found.length === 0) missing.push(word);
  }
  return { selections, missing };
}
