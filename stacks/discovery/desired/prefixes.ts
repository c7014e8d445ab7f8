import ipaddr from "ipaddr.js"; // networks of both families
import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { readAsked } from "../../../providers/netbox/objects/machine.model";
import { nestedId } from "../../../providers/netbox/objects/object.model";
import { hostOf } from "../../netbox/address";
import { Prefixes, type Vrf } from "../../netbox/ipam";
import type { Prerequisites } from "../../netbox/prerequisites";
import type { Settings } from "../../settings";
import type { DocumentedAddress } from "./addresswords";
import { gatewaysOf } from "./guest";
import { customFieldOf, type Documented } from "./merge";
import type { SeenMachine } from "./types";

/** The network of an address with its prefix length; nothing of a single host's. */
export function prefixOfAddress(address: string): string | undefined {
  const [host = "", length = ""] = address.split("/");
  if (!ipaddr.isValid(host) || !/^\d+$/.test(length)) return undefined;
  const parsed = ipaddr.parse(host);
  if (Number(length) === 0 || Number(length) >= (parsed.kind() === "ipv4" ? 32 : 128)) return undefined;
  const network =
    parsed.kind() === "ipv4"
      ? ipaddr.IPv4.networkAddressFromCIDR(address)
      : ipaddr.IPv6.networkAddressFromCIDR(address);
  return `${network.toString()}/${length}`;
}

interface PrefixWithGateway {
  prefix: string;
  vrfId: Vrf;
  gateway: string | undefined;
}

const placeOf = ({ prefix, vrfId }: Pick<PrefixWithGateway, "prefix" | "vrfId">): string => `${prefix} ${vrfId ?? ""}`;

/** The gateways of prefixes, those that NetBox has and those that this run makes. */
export class Gateways {
  private readonly prefixes: Prefixes<PrefixWithGateway>;

  constructor(documented: Documented, prerequisites: Prerequisites, { customFields, gatewayTag }: Settings["site"]) {
    const made = new Map(
      prerequisites.all.flatMap(({ kind, args }) => {
        if (kind !== "object" || args.type !== "prefix") return [];
        const { prefix, vrf } = args.fields ?? {};
        const gateway = args.customFields?.[customFields.gateway];
        const each = {
          prefix: String(prefix),
          vrfId: typeof vrf === "number" ? vrf : undefined,
          gateway: gateway === undefined ? undefined : String(gateway),
        };
        return [[placeOf(each), each] as const];
      }),
    );
    const there = documented.view.prefixes.map((row): [string, PrefixWithGateway] => {
      const place = placeOf({ prefix: String(row.prefix), vrfId: nestedId(row.vrf) });
      const own = customFieldOf(row, customFields.gateway) ?? documented.taggedGateway(row, gatewayTag);
      const gateway = own ?? made.get(place)?.gateway;
      return [place, { prefix: String(row.prefix), vrfId: nestedId(row.vrf), gateway }];
    });
    this.prefixes = new Prefixes(new Map([...made, ...there]).values());
  }

  /** That of the narrowest prefix of its VRF which holds the address. */
  of({ address, vrfId }: DocumentedAddress): string | undefined {
    const found = this.prefixes.narrowest(address, vrfId)?.gateway;
    return found === undefined ? undefined : hostOf(found);
  }
}

/**
 * Prefixes that NetBox lacks for a guest's addresses, and the gateways that its configuration names and NetBox doesn't.
 * @returns the custom fields that this needs
 */
export function declarePrefixes(
  documented: Documented,
  { site, knownObjects }: { site: Settings["site"]; knownObjects: { has: (name: string) => boolean } },
  seen: SeenMachine,
  args: Pick<MachineArgs, "interfaces">,
  prerequisites: Prerequisites,
): string[] {
  const gateways = gatewaysOf(seen);
  const field = site.customFields.gateway;
  const used: string[] = [];
  for (const { addresses = [], fields } of Object.values(args.interfaces ?? {}))
    for (const asked of addresses) {
      const { address, vrfId } = readAsked(asked);
      const network = prefixOfAddress(address);
      if (network === undefined) continue;
      const gateway = gateways.find((each) => each.address === address)?.gateway;
      const isInPrefix = documented.prefixes.narrowest(address, vrfId) !== undefined;
      const own = documented.prefixes.at(network, vrfId)?.row;
      const key = vrfId === undefined ? `prefix-${network}` : `prefix-vrf${vrfId}-${network}`;
      const isOurs = knownObjects.has(key);
      const lacksGateway =
        gateway !== undefined &&
        own !== undefined &&
        customFieldOf(own, field) === undefined &&
        documented.taggedGateway(own, site.gatewayTag) === undefined;
      if (isInPrefix && !lacksGateway && !isOurs) continue;
      if (gateway !== undefined) used.push(field);
      const vid = /\((\d+)\)(?: #\d+)?$/.exec(String(fields?.untaggedVlan ?? ""))?.[1];
      const vlan = fields?.untaggedVlan === undefined ? {} : { vlan: fields.untaggedVlan };
      const scope = vrfId === undefined ? {} : { vrf: vrfId };
      prerequisites.declare(
        key,
        "prefix",
        {
          fields: { prefix: network, ...scope, ...(own === undefined || isOurs ? { status: "active", ...vlan } : {}) },
          ...(gateway === undefined ? {} : { customFields: { [field]: gateway } }),
        },
        [...(vid === undefined ? [] : [`vlan-${vid}`]), `custom-field-${field}`],
      );
    }
  return used;
}
