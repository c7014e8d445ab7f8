import type { AddressSource } from "../../../providers/netbox/ipam/ipallocation.model";
import type { NetboxInterface } from "../../../providers/netbox/schemas";
import { byAddress, type Family, familyOf, hostOf } from "../../netbox/address";
import type { NetboxFacts } from "./types";

/** Where one address is to come from: the sources to try, in order, all of one family. */
export interface Selection {
  family: Family;
  sources: AddressSource[];
}

type Facts = Pick<NetboxFacts, "prefixes" | "ranges">;

const usable = (status: string) => status === "active" || status === "reserved";

function prefixSources(facts: Facts, fits: (prefix: NetboxFacts["prefixes"][number]) => boolean): AddressSource[] {
  return facts.prefixes
    .filter((prefix) => usable(prefix.status) && fits(prefix))
    .sort((a, b) => byAddress(a.prefix, b.prefix))
    .map(({ id, prefix }) => ({ kind: "prefix", id, text: prefix }));
}

function rangeSources(facts: Facts, fits: (range: NetboxFacts["ranges"][number]) => boolean): AddressSource[] {
  return facts.ranges
    .filter((range) => usable(range.status) && fits(range))
    .sort((a, b) => byAddress(a.start, b.start))
    .map(({ id, start, end }) => ({ kind: "range", id, text: `${hostOf(start)}-${hostOf(end)}` }));
}

/** What a word names: `10.0.0.0/24`, `prefix:12`, `range:3`, `range:10.0.0.5-10.0.0.9`, `role:NAME`, `vlan:71`, `vlan`, `tag:NAME`. */
function sourcesOf(word: string, facts: Facts, { untaggedVlan }: NetboxInterface): AddressSource[] {
  const [, kind = "", name = ""] = /^(prefix|range|role|vlan|tag):(.+)$/.exec(word) ?? [];
  if (word === "vlan")
    return untaggedVlan === undefined ? [] : prefixSources(facts, ({ vlan }) => vlan?.id === untaggedVlan.id);
  switch (kind) {
    case "prefix":
      return prefixSources(facts, ({ id, prefix }) => String(id) === name || prefix === name);
    case "range":
      return rangeSources(
        facts,
        ({ id, start, end }) => String(id) === name || `${hostOf(start)}-${hostOf(end)}` === name,
      );
    case "role":
      return [
        ...prefixSources(facts, ({ role }) => role === name),
        ...rangeSources(facts, ({ role }) => role === name),
      ];
    case "vlan":
      return prefixSources(facts, ({ vlan }) => String(vlan?.vid) === name);
    case "tag":
      return [
        ...prefixSources(facts, ({ tags }) => tags.includes(name)),
        ...rangeSources(facts, ({ tags }) => tags.includes(name)),
      ];
    default:
      return prefixSources(facts, ({ prefix }) => prefix === word);
  }
}

/**
 * The addresses that an `allocate_from` text asks for: one of each family that a word leads to. `@4` or `@6` behind a word
 * takes that family only.
 * @returns what can't be found as words
 */
export function select(
  text: string,
  facts: Facts,
  vmInterface: NetboxInterface,
): { selections: Selection[]; missing: string[] } {
  const selections: Selection[] = [];
  const missing: string[] = [];
  for (const word of text.split(/[\s,;]+/).filter((each) => each !== "")) {
    const [, name = word, only] = /^(.*)@([46])$/.exec(word) ?? [];
    const sources = sourcesOf(name, facts, vmInterface);
    const families = ([4, 6] as const).filter((family) => only === undefined || only === String(family));
    const found = families
      .map((family) => ({ family, sources: sources.filter((source) => familyOf(source.text) === family) }))
      .filter((each) => each.sources.length > 0);
    selections.push(...found);
    if (found.length === 0) missing.push(word);
  }
  return { selections, missing };
}
