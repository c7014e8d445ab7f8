import { type Span, spanOf } from "../../../providers/netbox/ipam/spans";
import type { NetboxPrefix, NetboxRange } from "../../../providers/netbox/schemas";
import { addressOf, hostOf } from "../../netbox/address";
import type { Vrf } from "../../netbox/ipam";
import type { AddressSelection } from "./selectors";
import type { Site } from "./types";

/** Of what a prefix or range covers, what is for something else than guests: as `FIRST-LAST`, with what it is of. */
interface KeptOut {
  text: string;
  span: Span;
  /** The range that it is: one that is asked for itself is a source. */
  rangeId?: number;
  /** The prefix that it is: it keeps nothing out of itself, nor of what lies in it. */
  prefix?: Span;
}

const kept = new WeakMap<Site, Map<Vrf, KeptOut[]>>();

/**
 * What must not be handed out of a selection's sources: ranges and prefixes that are reserved, deprecated, populated or for DHCP,
 * gateways that NetBox has no address of, and what `site.avoid` names.
 */
export function keptOutOf(site: Site, { vrfId, sources }: AddressSelection): string[] {
  const ofRun = kept.get(site) ?? new Map<Vrf, KeptOut[]>();
  kept.set(site, ofRun);
  const all = ofRun.get(vrfId) ?? keptOutIn(site, vrfId);
  ofRun.set(vrfId, all);
  const spans = sources.map(({ kind, id, text }) => ({ kind, id, span: spanOf(text) }));
  const isOut = ({ span, rangeId, prefix }: KeptOut) =>
    spans.some(
      (source) =>
        overlaps(span, source.span) &&
        !(source.kind === "range" && source.id === rangeId) &&
        !(prefix !== undefined && within(source.span, prefix)),
    );
  return [...new Set(all.filter(isOut).map(({ text }) => text))];
}

const overlaps = (a: Span, b: Span): boolean => a.family === b.family && a.first <= b.last && b.first <= a.last;
const within = (inner: Span, outer: Span): boolean =>
  inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;

function keptOutIn({ netbox: { ipam }, settings: { site } }: Site, vrf: Vrf): KeptOut[] {
  const isForDhcp = (role: string | undefined) => role !== undefined && site.dhcpRoles.includes(role);
  const isApart = ({ status, role }: NetboxPrefix | NetboxRange) =>
    status === "reserved" || status === "deprecated" || isForDhcp(role);
  const ranges = ipam
    .rangesIn(vrf)
    .filter((range) => range.isPopulated === true || isApart(range))
    .map(({ id, start, end }): KeptOut => ({ ...keptOut(`${hostOf(start)}-${hostOf(end)}`), rangeId: id }));
  const prefixes = ipam
    .prefixesIn(vrf)
    .filter(isApart)
    .map(({ prefix }): KeptOut => ({ ...keptOut(prefix), prefix: spanOf(prefix) }));
  const gateways = ipam.prefixesIn(vrf).flatMap(({ customFields }): KeptOut[] => {
    const gateway = customFields.get(site.customFields.gateway);
    // One that NetBox has an address of is taken.
    return gateway === undefined || !isAddress(gateway) || ipam.hosts.in(gateway, vrf).length > 0
      ? []
      : [keptOut(hostOf(gateway))];
  });
  return [...ranges, ...prefixes, ...gateways, ...site.avoid.map(keptOut)];
}

const keptOut = (text: string): KeptOut => ({ text, span: spanOf(text) });

function isAddress(text: string): boolean {
  try {
    addressOf(text);
    return true;
  } catch {
    return false;
  }
}
